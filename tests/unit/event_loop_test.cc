// SPDX-License-Identifier: Apache-2.0
#include "daemon/event_loop.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant {
namespace {

namespace fs = std::filesystem;

struct Folder {
  test::TemporaryDirectory top;
  fs::path path = top.file("");

  Folder() { fs::create_directory(path / "watched"); }
  std::string watched() const { return path / "watched"; }
  void write(const std::string &name) const { std::ofstream(path / name) << "text"; }
};

// Whether the loop tells of a change within some ticks.
bool tells(EventLoop &loop) {
  for (int i = 0; i < 5; i++) {
    Result<Wakeup> wakeup = loop.wait();
    REQUIRE(wakeup.ok());
    if (wakeup.value().changed)
      return true;
  }
  return false;
}

EventLoop loop_over(const Folder &folder) {
  Result<EventLoop> loop = EventLoop::create({folder.watched()});
  REQUIRE(loop.ok());
  EventLoop made = std::move(loop).value();
  REQUIRE_FALSE(tells(made)); // baseline: nothing happened yet
  return made;
}

TEST_CASE("files that come, go or get another name are told of") {
  Folder folder;
  folder.write("elsewhere");
  EventLoop loop = loop_over(folder);

  SECTION("written") {
    folder.write("watched/a.json");
  }
  SECTION("renamed into it") {
    fs::rename(folder.path / "elsewhere", folder.path / "watched/a.json");
  }
  SECTION("hard-linked into it") {
    fs::create_hard_link(folder.path / "elsewhere", folder.path / "watched/a.json");
  }
  SECTION("the directory is moved away") {
    fs::rename(folder.path / "watched", folder.path / "old");
  }
  CHECK(tells(loop));
}

TEST_CASE("temporary files and half-written ones are not told of") {
  Folder folder;
  EventLoop loop = loop_over(folder);
  folder.write("watched/.a.json.new");
  CHECK_FALSE(tells(loop));
  std::ofstream open_file(folder.path / "watched/b.json");
  CHECK_FALSE(tells(loop));
  open_file.close();
  CHECK(tells(loop));
}

TEST_CASE("a directory in the place of the watched one is watched once it is asked for") {
  Folder folder;
  EventLoop loop = loop_over(folder);
  fs::rename(folder.path / "watched", folder.path / "old");
  fs::create_directory(folder.path / "watched");
  CHECK(tells(loop));
  Result<bool> another = loop.watch_directories();
  REQUIRE(another.ok());
  CHECK(another.value());
  folder.write("watched/a.json");
  CHECK(tells(loop));
  another = loop.watch_directories();
  REQUIRE(another.ok());
  CHECK_FALSE(another.value());
}

} // namespace
} // namespace warrant
