// SPDX-License-Identifier: Apache-2.0
// Interpreters, known by the names of their programs, and names of code that they read. What each
// is told by command line, environment and files is in docs/interpreters.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace warrant::cli {

enum class InterpreterKind {
  kLanguage, ///< its programs are files: it can do with scripts alone
  kCommand,  ///< shells, awk, busybox: code on the command line is their ordinary use
};

/// By the last part of a path, up to its version ("python3.11",
/// "/usr/bin/perl5.36-x86_64-linux-gnu"); nothing: none that is known.
std::optional<InterpreterKind> interpreter_of(std::string_view path);

/// Whether a name is one of code that interpreters read (bpf/suffixes.h).
bool has_code_suffix(std::string_view path);

/// One line of the list of names that `warrant baseline capture` writes for people: "sha256 actions
/// path", the path escaped. Nobody signs it.
struct NamedCode {
  std::string path;     ///< below the root of the capture
  uint32_t actions = 0; ///< W_ACTION_* bits
};
inline constexpr size_t kMaxNamesFile = size_t{1} << 30; ///< bytes
/// Lines that are none are left out.
std::vector<NamedCode> read_names(std::string_view names);

} // namespace warrant::cli
