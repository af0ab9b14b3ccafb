// SPDX-License-Identifier: Apache-2.0
// The index against what it was made from: the same answers as a fold over all records, however it
// came to be.
#include <sys/stat.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "lineage/index.h"
#include "lineage/index_authority.h"
#include "lineage/index_query.h"
#include "lineage/tree_view.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;

namespace {

std::string text_of(const std::vector<Record> &records) {
  std::string text;
  for (const Record &record : records)
    text += record_to_line(record) + "\n";
  return text;
}

LineageIndex::Logs logs_of(const std::vector<std::string> &paths) {
  LineageIndex::Logs logs;
  for (const std::string &path : paths)
    logs.push_back(std::make_unique<FileSequence>(FileSequence::open(path).value()));
  return logs;
}

LineageIndex open_index(const std::string &file, const std::vector<std::string> &paths,
                        bool force = false) {
  Result<LineageIndex> index = LineageIndex::open(file, logs_of(paths), force);
  INFO((index.ok() ? "" : index.error().message));
  REQUIRE(index.ok());
  return std::move(index).value();
}

w_event denied_event(uint64_t sequence, std::string_view path) {
  w_facts facts = allowing_facts();
  facts.candidate_count = 0;
  facts.flags = 0;
  w_event event = decision_event(sequence, facts, path);
  event.exec = 0;
  return event;
}

// A chain of execs, each with its decision and its commit, and a denial at every third.
std::vector<Record> execs(uint64_t first, uint64_t count) {
  std::vector<Record> records;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t sequence = 3 * (first + i);
    w_event asked =
        decision_event(sequence, allowing_facts(), i % 2 == 0 ? "/usr/bin/even" : "/usr/bin/odd");
    asked.exec = 100 + first + i;
    asked.process.lineage = 99 + first + i;
    records.push_back(record_of(asked));
    records.push_back(record_of(commit_event(sequence + 1, asked.exec, asked.process.lineage)));
    if (i % 3 == 0)
      records.push_back(record_of(denied_event(sequence + 2, "/tmp/evil")));
  }
  return records;
}

// What a fold over the records says.
std::string tree_text(const std::vector<Record> &records) {
  ExecTree tree;
  for (const Record &record : records)
    tree.add(record);
  return tree_to_json(tree).dump();
}

std::string indexed_tree(LineageIndex &index) {
  return tree_to_json(exec_tree(index, true).value()).dump();
}

uint64_t denials(LineageIndex &index) {
  uint64_t total = 0;
  for (const TopLine &line : top(index, TopOf::kDenied, TopBy::kReason, {}, 100).value())
    total += line.count;
  return total;
}

Wanted path(std::string_view text) {
  Wanted wanted;
  wanted.path = Text(text);
  return wanted;
}

} // namespace

TEST_CASE("an index that went on answers as one that was made anew, and as a fold") {
  const Scratch scratch;
  const std::string file = scratch.path() + "/index.db";
  std::vector<Record> records = one_of_each();
  const std::string log = scratch.file("log", text_of(records));
  CHECK(open_index(file, {log}).update().rebuilt == "it is new");
  for (uint64_t step = 0; step < 5; ++step) {
    const std::vector<Record> more = execs(10 * step, 10);
    records.insert(records.end(), more.begin(), more.end());
    std::ofstream(log, std::ios::app) << text_of(more);
    LineageIndex index = open_index(file, {log});
    CHECK(index.update().rebuilt.empty());
    CHECK(index.update().added == more.size());
    CHECK(index.update().total == records.size());
    LineageIndex anew = open_index("", {log});
    CHECK(anew.update().added == records.size());
    CHECK(indexed_tree(index) == tree_text(records));
    CHECK(indexed_tree(anew) == tree_text(records));
  }
  LineageIndex index = open_index(file, {log});
  CHECK(index.update().added == 0);
  // Each of the 5 x 10 execs: decision and commit are one exec.
  const std::vector<Run> runs = who_ran(index, path("/usr/bin/even"), {}, false, 10).value();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].count == 25);
  CHECK(runs[0].artifact != ArtifactId{});
}

TEST_CASE("a line that is not ended is indexed when it is") {
  const Scratch scratch;
  const std::vector<Record> records = execs(0, 4);
  const std::string text = text_of(records);
  const std::string log = scratch.file("log", text.substr(0, text.size() - 10));
  const std::string file = scratch.path() + "/index.db";
  CHECK(open_index(file, {log}).update().total == records.size() - 1);
  std::ofstream(log, std::ios::trunc) << text;
  LineageIndex index = open_index(file, {log});
  CHECK(index.update().rebuilt.empty());
  CHECK(index.update().total == records.size());
}

TEST_CASE("a log that does not continue what was indexed makes the index anew") {
  const Scratch scratch;
  const std::string file = scratch.path() + "/index.db";
  const std::vector<Record> records = execs(0, 6);
  const std::string log = scratch.file("log", text_of(records));
  open_index(file, {log});
  std::vector<Record> other = records;
  SECTION("shorter") {
    other.resize(5);
  }
  SECTION("another last record") {
    other.back() = record_of(denied_event(77, "/tmp/other"));
  }
  SECTION("empty") {
    other.clear();
  }
  SECTION("another log altogether") {
    other = execs(100, 6);
  }
  std::ofstream(log, std::ios::trunc) << text_of(other);
  LineageIndex index = open_index(file, {log});
  CHECK_THAT(index.update().rebuilt, Contains("does not continue"));
  CHECK(index.update().total == other.size());
  CHECK(indexed_tree(index) == tree_text(other));
}

TEST_CASE("a log that is gone takes its records along, one that is new is added") {
  const Scratch scratch;
  const std::string file = scratch.path() + "/index.db";
  const std::string one = scratch.file("one", text_of(execs(0, 3)));
  const std::string two = scratch.file("two", text_of(execs(50, 3)));
  open_index(file, {one});
  LineageIndex both = open_index(file, {one, two});
  CHECK(both.update().rebuilt.empty());
  CHECK(both.update().added == execs(50, 3).size());
  LineageIndex rest = open_index(file, {two});
  CHECK_THAT(rest.update().rebuilt, Contains("is gone"));
  CHECK(indexed_tree(rest) == tree_text(execs(50, 3)));
}

TEST_CASE("unreadable records keep their place and are counted") {
  const Scratch scratch;
  const std::string file = scratch.path() + "/index.db";
  const std::vector<Record> records = execs(0, 2);
  const std::string log =
      scratch.file("log", text_of(records) + "rubbish\n" + std::string(70'000, 'x') + "\n");
  const LineageIndex index = open_index(file, {log});
  CHECK(index.update().total == records.size() + 2);
  CHECK(index.update().unreadable == 2);
  CHECK_THAT(index.update().first_unreadable,
             Contains("log:" + std::to_string(records.size() + 1)));
  std::ofstream(log, std::ios::app) << text_of(execs(10, 1));
  const LineageIndex later = open_index(file, {log});
  CHECK(later.update().rebuilt.empty());
  CHECK(later.update().unreadable == 2);
  CHECK(later.update().added == execs(10, 1).size());
}

TEST_CASE("a damaged index is made anew, wherever the damage is") {
  const Scratch scratch;
  const std::string file = scratch.path() + "/index.db";
  const std::vector<Record> records = execs(0, 60);
  const std::string log = scratch.file("log", text_of(records));
  open_index(file, {log});
  const std::string sound = content_of(file);
  const std::string expected = tree_text(records);
  REQUIRE(sound.size() > 20'000);
  const auto answer = [&] {
    LineageIndex index = open_index(file, {log});
    Result<ExecTree> tree = exec_tree(index, true);
    if (!tree.ok()) {
      CHECK(index.is_damaged());
      LineageIndex anew = open_index(file, {log}, true);
      return indexed_tree(anew);
    }
    return tree_to_json(tree.value()).dump();
  };
  SECTION("cut off, emptied, or no database at all") {
    for (const size_t size : {size_t{0}, size_t{1}, size_t{100}, size_t{4096}, sound.size() / 2}) {
      INFO("cut to " << size);
      std::ofstream(file, std::ios::trunc) << sound.substr(0, size);
      CHECK(answer() == expected);
    }
    std::ofstream(file, std::ios::trunc) << std::string(8192, 'x');
    CHECK(answer() == expected);
  }
  SECTION("a page of zeros: a right answer, or an error and then a right one") {
    for (size_t page = 0; page * 4096 < sound.size(); ++page) {
      INFO("page " << page);
      std::string broken = sound;
      broken.replace(page * 4096, 4096, std::string(4096, '\0'));
      std::ofstream(file, std::ios::trunc) << broken;
      CHECK(answer() == expected);
    }
  }
  SECTION("tables of another version") {
    Database::open(file).value()->execute("PRAGMA user_version = 4711").value();
    LineageIndex index = open_index(file, {log});
    CHECK_THAT(index.update().rebuilt, Contains("version"));
    CHECK(indexed_tree(index) == expected);
  }
  SECTION("tables that are not ours") {
    Database::open(file).value()->execute("DROP TABLE event").value();
    CHECK(answer() == expected);
  }
}

TEST_CASE("an index that others may write is not believed") {
  const Scratch scratch;
  const std::string log = scratch.file("log", text_of(execs(0, 3)));
  const std::string file = scratch.path() + "/index.db";
  open_index(file, {log});
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(::chmod(file.c_str(), 0666) == 0);
  const Result<LineageIndex> index = LineageIndex::open(file, logs_of({log}));
  REQUIRE(!index.ok());
  CHECK_THAT(index.error().message, Contains("others may write it"));
  REQUIRE(::unlink(file.c_str()) == 0);
  REQUIRE(::symlink("/dev/null", file.c_str()) == 0);
  CHECK(!LineageIndex::open(file, logs_of({log})).ok());
}

TEST_CASE("who ran it: what is one line, what is left out") {
  const Scratch scratch;
  std::vector<Record> records;
  const auto add = [&](uint64_t sequence, auto change) {
    w_event event = decision_event(sequence, allowing_facts(), "/usr/bin/tool");
    event.facts.now = sequence * 1'000'000'000;
    event.exec = 500 + sequence;
    change(event);
    records.push_back(record_of(event));
  };
  add(1, [](w_event &) {});
  add(2, [](w_event &) {});
  add(3, [](w_event &e) { e.uid = 0; });
  add(4, [](w_event &e) { e.facts.request = W_REQUEST_MAP; });
  add(5, [](w_event &e) { e.facts.request = W_REQUEST_WRITE; });
  add(6, [](w_event &e) {
    e.decision.verdict = W_DENY;
    e.decision.reason = W_REASON_EXPIRED;
    e.decision.enforced = 1;
  });
  add(7, [](w_event &e) {
    e.decision.verdict = W_DENY;
    e.decision.reason = W_REASON_EXPIRED;
    e.decision.enforced = 0;
  });
  // Its decision is lost; and one whose decision is there.
  w_event commit = commit_event(8, 900, 40);
  std::memset(commit.process.digest, 0xee, sizeof commit.process.digest);
  std::strcpy(commit.path, "/usr/bin/tool");
  records.push_back(record_of(commit));
  commit.sequence = 9;
  commit.process.lineage = 501;
  records.push_back(record_of(commit));
  LineageIndex index = open_index("", {scratch.file("log", text_of(records))});

  const auto ask = [&](const Wanted &wanted, bool with_denied = false, TimeSpan span = {}) {
    uint64_t count = 0;
    for (const Run &run : who_ran(index, wanted, span, with_denied, 100).value())
      count += run.count;
    return count;
  };
  // 1, 2, 3, 4, 7 and the commit 8.
  CHECK(ask(path("/usr/bin/tool")) == 6);
  CHECK(ask(path("tool")) == 6);
  CHECK(ask(path("ool")) == 0);
  CHECK(ask(path("/usr/bin/tool"), true) == 7);
  Wanted by_digest;
  by_digest.digest = Digest{};
  by_digest.digest->fill(0xee);
  CHECK(ask(by_digest) == 6);
  by_digest.digest->fill(0x11);
  CHECK(ask(by_digest) == 0);
  const std::vector<Run> runs = who_ran(index, path("tool"), {}, false, 100).value();
  CHECK(runs.size() == 5);
  CHECK(who_ran(index, path("tool"), {}, false, 2).value().size() == 2);
  TimeSpan span;
  span.since = records[1].time.wall_ns;
  CHECK(ask(path("tool"), false, span) == 5);
  span.until = records[2].time.wall_ns;
  CHECK(ask(path("tool"), false, span) == 1);
}

TEST_CASE("top counts what was executed, and what was denied") {
  const Scratch scratch;
  std::vector<Record> records = execs(0, 9); // 5 even, 4 odd, 3 denied
  LineageIndex index = open_index("", {scratch.file("log", text_of(records))});
  const std::vector<TopLine> paths = top(index, TopOf::kRun, TopBy::kPath, {}, 10).value();
  REQUIRE(paths.size() == 2);
  CHECK(paths[0].value == "/usr/bin/even");
  CHECK(paths[0].count == 5);
  CHECK(paths[1].count == 4);
  CHECK(top(index, TopOf::kRun, TopBy::kPath, {}, 1).value().size() == 1);
  CHECK(denials(index) == 3);
  const std::vector<TopLine> reasons = top(index, TopOf::kDenied, TopBy::kReason, {}, 10).value();
  REQUIRE(reasons.size() == 1);
  CHECK(reasons[0].value == "missing authorization");
  for (const TopBy by : {TopBy::kDigest, TopBy::kArtifact, TopBy::kUser, TopBy::kUnit})
    CHECK(top(index, TopOf::kRun, by, {}, 10).value().size() == 1);
  CHECK(top(index, TopOf::kRun, TopBy::kArtifact, {}, 10).value()[0].value ==
        to_hex(attribution().id));
}

TEST_CASE("authority: what became of an artifact, and under which policy it decided") {
  const Scratch scratch;
  std::vector<Record> records = one_of_each();
  const std::vector<Record> more = execs(10, 3);
  records.insert(records.end(), more.begin(), more.end());
  LineageIndex index = open_index("", {scratch.file("log", text_of(records))});
  const std::optional<Authority> authority = authority_of(index, attribution().id).value();
  REQUIRE(authority);
  REQUIRE(authority->payloads.size() == 1);
  CHECK(authority->payloads[0].sha256 == attribution().sha256);
  CHECK(authority->payloads[0].issuers == attribution().issuers);
  CHECK(authority->payloads[0].governance == attribution().governance);
  CHECK(authority->payloads[0].allowed >= 3);
  std::vector<std::string> kinds;
  for (const ArtifactLife &life : authority->lives)
    kinds.push_back(life.kind);
  CHECK(std::count(kinds.begin(), kinds.end(), "accepted") == 1);
  CHECK(std::count(kinds.begin(), kinds.end(), "withdrawn") == 1);
  CHECK(artifact_of_payload(index, attribution().sha256).value() == attribution().id);
  CHECK(artifact_of_record(index, more[0].id).value() == attribution().id);
  CHECK(!artifact_of_record(index, "3f2a9c1d-99999").value());
  CHECK(!artifact_of_record(index, "3f2a9c1d-").value());
  CHECK(!artifact_of_record(index, "").value());
  ArtifactId nobody{};
  nobody.fill(9);
  CHECK(!authority_of(index, nobody).value());
}

TEST_CASE("texts and numbers of any kind come back as they were") {
  Random random(20261127);
  const Scratch scratch;
  std::vector<Record> records;
  for (uint64_t i = 0; i < 500; ++i) {
    w_event event = random_bits<w_event>(random);
    event.abi = W_ABI_VERSION;
    event.type = i % 2 == 0 ? W_EVENT_DECISION : W_EVENT_COMMIT;
    event.sequence = i;
    event.facts.candidate_count = 0;
    event.comm[W_COMM_SIZE - 1] = 0;
    event.path[W_PATH_SIZE - 1] = 0;
    event.process.lineage = i + 1;
    records.push_back(record_of(event));
  }
  LineageIndex index = open_index("", {scratch.file("log", text_of(records))});
  CHECK(index.update().unreadable == 0);
  CHECK(indexed_tree(index) == tree_text(records));
}
