// SPDX-License-Identifier: Apache-2.0
// A writer is killed while it writes: what it said was committed is there.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "lineage/log_writer.h"
#include "lineage/reader.h"
#include "lineage_fixture.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

Result<std::unique_ptr<LogWriter>> open_writer(const Scratch &scratch) {
  return LogWriter::open(FolderFiles::open(scratch.path()).value(), log_signer(), small_options());
}

// Writes batches of records numbered from `next` on and tells `pipe` the last number of each batch
// that was committed. Ends only by being killed.
[[noreturn]] void write_forever(const Scratch &scratch, uint64_t next, int pipe) {
  auto writer = open_writer(scratch);
  if (!writer.ok())
    ::_exit(1);
  for (int round = 0;; ++round) {
    for (int i = 0; i < 7; ++i)
      if (!writer.value()->append(gap(next++)).ok())
        ::_exit(2);
    const uint64_t last = next - 1;
    if (!writer.value()->commit().ok() || ::write(pipe, &last, sizeof last) != sizeof last)
      ::_exit(3);
    if (round % 3 == 2 && !writer.value()->checkpoint().ok())
      ::_exit(4);
  }
}

struct Killed {
  uint64_t acknowledged = 0;
  int status = 0;
};

// Lets a writer commit `batches` batches, waits `delay_us` more, kills it, and hears it out.
Killed run_and_kill(const Scratch &scratch, uint64_t next, int batches, useconds_t delay_us) {
  int ends[2] = {};
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    write_forever(scratch, next, ends[1]);
  }
  ::close(ends[1]);
  Killed killed;
  uint64_t last = 0;
  for (int i = 0; i < batches && ::read(ends[0], &last, sizeof last) == sizeof last; ++i)
    killed.acknowledged = last;
  ::usleep(delay_us);
  ::kill(child, SIGKILL);
  while (::read(ends[0], &last, sizeof last) == sizeof last)
    killed.acknowledged = last;
  ::waitpid(child, &killed.status, 0);
  ::close(ends[0]);
  return killed;
}

} // namespace

TEST_CASE("no acknowledged record is lost when the writer is killed") {
  const Scratch scratch;
  Random random(4);
  uint64_t next = 1;
  for (int round = 0; round < 25; ++round) {
    const Killed killed = run_and_kill(scratch, next, static_cast<int>(1 + random() % 5),
                                       static_cast<useconds_t>(random() % 2000));
    REQUIRE(WIFSIGNALED(killed.status));
    REQUIRE(WTERMSIG(killed.status) == SIGKILL);

    uint64_t expected = 1;
    const auto check = [&] {
      expected = 1;
      return visit_records({scratch.path()}, LastLine::kMustEnd,
                           [&](const Record &record, const Place &) {
                             REQUIRE(std::get<Gap>(record.body).lost == expected++);
                           });
    };
    REQUIRE(check().ok()); // as a reader finds it that comes before any other writer
    const auto writer = open_writer(scratch);
    REQUIRE(writer.ok());
    REQUIRE(writer.value()->log().size() == expected - 1);
    const Status read = check();
    REQUIRE(read.ok());
    REQUIRE(expected > killed.acknowledged);
    next = expected;
  }
}
