// SPDX-License-Identifier: Apache-2.0
#include "lineage/durable_files.h"

#include <algorithm>
#include <utility>

namespace warrant {
namespace {

// Files that are open at a time; a process may have 1024.
constexpr size_t kGroupSize = 64;

} // namespace

Status DurableFiles::check() const {
  return has_failed() ? Status(Error{failure_}) : Status();
}

Error DurableFiles::fail_for_good(const Error &cause) {
  if (!has_failed())
    failure_ = cause.message + "; nothing more is written to this log";
  return Error{failure_};
}

Status DurableFiles::prepare() {
  WARRANT_TRY(files_.make_directory(".state"));
  WARRANT_TRY(files_.make_directory(kNewDirectory));
  for (const std::string &name : WARRANT_TRY(files_.list(kNewDirectory)))
    WARRANT_TRY(files_.remove(std::string(kNewDirectory) + "/" + name));
  return {};
}

Status DurableFiles::make_directories_of(const std::string &path) {
  for (size_t slash = path.find('/'); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (known_.contains(directory) || made_.contains(directory))
      continue;
    WARRANT_TRY(files_.make_directory(directory));
    made_.insert(directory);
    // Also if it was there: whoever made it may have died before its name was durable.
    touched_.insert(directory_of(directory));
  }
  return {};
}

Result<DurableFiles::Written> DurableFiles::write(const NewFile &file) {
  WARRANT_TRY(make_directories_of(file.path));
  std::string temporary = std::string(kNewDirectory) + "/" + std::to_string(next_temporary_++);
  Written written{WARRANT_TRY(files_.create(temporary)), temporary};
  const Status done = written.file->append(file.bytes);
  if (!done.ok()) {
    (void)files_.remove(temporary).ok(); // prepare() removes it else
    return done.error();
  }
  written.file->start_sync();
  return written;
}

Status DurableFiles::put_group(std::span<const NewFile> files, std::vector<Written> &written) {
  for (const NewFile &file : files)
    written.push_back(WARRANT_TRY(write(file)));
  std::vector<LogFile *> unsynced;
  for (const Written &one : written)
    unsynced.push_back(one.file.get());
  const Status synced = files_.sync_files(unsynced);
  if (!synced.ok())
    return fail_for_good(synced.error());
  for (size_t i = 0; i < files.size(); ++i) {
    WARRANT_TRY(files_.rename(written[i].temporary, files[i].path));
    written[i].temporary.clear();
    touched_.insert(directory_of(files[i].path));
  }
  return {};
}

Status DurableFiles::sync_touched() {
  for (const std::string &directory : touched_)
    WARRANT_TRY(sync_directory(directory));
  touched_.clear();
  known_.merge(made_);
  made_.clear();
  return {};
}

Status DurableFiles::replace(std::span<const NewFile> files) {
  WARRANT_TRY(check());
  while (!files.empty()) {
    const size_t size = std::min(files.size(), kGroupSize);
    std::vector<Written> written;
    const Status put = put_group(files.first(size), written);
    for (const Written &left : written)
      if (!put.ok() && !left.temporary.empty())
        (void)files_.remove(left.temporary).ok();
    WARRANT_TRY(put);
    files = files.subspan(size);
  }
  return sync_touched();
}

Result<std::unique_ptr<LogFile>> DurableFiles::replace_and_open(const NewFile &file) {
  WARRANT_TRY(check());
  std::vector<Written> written;
  WARRANT_TRY(put_group(std::span(&file, 1), written));
  WARRANT_TRY(sync_touched());
  return std::move(written[0].file);
}

Status DurableFiles::sync(LogFile &file) {
  WARRANT_TRY(check());
  const Status synced = file.sync();
  return synced.ok() ? Status() : Status(fail_for_good(synced.error()));
}

Status DurableFiles::sync_directory(const std::string &path) {
  WARRANT_TRY(check());
  const Status synced = files_.sync_directory(path);
  return synced.ok() ? Status() : Status(fail_for_good(synced.error()));
}

} // namespace warrant
