// SPDX-License-Identifier: Apache-2.0
#include "daemon/warm.h"

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <thread>

#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

/// Nobody measures on overlayfs, where this test may run too.
bool is_warmed(const std::string &path) {
  const Result<Warmth> done = warm_file(path);
  REQUIRE(done.ok());
  return done.value() == Warmth::kMapped;
}

std::string make_file(const test::TemporaryDirectory &folder, const std::string &name) {
  std::ofstream(folder.file(name)) << name;
  return folder.file(name);
}

w_event unmeasured() {
  w_event event{};
  event.type = W_EVENT_DECISION;
  event.facts.request = W_REQUEST_READ;
  event.facts.measure = W_MEASURE_UNCACHED;
  event.decision.verdict = W_DENY;
  std::strcpy(event.path, "/srv/a.py");
  return event;
}

std::string path_of(const w_event &event, size_t size = W_EVENT_SIZE(0)) {
  return unmeasured_read(ByteView(reinterpret_cast<const uint8_t *>(&event), size));
}

AcceptedArtifact accepted(uint8_t id, uint32_t actions, const std::vector<std::string> &names) {
  Authorization authorization = test::authorization();
  authorization.id.fill(id);
  authorization.actions = actions;
  authorization.subjects.clear();
  for (const std::string &name : names)
    authorization.subjects.push_back({name, test::digest(id), std::nullopt});
  return {"a.json", test::verified(authorization)};
}

} // namespace

TEST_CASE("only regular files are opened to be measured") {
  const test::TemporaryDirectory folder;
  const std::string file = make_file(folder, "file");
  const bool measurable = is_warmed(file);
  REQUIRE(::symlink("file", folder.file("link").c_str()) == 0);
  CHECK(is_warmed(folder.file("link")) == measurable);
  make_file(folder, "empty");
  CHECK(::truncate(folder.file("empty").c_str(), 0) == 0);
  CHECK(is_warmed(folder.file("empty")) == measurable);

  // Without a writer, opening the pipe would wait for ever.
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  REQUIRE(::symlink("loop", folder.file("loop").c_str()) == 0);
  for (const std::string &path :
       {folder.file("pipe"), folder.file("nothing"), folder.file("loop"), folder.file("file/below"),
        folder.file(""), std::string("/dev/null"), std::string("/proc/version"),
        std::string("/proc/self/exe"), std::string()}) {
    INFO(path);
    CHECK_FALSE(is_warmed(path));
  }
}

TEST_CASE("a read that was refused for want of a measurement tells its path") {
  CHECK(path_of(unmeasured()) == "/srv/a.py");
  CHECK(path_of(unmeasured(), W_EVENT_SIZE(0) - 1).empty());
  using Change = void (*)(w_event &);
  constexpr Change kOthers[] = {
      [](w_event &event) { event.type = W_EVENT_COMMIT; },
      [](w_event &event) { event.facts.request = W_REQUEST_MAP; },
      [](w_event &event) { event.facts.measure = W_MEASURE_CACHED; },
      [](w_event &event) { event.decision.verdict = W_ALLOW; },
      [](w_event &event) { event.path[0] = 'x'; }, // the last component only
  };
  for (const Change change : kOthers) {
    w_event event = unmeasured();
    change(event);
    CHECK(path_of(event).empty());
  }
  w_event full = unmeasured();
  std::memset(full.path, '/', sizeof(full.path));
  CHECK(path_of(full).size() == sizeof(full.path));
}

TEST_CASE("what may be read or mapped is warmed by its name") {
  Collection collection;
  collection.accepted = {
      accepted(1, W_ACTION_INTERPRET, {"/srv/b.py", "/srv/a.py", "relative.py", "label"}),
      accepted(2, W_ACTION_EXEC | W_ACTION_MAP, {"/usr/lib/x.so", "/srv/a.py"}),
      accepted(3, W_ACTION_EXEC, {"/usr/bin/only-executed"}),
  };
  CHECK(paths_to_warm(collection) ==
        std::vector<std::string>{"/srv/a.py", "/srv/b.py", "/usr/lib/x.so"});
}

TEST_CASE("a thread warms all that it is given") {
  const test::TemporaryDirectory folder;
  if (!is_warmed(make_file(folder, "a"))) {
    WARN("on a file system that nobody measures");
    return;
  }
  Warmer warmer;
  warmer.follow({make_file(folder, "b"), folder.file("nothing"), make_file(folder, "c")});
  warmer.hurry(make_file(folder, "d"));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (warmer.waiting() != 0 && std::chrono::steady_clock::now() < end)
    std::this_thread::yield();
  CHECK(warmer.count() == 3);
}
