// SPDX-License-Identifier: Apache-2.0
// The real folder behaves as the simulated one does, and is careful with what others put there.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "lineage/durable_files.h"
#include "lineage/tlog.h"
#include "lineage_fixture.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;
namespace fs = std::filesystem;

namespace {

std::unique_ptr<FolderFiles> opened(const std::string &folder) {
  auto files = FolderFiles::open(folder);
  REQUIRE(files.ok());
  return std::move(files).value();
}

mode_t mode_of(const std::string &path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 07777;
}

} // namespace

TEST_CASE("files are put in place whole, and folders made on the way") {
  const Scratch scratch;
  const auto files = opened(scratch.path());
  DurableFiles durable(*files);
  REQUIRE(durable.prepare().ok());
  std::vector<NewFile> group;
  for (int i = 0; i < 200; ++i) // more than are open at a time
    group.push_back({"tile/0/x001/" + std::to_string(i), entry_of(static_cast<uint64_t>(i))});
  REQUIRE(durable.replace(group).ok());
  for (const NewFile &file : group)
    CHECK(files->read(file.path, 1000).value() == file.bytes);
  CHECK(files->list(DurableFiles::kNewDirectory).value().empty());
  CHECK(files->list("tile/0/x001").value().size() == 200);
  const NewFile changed{"tile/0/x001/7", {1}};
  REQUIRE(durable.replace(std::span(&changed, 1)).ok());
  CHECK(files->read(changed.path, 1000).value() == changed.bytes);
  const mode_t mask = ::umask(0);
  ::umask(mask);
  CHECK(mode_of(scratch.path() + "/tile/0") == (0750 & ~mask));
  CHECK(mode_of(scratch.path() + "/tile/0/x001/7") == (0640 & ~mask));
}

TEST_CASE("what a crash left half written is removed, and an error leaves nothing behind") {
  const Scratch scratch;
  const auto files = opened(scratch.path());
  DurableFiles durable(*files);
  REQUIRE(durable.prepare().ok());
  scratch.file(".state/new/0", "left");
  const NewFile file{"a", {1}};
  CHECK_FALSE(durable.replace(std::span(&file, 1)).ok()); // never written into
  CHECK_FALSE(durable.has_failed());
  REQUIRE(durable.prepare().ok());
  CHECK(durable.replace(std::span(&file, 1)).ok());
  fs::create_directory(scratch.path() + "/b");
  const std::vector<NewFile> two = {{"c", {1}}, {"b", {2}}};
  CHECK_FALSE(durable.replace(two).ok());
  CHECK(files->list(DurableFiles::kNewDirectory).value().empty());
}

TEST_CASE("nothing is removed where a link leads to") {
  const Scratch scratch, others;
  const std::string theirs = others.path() + "/theirs";
  REQUIRE(write_file_atomic(theirs, view("kept"), 0600).ok());
  fs::create_directory(scratch.path() + "/.state");
  fs::create_directory_symlink(others.path(), scratch.path() + "/.state/new");
  const auto files = opened(scratch.path());
  DurableFiles durable(*files);
  const Status prepared = durable.prepare();
  REQUIRE_FALSE(prepared.ok());
  CHECK(prepared.error().message.find("cannot open, to remove files there") != std::string::npos);
  CHECK(fs::exists(theirs));
  // What is not there is removed, in a folder that is not there, too.
  CHECK(files->remove("nowhere/nothing").ok());
  CHECK(files->remove("nothing").ok());
}

TEST_CASE("reading: absent, too large, no file, through a link") {
  const Scratch scratch;
  const auto files = opened(scratch.path());
  scratch.file("ten", "0123456789");
  CHECK(files->read("ten", 10).value().has_value());
  CHECK_FALSE(files->read("ten", 9).ok());
  CHECK_FALSE(files->read("absent", 10).value().has_value());
  CHECK_FALSE(files->read("ten/below", 10).value().has_value());
  CHECK_FALSE(files->read(".", 10).ok());
  REQUIRE(::mkfifo((scratch.path() + "/fifo").c_str(), 0600) == 0);
  CHECK_FALSE(files->read("fifo", 10).ok());
  fs::create_symlink("ten", scratch.path() + "/link");
  CHECK_FALSE(files->read("link", 10).ok());
  CHECK_FALSE(files->create("ten").ok());
  CHECK_FALSE(files->create("no/such").ok());
  CHECK(files->list("absent").value().empty());
  CHECK(files->remove("absent").ok());
  CHECK(files->remove("absent/below").ok());
  CHECK_FALSE(FolderFiles::open(scratch.path() + "/ten").ok());
}

TEST_CASE("a folder has one writer, also among processes") {
  const Scratch scratch;
  auto first = opened(scratch.path());
  REQUIRE(first->lock().ok());
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0)
    ::_exit(opened(scratch.path())->lock().ok() ? 1 : 0);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(WEXITSTATUS(status) == 0);
  const auto second = opened(scratch.path());
  CHECK(second->lock().error().message.find("another process") != std::string::npos);
  first.reset();
  CHECK(second->lock().ok());
}

TEST_CASE("a sync that fails in a group ends all writing") {
  SimulatedDisk disk(1);
  DurableFiles durable(disk);
  REQUIRE(durable.prepare().ok());
  disk.fail_sync_at(3);
  std::vector<NewFile> group;
  for (int i = 0; i < 5; ++i)
    group.push_back({std::to_string(i), {1}});
  CHECK_FALSE(durable.replace(group).ok());
  CHECK(durable.has_failed());
  for (const NewFile &file : group)
    CHECK_FALSE(disk.read(file.path, 10).value().has_value()); // none got its name
  CHECK_FALSE(durable.replace(group).ok());
}

TEST_CASE("partial files are removed once the full one is there, and not before") {
  const Scratch scratch;
  const NoteSigner signer = log_signer();
  const auto partials = [&] {
    const auto files = opened(scratch.path());
    return files->list("tile/entries/000.p").value().size();
  };
  const auto append = [](TransparencyLog &log, uint64_t count) {
    REQUIRE(log.append(views_of(entries_of(log.size(), count))).ok());
    REQUIRE(log.checkpoint().ok());
  };
  {
    const auto files = opened(scratch.path());
    const auto log = TransparencyLog::open(*files, signer);
    REQUIRE(log.ok());
    append(*log.value(), 100);
    append(*log.value(), 100);
    CHECK(partials() == 2);
  }
  const auto files = opened(scratch.path());
  const auto log = TransparencyLog::open(*files, signer);
  REQUIRE(log.ok());
  append(*log.value(), 55);
  CHECK(partials() == 3);
  append(*log.value(), 2);
  CHECK_FALSE(fs::exists(scratch.path() + "/tile/entries/000.p"));
  CHECK_FALSE(fs::exists(scratch.path() + "/tile/0/000.p"));
  CHECK(fs::exists(scratch.path() + "/tile/entries/001.p/1"));
}
