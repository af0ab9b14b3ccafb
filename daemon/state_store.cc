// SPDX-License-Identifier: Apache-2.0
#include "daemon/state_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace warrant {
namespace {

constexpr mode_t kMode = 0600;
constexpr const char *kTemporary = "state.json.new";

Error system_error(const std::string &path, const char *what) {
  return Error{path + ": " + what + ": " + std::strerror(errno)};
}

/// Nobody else may have a say in what the state is.
Status check_owner(const std::string &path, const struct stat &status) {
  if (status.st_uid != ::geteuid() && status.st_uid != 0)
    return Error{path + ": belongs to another user"};
  if (status.st_mode & (S_IWGRP | S_IWOTH))
    return Error{path + ": others may write it (fix: chmod go-w)"};
  return {};
}

Status write_all(int fd, std::string_view text, const std::string &path) {
  while (!text.empty()) {
    const ssize_t got = ::write(fd, text.data(), text.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return system_error(path, "cannot write");
    text.remove_prefix(static_cast<size_t>(got));
  }
  return {};
}

} // namespace

StateStore::StateStore(std::string directory, UniqueFd folder, SaveHook hook)
    : directory_(std::move(directory)),
      path_(directory_ + "/" + std::string(kStateFile)),
      folder_(std::move(folder)),
      hook_(hook) {}

Result<StateStore> StateStore::open(const std::string &directory, SaveHook hook) {
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return system_error(directory, "cannot open");
  UniqueFd folder(fd);
  struct stat status {};
  if (::fstat(fd, &status) != 0)
    return system_error(directory, "cannot stat");
  WARRANT_TRY(check_owner(directory, status));
  // On the directory, because the file is another one after each save.
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return errno == EWOULDBLOCK
               ? Error{directory +
                       ": another process keeps its state there: another warrantd runs "
                       "already (see `systemctl status warrantd`, `warrant status`)"}
               : system_error(directory, "cannot lock");
  return StateStore(directory, std::move(folder), hook);
}

void StateStore::at(SaveStep step) const {
  if (hook_)
    hook_(step);
}

Result<State> StateStore::load(Missing missing) {
  is_loaded_ = false;
  digest_ = {};
  // A writer may have been killed between renaming and syncing. What is read here is acted on, so
  // it must not be taken back by a power loss.
  WARRANT_TRY(sync_directory());
  State state;
  struct stat status {};
  if (::fstatat(folder_.get(), kStateFile.data(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    const Bytes bytes = WARRANT_TRY(read_file(
        path_, kMaxStateSize, [&](const struct stat &file) { return check_owner(path_, file); }));
    Checked<State> parsed = parse_state(bytes);
    if (!parsed.ok())
      return Error{path_ + ": " + parsed.error().text()};
    state = std::move(parsed).value();
    digest_ = sha256(bytes);
  } else if (errno != ENOENT) {
    return system_error(path_, "cannot stat");
  } else if (missing == Missing::kIsLoss) {
    return Error{path_ + ": missing, although this machine was governed before"};
  }
  serial_ = state.serial;
  is_loaded_ = true;
  return state;
}

Status StateStore::write_aside(const std::string &text) const {
  const std::string path = directory_ + "/" + kTemporary;
  // What a crash left there; the lock keeps others away.
  if (::unlinkat(folder_.get(), kTemporary, 0) != 0 && errno != ENOENT)
    return system_error(path, "cannot remove");
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  const int fd = ::openat(folder_.get(), kTemporary, flags, kMode);
  if (fd < 0)
    return system_error(path, "cannot create");
  const UniqueFd file(fd);
  at(SaveStep::kBeforeWrite);
  WARRANT_TRY(write_all(fd, text, path));
  at(SaveStep::kWritten);
  // Never twice: the kernel may have dropped the pages, and would then report success.
  if (::fdatasync(fd) != 0)
    return system_error(path, "cannot sync");
  at(SaveStep::kSynced);
  return {};
}

Status StateStore::sync_directory() const {
  // Opened anew each time: an error that one descriptor reported is not asked for again.
  const int fd = ::openat(folder_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return system_error(directory_, "cannot open");
  const UniqueFd folder(fd);
  if (::fsync(fd) != 0)
    return system_error(directory_, "cannot sync");
  return {};
}

Status StateStore::save(State &state) {
  if (!is_loaded_)
    return Error{path_ + ": nothing can be saved before it was loaded"};
  const uint64_t before = std::exchange(state.serial, serial_ + 1);
  Status saved = replace_with(state);
  if (!saved.ok())
    state.serial = before;
  return saved;
}

Status StateStore::replace_with(const State &state) {
  const std::string text = WARRANT_TRY(serialize_state(state));
  const Digest next = sha256(view(text));
  const Status aside = write_aside(text);
  if (!aside.ok()) {
    ::unlinkat(folder_.get(), kTemporary, 0);
    return aside;
  }
  WARRANT_TRY(tell(next));
  if (::renameat(folder_.get(), kTemporary, folder_.get(), kStateFile.data()) != 0)
    return system_error(path_, "cannot replace");
  serial_ = state.serial; // taken, whether or not the rest succeeds
  digest_ = next;
  at(SaveStep::kRenamed);
  WARRANT_TRY(sync_directory());
  at(SaveStep::kDirectorySynced);
  return tell(next);
}

Status StateStore::tell(const Digest &next) const {
  return witness_ ? witness_(digest_, next) : Status();
}

Status StateStore::tie(StateWitness witness) {
  witness_ = std::move(witness);
  return tell(digest_);
}

} // namespace warrant
