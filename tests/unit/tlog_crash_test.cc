// SPDX-License-Identifier: Apache-2.0
// The log's writer is killed, or the power fails, or a sync does, at every step that it takes:
// nothing that was acknowledged is lost, no checkpoint fails to verify, and the log opens again.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "lineage_fixture.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

constexpr int kBatches = 24;
constexpr uint64_t kStride = kSanitized ? 7 : 1; // sanitizers make a step ten times slower

enum class Crash { kKill, kPowerLoss };

void restart(SimulatedDisk &disk, Crash crash) {
  if (crash == Crash::kKill)
    disk.restart_after_kill();
  else
    disk.restart_after_power_loss();
}

/// Opens and works until the disk dies or all is done. What went wrong, except death.
Status live(SimulatedDisk &disk, const NoteSigner &signer, Random &random, Promised &promised) {
  auto log = TransparencyLog::open(disk, signer, small_options());
  if (!log.ok())
    return log.error();
  promised.submitted = std::max(promised.submitted, log.value()->size());
  return work(*log.value(), random, kBatches, promised);
}

/// A log with some entries and a checkpoint, and then one that is killed or loses power at step
/// `step`, up to `crashes` times in a row. The promise that was broken; empty: none.
std::string crash_at(uint64_t step, uint64_t seed, Crash crash, int crashes,
                     bool is_lying = false) {
  SimulatedDisk disk(seed);
  if (is_lying)
    disk.let_syncs_lie();
  const NoteSigner signer = log_signer();
  Random random(seed);
  Promised promised;
  for (int i = 0; i < crashes; ++i) {
    disk.die_at(step);
    const Status lived = live(disk, signer, random, promised);
    if (!lived.ok() && !disk.is_dead())
      return "alive, and still: " + lived.error().message;
    restart(disk, crash);
    const OpenLog log = TransparencyLog::open(disk, signer, small_options());
    if (!log.ok())
      return "does not open: " + log.error().message;
    if (const std::string broken = broken_promise(disk, *log.value(), promised); !broken.empty())
      return broken;
    // What was seen once, acknowledged or not, is in no later opening gone.
    promised.entries = log.value()->size();
    restart(disk, crash);
  }
  return {};
}

/// Steps of one life without faults.
uint64_t steps_of_a_life() {
  SimulatedDisk disk(1);
  const NoteSigner signer = log_signer();
  Random random(1);
  Promised promised;
  REQUIRE(live(disk, signer, random, promised).ok());
  REQUIRE(promised.checkpoint > 0);
  REQUIRE(promised.entries > 2 * kTileWidth);
  return disk.steps();
}

} // namespace

TEST_CASE("killed at every step, nothing acknowledged is lost") {
  const uint64_t steps = steps_of_a_life();
  INFO(steps << " steps");
  REQUIRE(steps > 300);
  for (uint64_t step = 1; step <= steps; step += kStride) {
    INFO("step " << step);
    REQUIRE(crash_at(step, 1, Crash::kKill, 1) == "");
  }
}

TEST_CASE("a power loss at every step loses nothing that was acknowledged") {
  const uint64_t steps = steps_of_a_life();
  uint64_t rounds = 0;
  for (uint64_t step = 1; step <= steps; step += kStride)
    for (uint64_t seed = 1; seed <= (kSanitized ? 1 : 4); ++seed, ++rounds) {
      INFO("step " << step << ", seed " << seed);
      REQUIRE(crash_at(step, seed, Crash::kPowerLoss, 1) == "");
    }
  CHECK((kSanitized || rounds >= 1000));
}

TEST_CASE("crashes in a row, of either kind, lose nothing that was acknowledged") {
  Random random(7);
  const uint64_t steps = steps_of_a_life();
  for (int round = 0; round < (kSanitized ? 40 : 300); ++round) {
    INFO("round " << round);
    const uint64_t step = 1 + random() % steps;
    const Crash crash = round % 2 == 0 ? Crash::kKill : Crash::kPowerLoss;
    REQUIRE(crash_at(step, random(), crash, 5) == "");
  }
}

TEST_CASE("a power loss while a log is opened whose writer was killed loses nothing either") {
  const NoteSigner signer = log_signer();
  const uint64_t steps = steps_of_a_life();
  Random random(11);
  for (uint64_t step = 1; step <= steps; step += kStride)
    for (uint64_t seed = 1; seed <= (kSanitized ? 1 : 6); ++seed) {
      SimulatedDisk disk(seed);
      Random work_random(seed);
      Promised promised;
      disk.die_at(step);
      (void)live(disk, signer, work_random, promised).ok();
      restart(disk, Crash::kKill);
      const uint64_t second = 1 + random() % 30; // an opening that has nothing to replay takes 10
      INFO("step " << step << ", seed " << seed << ", then step " << second);
      disk.die_at(second);
      (void)TransparencyLog::open(disk, signer, small_options()).ok();
      restart(disk, Crash::kPowerLoss);
      const OpenLog log = TransparencyLog::open(disk, signer, small_options());
      INFO((log.ok() ? "" : log.error().message));
      REQUIRE(log.ok());
      REQUIRE(broken_promise(disk, *log.value(), promised) == "");
    }
}

TEST_CASE("the simulation notices a disk that only says that it syncs") {
  const uint64_t steps = steps_of_a_life();
  int noticed = 0;
  for (uint64_t step = steps / 2; step < steps / 2 + 50; ++step)
    noticed += !crash_at(step, step, Crash::kPowerLoss, 1, true).empty();
  CHECK(noticed > 40);
}

TEST_CASE("after a sync that failed nothing is written, and nothing acknowledged is lost") {
  const NoteSigner signer = log_signer();
  uint64_t syncs = 0;
  {
    SimulatedDisk disk(1);
    Random random(1);
    Promised promised;
    REQUIRE(live(disk, signer, random, promised).ok());
    syncs = disk.syncs();
  }
  for (uint64_t sync = 1; sync <= syncs; sync += kStride)
    for (const Crash crash : {Crash::kKill, Crash::kPowerLoss}) {
      INFO("sync " << sync);
      SimulatedDisk disk(sync);
      Random random(1);
      Promised promised;
      disk.fail_sync_at(sync);
      {
        OpenLog log = TransparencyLog::open(disk, signer, small_options());
        if (log.ok()) {
          REQUIRE_FALSE(work(*log.value(), random, kBatches, promised).ok());
          REQUIRE(log.value()->has_failed());
          const uint64_t before = disk.steps();
          const uint64_t size = log.value()->size();
          const auto entries = entries_of(size, 1);
          CHECK_FALSE(log.value()->append(views_of(entries)).ok());
          CHECK_FALSE(log.value()->checkpoint().ok());
          CHECK(log.value()->size() == size);
          CHECK(disk.steps() == before); // the sync is not tried again, nor anything else
        }
      }
      // A new writer on the same machine, which sees pages that never came to the disk; then the
      // power fails.
      restart(disk, Crash::kKill);
      {
        OpenLog log = TransparencyLog::open(disk, signer, small_options());
        REQUIRE(log.ok());
        REQUIRE(broken_promise(disk, *log.value(), promised) == "");
        promised.entries = log.value()->size();
      }
      restart(disk, crash);
      OpenLog log = TransparencyLog::open(disk, signer, small_options());
      REQUIRE(log.ok());
      REQUIRE(broken_promise(disk, *log.value(), promised) == "");
    }
}

TEST_CASE("a disk that is full for a moment costs no entry, and the batch can be tried again") {
  const NoteSigner signer = log_signer();
  for (uint64_t write = 1; write <= 60; ++write) {
    INFO("write " << write);
    SimulatedDisk disk(write);
    OpenLog log = TransparencyLog::open(disk, signer, small_options());
    REQUIRE(log.ok());
    Random random(3);
    Promised promised;
    disk.fail_write_at(write);
    const Status first = work(*log.value(), random, kBatches, promised);
    CHECK_FALSE(log.value()->has_failed());
    if (!first.ok()) {
      // What was written of the batch must not stand before the next one.
      const auto next = entries_of(log.value()->size(), 3);
      REQUIRE(log.value()->append(views_of(next)).ok());
      promised.entries = log.value()->size();
      promised.submitted = std::max(promised.submitted, promised.entries);
      const auto kept = disk.snapshot();
      SimulatedDisk copy(write);
      copy.restore(kept);
      const OpenLog killed = TransparencyLog::open(copy, signer, small_options());
      INFO((killed.ok() ? "" : killed.error().message));
      REQUIRE(killed.ok());
      REQUIRE(broken_promise(copy, *killed.value(), promised) == "");
      REQUIRE(work(*log.value(), random, kBatches, promised).ok());
    }
    const bool is_signed = log.value()->checkpoint().ok();
    CHECK((is_signed || first.ok())); // only one write fails
    REQUIRE((is_signed || log.value()->checkpoint().ok()));
    REQUIRE(broken_promise(disk, *log.value(), promised) == "");
    restart(disk, Crash::kPowerLoss);
    const OpenLog again = TransparencyLog::open(disk, signer, small_options());
    REQUIRE(again.ok());
    REQUIRE(broken_promise(disk, *again.value(), promised) == "");
  }
}

namespace {

// Works on a real folder and tells `pipe` what it has promised. Ends only by being killed.
[[noreturn]] void write_forever(const std::string &folder, uint64_t seed, int pipe) {
  auto files = FolderFiles::open(folder);
  const NoteSigner signer = log_signer();
  Random random(seed);
  Promised promised;
  auto log = TransparencyLog::open(*files.value(), signer, small_options());
  if (!log.ok())
    ::_exit(1);
  for (;;)
    if (!work(*log.value(), random, 1, promised).ok() ||
        ::write(pipe, &promised, sizeof promised) != sizeof promised)
      ::_exit(2);
}

} // namespace

TEST_CASE("a writer that is killed on a real disk loses nothing that was acknowledged") {
  const Scratch scratch;
  const NoteSigner signer = log_signer();
  Random random(9);
  Promised promised;
  for (int round = 0; round < 60; ++round) {
    int ends[2] = {};
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      write_forever(scratch.path(), random(), ends[1]);
    }
    ::close(ends[1]);
    Promised told;
    if (::read(ends[0], &told, sizeof told) == sizeof told)
      promised = told;
    ::usleep(static_cast<useconds_t>(random() % 20000));
    ::kill(child, SIGKILL);
    while (::read(ends[0], &told, sizeof told) == sizeof told)
      promised = {told.entries, told.submitted, std::max(told.checkpoint, promised.checkpoint)};
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    REQUIRE(WIFSIGNALED(status));

    const auto files = FolderFiles::open(scratch.path());
    REQUIRE(files.ok());
    const OpenLog log = TransparencyLog::open(*files.value(), signer, small_options());
    INFO((log.ok() ? "" : log.error().message));
    REQUIRE(log.ok());
    promised.submitted = std::max(promised.submitted, log.value()->size()); // died while it told
    REQUIRE(broken_promise(*files.value(), *log.value(), promised) == "");
  }
  CHECK(promised.entries > 1000);
}
