// SPDX-License-Identifier: Apache-2.0
// warrant warm: has the kernel measure files before anybody is judged by them.
#include <fts.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "bpf/abi.h"
#include "daemon/pins.h"
#include "daemon/warm.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/interpreters.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxProblemsShown = 10;
constexpr uint64_t kProgressEvery = 256; // files

struct Tally {
  uint64_t files = 0;
  uint64_t mapped = 0;
  uint64_t skipped = 0;
  std::vector<std::string> problems;

  void show() const {
    static const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
    if (on_terminal)
      note("\r" + std::to_string(files) + " files\x1b[K");
  }

  void add(const std::string &path) {
    files++;
    if (files % kProgressEvery == 0)
      show();
    const Result<Warmth> done = warm_file(path);
    if (!done.ok())
      problems.push_back(done.error().message);
    else
      (done.value() == Warmth::kMapped ? mapped : skipped)++;
  }
};

struct CloseFts {
  void operator()(FTS *fts) const { ::fts_close(fts); }
};

/// A file, or all regular files below a directory of the same file system.
Try<void> warm_path(const std::string &path, Tally &tally) {
  std::string root = path;
  char *roots[] = {root.data(), nullptr};
  const std::unique_ptr<FTS, CloseFts> fts(
      ::fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, nullptr));
  if (!fts)
    return trouble(printable(path, 512) + ": cannot be read");
  while (FTSENT *entry = ::fts_read(fts.get())) {
    if (entry->fts_info == FTS_F)
      tally.add(entry->fts_path);
    else if (entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR)
      tally.problems.push_back(printable(entry->fts_path, 512) + ": " +
                               std::strerror(entry->fts_errno));
  }
  return {};
}

/// What a baseline lets interpreters read or programs map, by the names that were captured with it.
Try<void> warm_names(const std::string &path, Tally &tally) {
  const Bytes names = CLI_TRY(read_file(path, kMaxNamesFile));
  for (const NamedCode &code : read_names(text_of(names)))
    if (code.actions & (W_ACTION_INTERPRET | W_ACTION_MAP))
      tally.add(code.path);
  return {};
}

} // namespace

Answer warm(const Arguments &arguments) {
  const std::vector<std::string> lists = arguments.all("--names");
  const std::vector<std::string> &paths = arguments.operands();
  if (lists.empty() && paths.empty())
    return usage("a path, or --names FILE, is missing");
  if (::geteuid() == 0 && find_pins(arguments.text("--pin-dir")).none())
    return trouble("nothing is pinned below " + arguments.text("--pin-dir") +
                   ": nothing enforces, and nobody would measure (fix: start warrantd first)");
  Tally tally;
  for (const std::string &list : lists)
    CLI_TRY(warm_names(list, tally));
  for (const std::string &path : paths)
    CLI_TRY(warm_path(path, tally));
  if (arguments.wants_json()) {
    print_json({{"files", tally.files},
                {"mapped", tally.mapped},
                {"skipped", tally.skipped},
                {"problems", tally.problems}});
  } else {
    std::string text = std::to_string(tally.mapped) + " of " + std::to_string(tally.files) +
                       " files mapped once, so that the kernel knows their digests\n";
    for (size_t i = 0; i < tally.problems.size() && i < kMaxProblemsShown; i++)
      text += "  " + tally.problems[i] + "\n";
    if (tally.problems.size() > kMaxProblemsShown)
      text += "  and " + std::to_string(tally.problems.size() - kMaxProblemsShown) + " more\n";
    print(text);
  }
  return tally.problems.empty() ? ExitCode::kOk : ExitCode::kNo;
}

} // namespace warrant::cli
