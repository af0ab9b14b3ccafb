// SPDX-License-Identifier: Apache-2.0
// The writer against torn files and failing disks. System calls are made to fail by the linker's
// --wrap: the code under test is the code that ships.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

#include "lineage/reader.h"
#include "lineage/writer.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

// How the next system calls fail; 0: they do not.
struct Disk {
  int sync_error = 0;
  int truncate_error = 0;
  int write_error = 0;
  size_t space = SIZE_MAX; // bytes that can be written before write_error
  int syncs = 0;
};
Disk disk;

struct HealthyDisk {
  HealthyDisk() { disk = {}; }
  ~HealthyDisk() { disk = {}; }
};

} // namespace

extern "C" {
int __real_fdatasync(int fd);
int __real_ftruncate(int fd, off_t size);
ssize_t __real_write(int fd, const void *data, size_t size);
int __wrap_fdatasync(int fd);
int __wrap_ftruncate(int fd, off_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);

int __wrap_fdatasync(int fd) {
  disk.syncs++;
  if (disk.sync_error == 0)
    return __real_fdatasync(fd);
  errno = disk.sync_error;
  return -1;
}

int __wrap_ftruncate(int fd, off_t size) {
  if (disk.truncate_error == 0)
    return __real_ftruncate(fd, size);
  errno = disk.truncate_error;
  return -1;
}

ssize_t __wrap_write(int fd, const void *data, size_t size) {
  if (disk.write_error == 0)
    return __real_write(fd, data, size);
  if (disk.space == 0) {
    errno = disk.write_error;
    return -1;
  }
  const ssize_t written = __real_write(fd, data, std::min(size, disk.space));
  disk.space -= static_cast<size_t>(written);
  return written;
}
}

namespace {

std::unique_ptr<JsonLinesWriter> open_writer(const Scratch &scratch) {
  auto writer = JsonLinesWriter::open(scratch.path(), origin(), kNow);
  if (!writer.ok())
    FAIL(writer.error().message);
  return std::move(writer).value();
}

std::string log_path(const Scratch &scratch) {
  return scratch.path() + "/" + lineage_file_name(std::string(kBoot));
}

// The `lost` of all gap records; other records, or anything unreadable, end the test.
std::vector<uint64_t> gaps_in(const std::string &path) {
  std::vector<uint64_t> lost;
  const Status status =
      visit_records({path}, LastLine::kMustEnd, [&](const Record &record, const Place &) {
        lost.push_back(std::get<Gap>(record.body).lost);
      });
  if (!status.ok())
    FAIL(status.error().message);
  return lost;
}

} // namespace

TEST_CASE("records are in the file once they are committed, not before") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  CHECK(writer->path() == log_path(scratch));
  REQUIRE(writer->append(gap(1)).ok());
  REQUIRE(writer->append(gap(2)).ok());
  CHECK(content_of(writer->path()).empty());
  const int before = disk.syncs;
  REQUIRE(writer->commit().ok());
  CHECK(disk.syncs == before + 1);
  CHECK(gaps_in(writer->path()) == std::vector<uint64_t>{1, 2});
  REQUIRE(writer->commit().ok());
  CHECK(disk.syncs == before + 1); // nothing to do: no sync
  CHECK(writer->size() == content_of(writer->path()).size());
}

TEST_CASE("the file is for owner and group only, whatever the umask") {
  const HealthyDisk healthy;
  const Scratch scratch;
  for (const mode_t mask : {0000, 0077}) {
    const mode_t old = ::umask(mask);
    const auto writer = open_writer(scratch);
    ::umask(old);
    struct stat status {};
    REQUIRE(::stat(writer->path().c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0640);
    ::unlink(writer->path().c_str());
  }
}

TEST_CASE("there is one writer at a time") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  const auto second = JsonLinesWriter::open(scratch.path(), origin(), kNow);
  REQUIRE_FALSE(second.ok());
  CHECK_THAT(second.error().message, Contains("another process is writing it"));
  writer.reset();
  CHECK(JsonLinesWriter::open(scratch.path(), origin(), kNow).ok());
}

TEST_CASE("a file that is none is not written to") {
  const HealthyDisk healthy;
  const Scratch scratch;
  const std::string path = log_path(scratch);
  const auto refused = [&] { return !JsonLinesWriter::open(scratch.path(), origin(), kNow).ok(); };
  const std::string victim = scratch.file("victim", "precious");
  REQUIRE(::symlink(victim.c_str(), path.c_str()) == 0);
  CHECK(refused());
  REQUIRE(::unlink(path.c_str()) == 0);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  CHECK(refused());
  REQUIRE(::unlink(path.c_str()) == 0);
  REQUIRE(::mkdir(path.c_str(), 0700) == 0);
  CHECK(refused());
  CHECK(content_of(victim) == "precious");
  CHECK_FALSE(JsonLinesWriter::open(scratch.path() + "/none", origin(), kNow).ok());
  for (const std::string_view boot : {"", "../x", "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f/"})
    CHECK_FALSE(JsonLinesWriter::open(scratch.path(), {"h", std::string(boot)}, kNow).ok());
}

TEST_CASE("a reopened file goes on where it ended") {
  const HealthyDisk healthy;
  const Scratch scratch;
  for (uint64_t i = 1; i <= 3; ++i) {
    auto writer = open_writer(scratch);
    CHECK(writer->torn_bytes() == 0);
    REQUIRE(writer->append(gap(i)).ok());
    REQUIRE(writer->commit().ok());
  }
  CHECK(gaps_in(log_path(scratch)) == std::vector<uint64_t>{1, 2, 3});
}

TEST_CASE("a tail torn at any byte is cut off and leaves a gap record") {
  const HealthyDisk healthy;
  const Scratch scratch;
  const std::string first = record_to_line(gap(1)) + "\n";
  const std::string both = first + record_to_line(gap(2)) + "\n";
  for (size_t size = 0; size <= both.size(); ++size) {
    const std::string path =
        scratch.file(lineage_file_name(std::string(kBoot)), std::string_view(both).substr(0, size));
    const size_t whole = size == both.size()    ? both.size()
                         : size >= first.size() ? first.size()
                                                : 0;
    const auto writer = open_writer(scratch);
    REQUIRE(writer->torn_bytes() == size - whole);
    const std::string content = content_of(path);
    REQUIRE(content.substr(0, whole) == both.substr(0, whole));
    REQUIRE((content.size() > whole) == (size > whole));
    const std::vector<uint64_t> lost = gaps_in(path);
    if (size > whole)
      REQUIRE(lost.back() == 0);
    REQUIRE(writer->size() == content.size());
  }
}

TEST_CASE("lines with blocks that were never written are cut off") {
  const HealthyDisk healthy;
  const Scratch scratch;
  const std::string first = record_to_line(gap(1)) + "\n";
  const std::string hole = std::string(8192, '\0') + "rest of a line\n";
  const std::string path =
      scratch.file(lineage_file_name(std::string(kBoot)), first + hole + hole + "torn");
  const auto writer = open_writer(scratch);
  CHECK(writer->torn_bytes() == 2 * hole.size() + 4);
  CHECK(gaps_in(path) == std::vector<uint64_t>{1, 0});
}

TEST_CASE("a full disk is an error and the batch waits for space") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  REQUIRE(writer->append(gap(1)).ok());
  REQUIRE(writer->commit().ok());
  const std::string durable = content_of(writer->path());
  REQUIRE(writer->append(gap(2)).ok());
  for (const size_t space : {size_t{0}, size_t{1}, size_t{100}}) {
    disk.write_error = ENOSPC;
    disk.space = space;
    const Status status = writer->commit();
    REQUIRE_FALSE(status.ok());
    CHECK_THAT(status.error().message, Contains("No space left on device"));
    CHECK_THAT(status.error().message, Contains(writer->path()));
    CHECK(content_of(writer->path()) == durable);
    CHECK_FALSE(writer->has_failed());
  }
  disk = {};
  REQUIRE(writer->append(gap(3)).ok());
  REQUIRE(writer->commit().ok());
  CHECK(gaps_in(writer->path()) == std::vector<uint64_t>{1, 2, 3});
}

TEST_CASE("the kernel's own limit on file size is an error") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  REQUIRE(writer->append(gap(1)).ok());
  rlimit old{};
  REQUIRE(::getrlimit(RLIMIT_FSIZE, &old) == 0);
  const auto previous = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit tight{50, old.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const Status status = writer->commit();
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, previous);
  REQUIRE_FALSE(status.ok());
  CHECK_THAT(status.error().message, Contains("File too large"));
  CHECK(content_of(writer->path()).empty());
  REQUIRE(writer->commit().ok());
  CHECK(gaps_in(writer->path()) == std::vector<uint64_t>{1});
}

TEST_CASE("a failed sync is final") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  REQUIRE(writer->append(gap(1)).ok());
  disk.sync_error = EIO;
  const Status first = writer->commit();
  REQUIRE_FALSE(first.ok());
  CHECK_THAT(first.error().message, Contains("cannot sync: Input/output error"));
  CHECK(writer->has_failed());
  disk = {};
  CHECK_FALSE(writer->commit().ok());
  CHECK_FALSE(writer->append(gap(2)).ok());
  CHECK(disk.syncs == 0);
}

TEST_CASE("a batch that can neither be finished nor taken back is final") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  REQUIRE(writer->append(gap(1)).ok());
  disk.write_error = EIO;
  disk.space = 10;
  disk.truncate_error = EIO;
  CHECK_FALSE(writer->commit().ok());
  CHECK(writer->has_failed());
  disk = {};
  CHECK_FALSE(writer->commit().ok());
  writer.reset();
  CHECK(open_writer(scratch)->torn_bytes() == 10);
}

TEST_CASE("a batch is bounded") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  const Record large = make_record(origin(), kNow, Gap{1, std::string(60'000, 'x')});
  size_t taken = 0;
  while (writer->append(large).ok())
    taken++;
  CHECK(taken == JsonLinesWriter::kBatchSize / (record_to_line(large).size() + 1));
  CHECK_THAT(writer->append(large).error().message, Contains("commit it first"));
  REQUIRE(writer->commit().ok());
  CHECK(writer->append(large).ok());
}

TEST_CASE("of a record that is too large there is a gap record that names it") {
  const HealthyDisk healthy;
  const Scratch scratch;
  auto writer = open_writer(scratch);
  const Record larger = make_record(origin(), kNow, Gap{5, std::string(70'000, 'x')});
  REQUIRE(writer->append(larger).ok());
  REQUIRE(writer->append(gap(2)).ok());
  REQUIRE(writer->commit().ok());
  CHECK(gaps_in(writer->path()) == std::vector<uint64_t>{1, 2});
  CHECK_THAT(content_of(writer->path()), Contains("record " + larger.id + " of 70"));
}
