// SPDX-License-Identifier: Apache-2.0
// The state is the old or the new one, whenever its writer is killed or the power fails.
//
// Power loss is played on a model of the disk, kept by the test's own fdatasync, fsync, renameat
// and write (the linker puts them in place): file content counts once it was synced, names count
// once their directory was; but a disk may have written more than it was asked to.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <map>
#include <set>

#include "daemon/state_store.h"
#include "state_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::state_test;

namespace {

struct Disk {
  std::string directory; ///< watched; empty: none
  std::map<ino_t, std::string> synced;
  std::set<ino_t> names;          ///< inodes that state.json may be after a power loss
  bool may_be_absent = true;      ///< no name was ever synced
  std::set<std::string> expected; ///< contents that are right at this moment
  std::vector<std::string> faults;
  int fails_at = 0; ///< 1: write, 2: fdatasync, 3: renameat, 4: fsync
  int data_syncs = 0;

  std::string file() const { return directory + "/" + std::string(kStateFile); }
  /// Every content that state.json could have if the power failed now.
  void check();
  void sync_names();
};
Disk disk;

std::optional<ino_t> inode_of(const std::string &path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0)
    return std::nullopt;
  return status.st_ino;
}

void Disk::check() {
  if (directory.empty())
    return;
  if (const auto current = inode_of(file()))
    names.insert(*current);
  if (!may_be_absent && names.empty())
    faults.push_back("no name");
  for (const ino_t inode : names) {
    const auto content = synced.find(inode);
    if (content == synced.end())
      faults.push_back("a name whose content was never synced");
    else if (!expected.contains(content->second))
      faults.push_back("neither the old nor the new state");
  }
}

void Disk::sync_names() {
  names.clear();
  may_be_absent = false;
  if (const auto current = inode_of(file()))
    names.insert(*current);
  else
    may_be_absent = true;
}

/// The model watches a directory for as long as this lives.
class Watched {
 public:
  explicit Watched(const Scratch &scratch) {
    disk = {};
    disk.directory = scratch.path();
    if (const auto current = inode_of(disk.file())) {
      disk.synced[*current] = read(disk.file());
      disk.expected = {disk.synced[*current]};
    }
    disk.sync_names();
  }
  ~Watched() { disk = {}; }
};

bool fail(int step) {
  if (disk.fails_at != step)
    return false;
  errno = step == 1 ? ENOSPC : EIO;
  return true;
}

} // namespace

extern "C" {
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_renameat(int from, const char *old_name, int to, const char *new_name);
ssize_t __real_write(int fd, const void *data, size_t size);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_renameat(int from, const char *old_name, int to, const char *new_name);
ssize_t __wrap_write(int fd, const void *data, size_t size);

int __wrap_fdatasync(int fd) {
  if (disk.directory.empty())
    return __real_fdatasync(fd);
  disk.data_syncs++;
  if (fail(2))
    return -1;
  struct stat status {};
  ::fstat(fd, &status);
  disk.synced[status.st_ino] = read("/proc/self/fd/" + std::to_string(fd));
  disk.check();
  return 0;
}

int __wrap_fsync(int fd) {
  if (disk.directory.empty())
    return __real_fsync(fd);
  if (fail(4))
    return -1;
  disk.sync_names();
  disk.check();
  return 0;
}

int __wrap_renameat(int from, const char *old_name, int to, const char *new_name) {
  if (fail(3))
    return -1;
  disk.check();
  const int result = __real_renameat(from, old_name, to, new_name);
  disk.check();
  return result;
}

ssize_t __wrap_write(int fd, const void *data, size_t size) {
  if (disk.directory.empty())
    return __real_write(fd, data, size);
  struct stat status {};
  ::fstat(fd, &status);
  disk.synced.erase(status.st_ino); // new content under an inode, perhaps a reused one
  if (fail(1))
    return size > 100 ? __real_write(fd, data, 100) : -1;
  const ssize_t result = __real_write(fd, data, std::min<size_t>(size, 1000));
  disk.check();
  return result;
}
}

namespace {

StateStore opened(const Scratch &scratch, SaveHook hook = nullptr) {
  auto store = StateStore::open(scratch.path(), hook);
  if (!store.ok())
    FAIL(store.error().message);
  return std::move(store).value();
}

State loaded(StateStore &store) {
  auto state = store.load(Missing::kIsFirstStart);
  if (!state.ok())
    FAIL(state.error().message);
  return state.value();
}

State seeded(const Scratch &scratch) {
  StateStore store = opened(scratch);
  State state = numbered_state(0);
  loaded(store);
  REQUIRE(store.save(state).ok());
  return state;
}

std::string next_text(const State &state, uint64_t serial) {
  State next = state;
  next.serial = serial;
  return serialize_state(next).value();
}

SaveStep stop_at = SaveStep::kBeforeWrite;
void die(SaveStep step) {
  if (step == stop_at)
    ::raise(SIGKILL);
}
void check_disk(SaveStep) {
  disk.check();
}

constexpr SaveStep kSteps[] = {SaveStep::kBeforeWrite, SaveStep::kWritten, SaveStep::kSynced,
                               SaveStep::kRenamed, SaveStep::kDirectorySynced};

} // namespace

TEST_CASE("a writer that is killed at any step leaves the old or the new state") {
  for (const SaveStep step : kSteps) {
    for (const bool is_first : {true, false}) {
      INFO("step " << static_cast<int>(step) << (is_first ? ", first" : ""));
      const Scratch scratch;
      const State old = is_first ? State{} : seeded(scratch);
      State next = numbered_state(7);
      stop_at = step;
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) {
        auto store = StateStore::open(scratch.path(), die);
        if (!store.ok() || !store.value().load(Missing::kIsFirstStart).ok())
          ::_exit(1);
        ::_exit(store.value().save(next).ok() ? 2 : 3);
      }
      int status = 0;
      ::waitpid(child, &status, 0);
      REQUIRE(WIFSIGNALED(status));

      StateStore store = opened(scratch);
      next.serial = old.serial + 1;
      State found = loaded(store);
      CHECK(found == (step < SaveStep::kRenamed ? old : next));
      REQUIRE(store.save(found).ok());
      CHECK(loaded(store) == found);
    }
  }
}

TEST_CASE("a writer that is killed at random never loses what it said was saved") {
  const Scratch scratch;
  seeded(scratch);
  Random random(5);
  uint64_t saves = 0;
  for (int round = 0; round < 40; ++round) {
    int ends[2] = {};
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto store = StateStore::open(scratch.path());
      if (!store.ok() || !store.value().load(Missing::kIsLoss).ok())
        ::_exit(1);
      for (uint64_t i = 0;; ++i) {
        State state = numbered_state(i);
        if (!store.value().save(state).ok() ||
            ::write(ends[1], &state.serial, sizeof state.serial) != sizeof state.serial)
          ::_exit(2);
      }
    }
    ::close(ends[1]);
    uint64_t acknowledged = 0;
    REQUIRE(::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged);
    ::usleep(static_cast<useconds_t>(random() % 20000));
    ::kill(child, SIGKILL);
    while (::read(ends[0], &acknowledged, sizeof acknowledged) == sizeof acknowledged)
      saves++;
    ::close(ends[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));

    StateStore store = opened(scratch);
    const State found = loaded(store);
    REQUIRE(found.serial >= acknowledged);
    REQUIRE(found.serial <= acknowledged + 1);
    State same = numbered_state(static_cast<uint64_t>(found.wall - 1000));
    same.serial = found.serial;
    REQUIRE(found == same);
  }
  CHECK(saves > 0);
}

TEST_CASE("a power loss at any moment leaves the old or the new state, after a save the new one") {
  const Scratch scratch;
  const Watched watched(scratch);
  StateStore store = opened(scratch, check_disk);
  State state = loaded(store);
  for (uint64_t i = 0; i < 30; ++i) {
    const State next = numbered_state(i);
    disk.expected.insert(next_text(next, state.serial + 1));
    State saved = next;
    saved.serial = state.serial;
    disk.data_syncs = 0;
    REQUIRE(store.save(saved).ok());
    CHECK(disk.data_syncs == 1);
    disk.expected = {next_text(saved, saved.serial)};
    disk.check();
    CHECK(disk.faults.empty());
    CHECK_FALSE(disk.may_be_absent);
    state = saved;
  }
}

TEST_CASE("a failing disk leaves the old state, and a later save succeeds") {
  for (int step = 1; step <= 4; ++step) {
    INFO("failure " << step);
    const Scratch scratch;
    const State old = seeded(scratch);
    const Watched watched(scratch);
    StateStore store = opened(scratch, check_disk);
    State state = loaded(store);
    const std::string before = read(store.path());
    State next = numbered_state(3);
    next.serial = state.serial;
    disk.expected.insert(next_text(next, 2));
    disk.fails_at = step;
    disk.data_syncs = 0;
    CHECK_FALSE(store.save(next).ok());
    CHECK(disk.data_syncs <= 1); // never asked again
    CHECK(next.serial == state.serial);
    disk.fails_at = 0;
    disk.check();
    if (step < 4)
      CHECK(read(store.path()) == before);

    // Whoever starts now acts on what it reads: that may not be taken back.
    {
      const State seen = loaded(store);
      disk.expected = {next_text(seen, seen.serial)};
      disk.check();
    }
    disk.expected.insert(next_text(next, step < 4 ? 2 : 3));
    REQUIRE(store.save(next).ok());
    disk.expected = {next_text(next, next.serial)};
    disk.check();
    CHECK(disk.faults.empty());
  }
}

TEST_CASE("the model of the disk catches writers that skip a step") {
  const auto careless = [](bool syncs_data, bool syncs_names) {
    const Scratch scratch;
    seeded(scratch);
    const Watched watched(scratch);
    const std::string text = next_text(numbered_state(4), 2);
    disk.expected.insert(text);
    const std::string aside = scratch.file("aside");
    const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT, 0600);
    for (size_t at = 0; at < text.size();) {
      const ssize_t got = __wrap_write(fd, text.data() + at, text.size() - at);
      REQUIRE(got > 0);
      at += static_cast<size_t>(got);
    }
    if (syncs_data)
      __wrap_fdatasync(fd);
    ::close(fd);
    __wrap_renameat(AT_FDCWD, aside.c_str(), AT_FDCWD, disk.file().c_str());
    const int folder = ::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY);
    if (syncs_names)
      __wrap_fsync(folder);
    ::close(folder);
    disk.expected = {text};
    disk.check();
    return disk.faults.size();
  };
  CHECK(careless(true, true) == 0);
  CHECK(careless(false, true) > 0);
  CHECK(careless(true, false) > 0);
}
