// SPDX-License-Identifier: Apache-2.0
// The state file: one spelling, strict reading, one writer, and what a missing one means.
#include "daemon/state.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "daemon/state_store.h"
#include "state_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::state_test;
using Catch::Matchers::Contains;

namespace {

std::string serialized(const State &state) {
  const auto text = serialize_state(state);
  if (!text.ok())
    FAIL(text.error().message);
  return text.value();
}

std::string replaced(std::string text, const std::string &what, const std::string &with) {
  const size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

StateStore opened(const Scratch &scratch) {
  auto store = StateStore::open(scratch.path());
  if (!store.ok())
    FAIL(store.error().message);
  return std::move(store).value();
}

const std::string kId1(32, '1');

} // namespace

TEST_CASE("what is written reads back equal") {
  for (uint64_t i = 0; i < 60; ++i) {
    State state = numbered_state(i);
    state.serial = i + 1;
    const auto parsed = parse_state(view(serialized(state)));
    REQUIRE(parsed.ok());
    CHECK(parsed.value() == state);
  }
  State least;
  least.serial = 1;
  const auto parsed = parse_state(view(serialized(least)));
  REQUIRE(parsed.ok());
  CHECK(parsed.value() == least);
}

TEST_CASE("whatever is not the canonical spelling of a state is refused by its member") {
  const std::string good = [] {
    State state = full_state();
    std::swap(state.artifacts[id_of(0x11)], state.artifacts[id_of(2)]);
    std::erase_if(state.artifacts, [](const auto &e) { return e.first == id_of(2); });
    state.artifacts[id_of(3)].take_from = id_of(0x11);
    return serialized(state);
  }();
  REQUIRE(parse_state(view(good)).ok());
  const std::string entry = "artifacts." + kId1;
  struct Case {
    std::string what, with, field;
  };
  const Case cases[] = {
      {"{\"artifacts\"", " {\"artifacts\"", ""},
      {"\"version\":1", "\"version\":2", "version"},
      {"\"serial\":7", "\"serial\":0", "serial"},
      {"\"serial\":7", "\"serial\":-7", "serial"},
      {"\"serial\":7", "\"serial\":\"7\"", "serial"},
      {"\"serial\":7", "\"serial\":7,\"serial\":7", "serial"},
      {"\"serial\":7,", "", "serial"},
      {"\"serial\":7", "\"serial\":9007199254740992", "serial"},
      {"\"serial\":7", "\"serial\":7,\"seriam\":7", "seriam"},
      {"\"wall\":1795255200", "\"wall\":-1", "wall"},
      {"\"root\":\"e30=\"", "\"root\":\"e30\"", "root"},
      {"\"policyVersion\":9", "\"policyVersion\":-9", "documents.policyVersion"},
      {"\"rootSha256\":\"a0", "\"rootSha256\":\"A0", "documents.rootSha256"},
      {"\"revocationEpoch\":4,", "", "documents.revocationEpoch"},
      {":128", ":129", "bonds." + std::string(16, '0') + std::string(16, '9')},
      {":128", ":1", "bonds."},
      {"\"" + kId1 + "\":", "\"" + kId1 + "1\":", entry + "1"},
      {"\"granted\":10", "\"granted\":0", entry + ".granted"},
      {"\"granted\":10", "\"granted\":7", entry},
      {"\"granted\":10", "\"granted\":1000000001", entry + ".granted"},
      {"\"kind\":\"task\"", "\"kind\":\"chore\"", ".kind"},
      {"\"opened\":1795255000,", "", "artifacts."},
      {"\"payload\":\"01", "\"payload\":\"0\",\"x\":\"01", ".payload"},
      {"\"era\":\"3f", "\"erb\":\"3f", "era"},
      {"\"size\":12", "\"size\":-12", "log.size"},
      {"\"key\":\"c1", "\"key\":\"C1", "log.key"},
      {"\"root\":\"c2", "\"root\":\"", "log.root"},
      {to_hex(full_state().log.key), std::string(64, '0'), "log.key"},
  };
  for (const Case &c : cases) {
    INFO(c.what << " -> " << c.with);
    const auto parsed = parse_state(view(replaced(good, c.what, c.with)));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    if (c.field.find("bonds.0") == 0)
      CHECK_THAT(parsed.error().field, Contains("bonds."));
    else
      CHECK_THAT(parsed.error().field, Contains(c.field));
  }
}

TEST_CASE("no truncation and no flipped bit passes for the same state") {
  const State state = full_state();
  const std::string good = serialized(state);
  for (size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(parse_state(view(good.substr(0, size))).ok());
  REQUIRE_FALSE(parse_state(view(good + "\n")).ok());
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string flipped = good;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto parsed = parse_state(view(flipped));
    REQUIRE((!parsed.ok() || !(parsed.value() == state)));
  }
}

TEST_CASE("an unsound state is never written") {
  struct Case {
    const char *name;
    void (*spoil)(State &);
  };
  const Case cases[] = {
      {"spent", [](State &s) { s.artifacts[id_of(2)].spent = 6; }},
      {"two bonds", [](State &s) { s.bonds[id_of(1)] = 1; }},
      {"bond 0", [](State &s) { s.bonds[id_of(1)] = 0; }},
      {"no era", [](State &s) { s.era.clear(); }},
      {"closed", [](State &s) { s.artifacts[id_of(1)].closed = 1; }},
      {"never opened", [](State &s) { s.artifacts[id_of(4)].opened = 0; }},
      {"opened", [](State &s) { s.artifacts[id_of(1)].opened = 5; }},
      {"pays nothing", [](State &s) { s.artifacts[id_of(1)].take_from = id_of(2); }},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    State state = full_state();
    c.spoil(state);
    CHECK_FALSE(serialize_state(state).ok());
  }
}

TEST_CASE("a missing file is a first start only when the caller says so") {
  const Scratch scratch;
  StateStore store = opened(scratch);
  State state;
  CHECK_FALSE(store.save(state).ok()); // not loaded yet
  CHECK_THAT(store.load(Missing::kIsLoss).error().message, Contains("missing"));
  CHECK_FALSE(store.save(state).ok());
  CHECK(store.load(Missing::kIsFirstStart).value() == State{});
  REQUIRE(store.save(state).ok());
  CHECK(state.serial == 1);
  CHECK(store.load(Missing::kIsLoss).value() == state);
}

TEST_CASE("the serial grows by one with every save, across restarts") {
  const Scratch scratch;
  for (uint64_t round = 0; round < 3; ++round) {
    StateStore store = opened(scratch);
    State state = store.load(Missing::kIsFirstStart).value();
    CHECK(state.serial == 2 * round);
    REQUIRE(store.save(state).ok());
    REQUIRE(store.save(state).ok());
    CHECK(state.serial == 2 * round + 2);
  }
}

TEST_CASE("a witness is told which file is in place and which one takes its place") {
  const Scratch scratch;
  using Told = std::vector<std::pair<Digest, Digest>>;
  Told told;
  bool fails = false;
  const auto witness = [&](const Digest &in_place, const Digest &next) -> Status {
    if (fails)
      return Error{"no"};
    told.emplace_back(in_place, next);
    return {};
  };
  StateStore store = opened(scratch);
  State state = store.load(Missing::kIsFirstStart).value();
  const Digest none{};
  REQUIRE(store.tie(witness).ok());
  CHECK(told == Told{{none, none}});

  REQUIRE(store.save(state).ok());
  const std::string first = read(store.path());
  const Digest in_place = sha256(view(first));
  CHECK(told == Told{{none, none}, {none, in_place}, {in_place, in_place}});
  CHECK(store.digest() == in_place);

  // Before the file is another one: else a daemon that dies in between leaves what no next one
  // believes.
  fails = true;
  CHECK_FALSE(store.save(state).ok());
  CHECK(read(store.path()) == first);
  CHECK(store.digest() == in_place);
  fails = false;
  REQUIRE(store.save(state).ok());
  CHECK(told.back().second == sha256(view(read(store.path()))));
  CHECK(told.at(3) == std::pair(in_place, told.back().second));

  // What is loaded is what lies there.
  REQUIRE(store.load(Missing::kIsLoss).ok());
  CHECK(store.digest() == told.back().second);
}

TEST_CASE("a broken, foreign or linked file is an error and not a first start") {
  const Scratch scratch;
  StateStore store = opened(scratch);
  State state = store.load(Missing::kIsFirstStart).value();
  REQUIRE(store.save(state).ok());
  const std::string good = read(store.path());

  write(store.path(), "");
  CHECK_THAT(store.load(Missing::kIsFirstStart).error().message, Contains("empty"));
  write(store.path(), good.substr(0, good.size() / 2));
  CHECK_FALSE(store.load(Missing::kIsFirstStart).ok());
  CHECK_FALSE(store.save(state).ok()); // what is there is not overwritten
  write(store.path(), good);
  REQUIRE(::chmod(store.path().c_str(), 0620) == 0);
  CHECK_THAT(store.load(Missing::kIsFirstStart).error().message, Contains("chmod"));
  REQUIRE(::unlink(store.path().c_str()) == 0);
  REQUIRE(::symlink("elsewhere", store.path().c_str()) == 0);
  CHECK_FALSE(store.load(Missing::kIsFirstStart).ok());
}

TEST_CASE("one writer at a time, in a directory that others cannot write") {
  const Scratch scratch;
  {
    const StateStore store = opened(scratch);
    CHECK_THAT(StateStore::open(scratch.path()).error().message, Contains("another process"));
  }
  CHECK(StateStore::open(scratch.path()).ok());
  REQUIRE(::chmod(scratch.path().c_str(), 0777) == 0);
  CHECK_THAT(StateStore::open(scratch.path()).error().message, Contains("others"));
  CHECK_FALSE(StateStore::open(scratch.file("absent")).ok());
}

TEST_CASE("only the owner can read the state") {
  const Scratch scratch;
  StateStore store = opened(scratch);
  State state = store.load(Missing::kIsFirstStart).value();
  REQUIRE(store.save(state).ok());
  struct stat status {};
  REQUIRE(::stat(store.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator(scratch.path()), {}) == 1);
}
