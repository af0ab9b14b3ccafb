// SPDX-License-Identifier: Apache-2.0
// Finds all code in a root file system: what could be executed, or mapped as code.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "tools/cli/interpreters.h"

namespace warrant::cli {

enum class CodeKind {
  kProgram, ///< ELF program or shared object with an x bit: may be executed and mapped
  kLibrary, ///< ELF program or shared object without one: may be mapped
  kScript,  ///< "#!" and an x bit: may be executed, and read by interpreters
  kOther,   ///< anything else with an x bit: the same (binfmt_misc, shells run such files)
  kCode,    ///< "#!", or a name like code's, and no x bit: may be read by interpreters
  kModule,  ///< kernel module: may be loaded
  kCount
};

/// W_ACTION_* bits that a baseline grants it.
uint32_t actions_of(CodeKind kind);

struct CodeFile {
  std::string path; ///< below the root, beginning with a slash; any bytes
  CodeKind kind = CodeKind::kOther;
  Digest sha256{};
  std::optional<Digest> verity;
  /// Of a program that has an interpreter's name, be it by a link, and of its copies.
  std::optional<InterpreterKind> interpreter;
};

struct ScanOptions {
  std::string root;
  std::vector<std::string> exclude; ///< fnmatch(3) patterns for paths below the root
  bool cross = false;               ///< enter other file systems, of the kinds policies may trust
  bool modules = false;             ///< kernel modules too
  unsigned threads = 2;
};

struct Progress {
  uint64_t files_done = 0;
  uint64_t files = 0; ///< regular files to look at
  uint64_t bytes_hashed = 0;
};

struct Scan {
  std::vector<CodeFile> files; ///< sorted by path; every name of a file with several
  Progress progress;
  uint64_t modules_skipped = 0;
  std::vector<std::string> problems; ///< files that are not in the list although they might belong
};

/// Follows no symbolic link. Calls `progress` from this thread a few times a second. An error means
/// that the root itself cannot be read.
Result<Scan> scan_for_code(const ScanOptions &options,
                           const std::function<void(const Progress &)> &progress);

/// What a file is, by its first bytes (64 are enough), mode and name; nothing: not code.
std::optional<CodeKind> classify(ByteView head, uint32_t mode, std::string_view name);

} // namespace warrant::cli
