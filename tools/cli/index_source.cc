// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/index_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tools/cli/files.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

namespace fs = std::filesystem;

// Of the directory's place, so that each has its own.
constexpr size_t kNameSize = 16;

std::string cache_directory() {
  const auto variable = [](const char *name) {
    const char *value = std::getenv(name);
    return std::string(value && value[0] == '/' ? value : "");
  };
  if (const std::string chosen = variable("XDG_CACHE_HOME"); !chosen.empty())
    return chosen + "/warrant";
  if (::geteuid() == 0)
    return "/var/cache/warrant";
  const std::string home = variable("HOME");
  return home.empty() ? "" : home + "/.cache/warrant";
}

/// Whether nobody else can put another file there.
bool is_own(const std::string &directory) {
  struct stat status {};
  return ::stat(directory.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
         status.st_uid == ::geteuid() && (status.st_mode & 022) == 0;
}

/// Empty: there is no place for one.
std::string index_file(const Arguments &arguments) {
  if (arguments.has("--index"))
    return arguments.text("--index");
  const std::string cache = cache_directory();
  std::error_code error;
  const fs::path place = fs::canonical(arguments.text("--lineage-dir"), error);
  if (cache.empty() || error)
    return {};
  const bool is_new = fs::create_directories(cache, error);
  if (is_new)
    fs::permissions(cache, fs::perms::owner_all, error);
  const std::string name = to_hex(sha256(view(place.string()))).substr(0, kNameSize);
  return error || !is_own(cache) ? "" : cache + "/lineage-" + name + ".db";
}

void tell(const IndexUpdate &update) {
  if (update.unreadable > 0)
    note("warrant: " + count_text(update.unreadable, "unreadable record") + " left out" +
         (update.first_unreadable.empty() ? "" : ", the first is " + update.first_unreadable) +
         "\n");
}

Try<LineageIndex> open_index(const Arguments &arguments, const std::string &path,
                             const LineageIndex::Logs &logs, bool force) {
  Result<LineageIndex> index = LineageIndex::open(path, logs, force);
  if (index.ok())
    return std::move(index).value();
  // A named index that cannot be had is an error; the cache is only there to be quick.
  if (path.empty() || arguments.has("--index"))
    return as_failure(std::move(index).error());
  note("warrant: no index is kept: " + index.error().message + "\n");
  return CLI_TRY(LineageIndex::open("", logs));
}

} // namespace

Try<TimeSpan> span_of(const Arguments &arguments) {
  const TimeSpan span{moment_ns(arguments, "--since"), moment_ns(arguments, "--until")};
  if (span.since && span.until && *span.since >= *span.until)
    return usage("--since is not before --until: nothing lies between them");
  return span;
}

Try<void> ask_index(const Arguments &arguments, const std::function<Status(LineageIndex &)> &ask) {
  LineageIndex::Logs logs;
  for (const std::string &file : CLI_TRY(lineage_files_of(arguments)))
    logs.push_back(std::make_unique<FileSequence>(CLI_TRY(FileSequence::open(file))));
  const std::string path = index_file(arguments);
  for (bool force = arguments.has("--rebuild");; force = true) {
    LineageIndex index = CLI_TRY(open_index(arguments, path, logs, force));
    const Status answer = ask(index);
    if (answer.ok()) {
      tell(index.update());
      for (const auto &log : logs)
        CLI_TRY(tell_pruned(log->name()));
      return {};
    }
    // Made anew just now, it cannot be damaged again.
    if (force || !index.is_damaged())
      return as_failure(answer.error());
  }
}

} // namespace warrant::cli
