// SPDX-License-Identifier: Apache-2.0
// What is allowed, but grants more than people usually mean.
#pragma once

#include <string>
#include <vector>

#include "artifacts/policy.h"
#include "artifacts/statement.h"
#include "tools/cli/arguments.h"
#include "tools/cli/interpreters.h"

namespace warrant::cli {

struct Warning {
  std::string field; ///< path of the member
  std::string text;  ///< what it means; printable
  std::string fix;
};

/// `names`: of what its manifest lists, if anybody knows them.
std::vector<Warning> find_warnings(const Authorization &authorization,
                                   const std::vector<NamedCode> &names);
/// `previous`: the policy that this one is to replace, or nullptr.
std::vector<Warning> find_warnings(const Policy &policy, const Policy *previous);

struct LintedFile {
  std::string path;
  std::vector<Warning> warnings;
};
/// Lists them. Answers no only if there are any and --strict was given.
Answer say_warnings(const Arguments &arguments, const std::vector<LintedFile> &files);

} // namespace warrant::cli
