// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/interpreters.h"

#include <algorithm>

#include "artifacts/names.h"
#include "bpf/suffixes.h"
#include "daemon/machine.h"
#include "lineage/text.h"
#include "tools/cli/files.h"

namespace warrant::cli {
namespace {

struct Known {
  std::string_view name; // without its version
  InterpreterKind kind;
};

constexpr Known kKnown[] = {
    {"awk", InterpreterKind::kCommand},          {"ash", InterpreterKind::kCommand},
    {"bash", InterpreterKind::kCommand},         {"busybox", InterpreterKind::kCommand},
    {"csh", InterpreterKind::kCommand},          {"dash", InterpreterKind::kCommand},
    {"deno", InterpreterKind::kLanguage},        {"fish", InterpreterKind::kCommand},
    {"gawk", InterpreterKind::kCommand},         {"java", InterpreterKind::kLanguage},
    {"ksh", InterpreterKind::kCommand},          {"lua", InterpreterKind::kLanguage},
    {"luajit", InterpreterKind::kLanguage},      {"mawk", InterpreterKind::kCommand},
    {"mksh", InterpreterKind::kCommand},         {"nawk", InterpreterKind::kCommand},
    {"node", InterpreterKind::kLanguage},        {"nodejs", InterpreterKind::kLanguage},
    {"original-awk", InterpreterKind::kCommand}, {"perl", InterpreterKind::kLanguage},
    {"php", InterpreterKind::kLanguage},         {"pypy", InterpreterKind::kLanguage},
    {"python", InterpreterKind::kLanguage},      {"rbash", InterpreterKind::kCommand},
    {"ruby", InterpreterKind::kLanguage},        {"sh", InterpreterKind::kCommand},
    {"tclsh", InterpreterKind::kLanguage},       {"tcsh", InterpreterKind::kCommand},
    {"zsh", InterpreterKind::kCommand}};

constexpr std::string_view kSuffixes[] = {
#define WARRANT_SUFFIX(suffix) suffix,
    W_CODE_SUFFIXES(WARRANT_SUFFIX)
#undef WARRANT_SUFFIX
};

std::string_view last_part(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

} // namespace

std::optional<InterpreterKind> interpreter_of(std::string_view path) {
  const std::string_view full = last_part(path);
  const std::string_view name = full.substr(0, full.find_first_of("0123456789"));
  const auto *found = std::find_if(std::begin(kKnown), std::end(kKnown),
                                   [&](const Known &known) { return known.name == name; });
  return found == std::end(kKnown) ? std::nullopt : std::optional(found->kind);
}

bool has_code_suffix(std::string_view path) {
  const std::string_view name = last_part(path);
  return std::any_of(std::begin(kSuffixes), std::end(kSuffixes),
                     [&](std::string_view suffix) { return name.ends_with(suffix); });
}

std::vector<NamedCode> read_names(std::string_view names) {
  std::vector<NamedCode> code;
  while (!names.empty()) {
    const std::string_view line = names.substr(0, names.find('\n'));
    names.remove_prefix(std::min(line.size() + 1, names.size()));
    const size_t actions = line.find(' ');
    const size_t path = actions == std::string_view::npos ? actions : line.find(' ', actions + 1);
    if (path == std::string_view::npos)
      continue;
    const std::optional<Text> name = Text::from_escaped(line.substr(path + 1));
    if (!name)
      continue;
    NamedCode &one = code.emplace_back();
    one.path = name->bytes();
    for (const std::string &word :
         split(std::string(line.substr(actions + 1, path - actions - 1)), ','))
      one.actions |= bit_from_name(action_names(), word).value_or(0);
  }
  return code;
}

} // namespace warrant::cli
