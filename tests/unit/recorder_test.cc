// SPDX-License-Identifier: Apache-2.0
// The daemon's records across its own restarts, on a real folder.
#include "daemon/recorder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "daemon/log_key.h"
#include "lineage/log_check.h"
#include "lineage/log_writer.h"
#include "lineage/reader.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

struct Host {
  Host() { fs::create_directory(folder()); }
  std::string folder() const { return scratch.path() + "/lineage"; }
  RecorderOptions options() const {
    return {folder(), {scratch.path() + "/log.key", scratch.path() + "/log.vkey"}, "", "host-a"};
  }
  Result<Recorder> open() const { return Recorder::open(options()); }
  NoteKey key() const {
    std::string text = content_of(options().key.verifier);
    text.pop_back();
    return NoteKey::from_vkey(text).value();
  }
  std::vector<std::string> types() const {
    std::vector<std::string> all;
    REQUIRE(visit_records({folder()}, LastLine::kMustEnd, [&](const Record &record, const Place &) {
              all.emplace_back(type_name(record.body));
            }).ok());
    return all;
  }
  Scratch scratch;
};

using Types = std::vector<std::string>;

void take(Recorder &recorder, uint64_t sequence) {
  recorder.take(raw_bytes(commit_event(sequence, 40 + sequence, 40)));
}

} // namespace

TEST_CASE("the log and its key are made once, and all daemons go on with them") {
  const Host host;
  uint64_t last = 0;
  std::string key;
  for (uint64_t round = 0; round < 3; ++round) {
    Recorder recorder = host.open().value();
    CHECK(recorder.last_event() == last);
    recorder.settle();
    for (int i = 0; i < 5; ++i)
      take(recorder, ++last);
    REQUIRE(recorder.commit().ok());
    if (round == 1)
      REQUIRE(recorder.checkpoint().ok());
    const std::string now = content_of(host.options().key.verifier);
    CHECK((key.empty() || key == now));
    key = now;
  }
  CHECK(host.types() == Types(15, "commit"));
  CHECK(key.starts_with("warrant.invalid/host-a+"));
  struct stat status {};
  REQUIRE(::stat(host.options().key.secret.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  const auto files = FolderFiles::open(host.folder()).value();
  const LogReport report = verify_log(*files, host.key()).value();
  CHECK(report.checkpoint.checkpoint.size == 10);
}

TEST_CASE("an event that is recorded already is not recorded again by the next daemon") {
  const Host host;
  {
    Recorder recorder = host.open().value();
    take(recorder, 1);
    take(recorder, 2);
    REQUIRE(recorder.commit().ok());
  }
  Recorder recorder = host.open().value();
  take(recorder, 2); // it waited in the ring, as its daemon died before it released it
  take(recorder, 3);
  REQUIRE(recorder.commit().ok());
  CHECK(host.types() == Types(3, "commit"));
}

TEST_CASE("what waits in the ring is recorded under the policy that it was decided under") {
  const Host host;
  Digest first{}, never{}, second{};
  first.fill(1);
  never.fill(2);
  second.fill(3);
  uint64_t sequence = 0;
  Recorder recorder = host.open().value();
  const auto decide = [&](uint64_t generation) {
    w_facts facts = allowing_facts();
    facts.generation = generation;
    recorder.take(raw_bytes(decision_event(++sequence, facts, "/usr/bin/true")));
  };
  decide(0); // before anything is known
  recorder.attribute({}, first, 7);
  recorder.follow(7);
  decide(7);
  recorder.attribute({}, never, 8); // what is published fails
  decide(7);
  decide(0);
  recorder.attribute({}, second, 8);
  recorder.follow(8);
  decide(7);
  decide(8);
  decide(0);
  recorder.attribute({}, first, 9);
  recorder.follow(9);
  decide(9);
  decide(8);
  decide(7);
  decide(10); // published by a daemon that died before it could say so
  REQUIRE(recorder.commit().ok());
  std::vector<Digest> policies;
  REQUIRE(
      visit_records({host.folder()}, LastLine::kMustEnd, [&](const Record &record, const Place &) {
        policies.push_back(std::get<Decision>(record.body).policy);
      }).ok());
  CHECK(policies == std::vector<Digest>{
                        {}, first, first, first, first, second, second, first, second, first, {}});
}

TEST_CASE("the next daemon knows under which policy the generations of this arming were in force") {
  const Host host;
  Digest before{}, now{};
  before.fill(1);
  now.fill(2);
  const auto publish = [](Recorder &recorder, uint64_t number, const Digest &policy) {
    Generation generation;
    generation.number = number;
    generation.policy = policy;
    recorder.note(generation);
  };
  {
    Recorder recorder = host.open().value();
    for (uint64_t number = 1; number <= 100; number++)
      publish(recorder, number, before);
    publish(recorder, 1, now); // armed anew
    publish(recorder, 2, now);
    REQUIRE(recorder.commit().ok());
  }
  Recorder recorder = host.open().value();
  REQUIRE(recorder.recall().ok());
  uint64_t sequence = 0;
  for (const uint64_t generation : {0, 1, 2, 3, 100}) {
    w_facts facts = allowing_facts();
    facts.generation = generation;
    recorder.take(raw_bytes(decision_event(++sequence, facts, "/usr/bin/true")));
  }
  REQUIRE(recorder.commit().ok());
  std::vector<Digest> policies;
  REQUIRE(
      visit_records({host.folder()}, LastLine::kMustEnd, [&](const Record &record, const Place &) {
        if (const auto *decision = std::get_if<Decision>(&record.body))
          policies.push_back(decision->policy);
      }).ok());
  CHECK(policies == std::vector<Digest>{now, now, now, {}, {}});
}

TEST_CASE("a daemon goes on with a log whose old records were pruned") {
  const Host host;
  REQUIRE(host.open().ok());
  {
    NoteSigner signer = open_log_key(host.options().key, "", "host-a", false).value();
    auto writer =
        LogWriter::open(FolderFiles::open(host.folder()).value(), std::move(signer)).value();
    for (uint64_t i = 0; i < 600; i++)
      REQUIRE(writer->append(gap(i + 1)).ok());
    REQUIRE(writer->commit().ok());
    REQUIRE(writer->checkpoint().ok());
    REQUIRE(writer->prune(512, origin(), kNow, {}).ok());
  }
  for (uint64_t sequence = 1; sequence < 4; sequence++) {
    Recorder recorder = host.open().value();
    CHECK(recorder.last_event() == sequence - 1);
    take(recorder, sequence);
    REQUIRE(recorder.commit().ok());
    REQUIRE(recorder.checkpoint().ok());
  }
  CHECK(host.types().size() == 600 - 512 + 1 + 3);
  const auto files = FolderFiles::open(host.folder()).value();
  const LogReport report = verify_log(*files, host.key()).value();
  CHECK(report.pruned == 512);
  CHECK(report.checkpoint.checkpoint.size == 604);
}

TEST_CASE("the log keeps its name when the host gets another, and refuses a wrong one") {
  const Host host;
  REQUIRE(host.open().ok());
  RecorderOptions renamed = host.options();
  renamed.host = "host-b";
  CHECK(Recorder::open(renamed).ok());
  CHECK(host.key().name() == "warrant.invalid/host-a");
  renamed.origin = "other.example/log";
  CHECK_THAT(Recorder::open(renamed).error().message, Contains("not of other.example/log"));
  const Host chosen;
  RecorderOptions named = chosen.options();
  named.origin = "other.example/log";
  CHECK(Recorder::open(named).ok());
  CHECK(chosen.key().name() == "other.example/log");
}

TEST_CASE("a log without its key, or under another one, is refused and left as it is") {
  const Host host;
  {
    Recorder recorder = host.open().value();
    take(recorder, 1);
    REQUIRE(recorder.commit().ok());
    REQUIRE(recorder.checkpoint().ok());
  }
  const RecorderOptions options = host.options();
  const std::string kept = content_of(options.key.secret);
  fs::remove(options.key.secret);
  CHECK_THAT(host.open().error().message, Contains("log.key: missing, and there is a log"));
  CHECK_FALSE(fs::exists(options.key.secret));
  REQUIRE(SecretKey::generate().save(options.key.secret).ok());
  CHECK_THAT(host.open().error().message, Contains("is not the verifier key of"));
  fs::remove(options.key.verifier);
  const std::string message = host.open().error().message;
  CHECK_THAT(message, Contains("is not as it was left"));
  CHECK_THAT(message, Contains("to begin a new log move it away"));
}

TEST_CASE("a tampered log is refused with what is wrong and what to do") {
  const Host host;
  {
    Recorder recorder = host.open().value();
    for (uint64_t i = 1; i <= 5; ++i)
      take(recorder, i);
    REQUIRE(recorder.commit().ok());
    REQUIRE(recorder.checkpoint().ok());
  }
  REQUIRE(host.open().ok()); // as it was left
  const std::string bundle = host.folder() + "/tile/entries/000.p/5";
  const std::string good = content_of(bundle);
  std::string bad = good;
  bad[bad.size() / 2] ^= 1;
  std::ofstream(bundle, std::ios::binary) << bad;
  const std::string message = host.open().error().message;
  CHECK_THAT(message, Contains(host.folder()));
  CHECK_THAT(message, Contains("what is enforced already stays"));
  CHECK(content_of(bundle) == bad);
  std::ofstream(bundle, std::ios::binary) << good;
  CHECK(host.open().ok());
}

TEST_CASE("a batch that was torn leaves a gap record, what was acknowledged stays") {
  const Host host;
  {
    Recorder recorder = host.open().value();
    take(recorder, 1);
    REQUIRE(recorder.commit().ok());
    take(recorder, 2);
    REQUIRE(recorder.commit().ok());
  }
  const std::string wal = host.folder() + "/.state/wal";
  fs::resize_file(wal, fs::file_size(wal) - 1);
  Recorder recorder = host.open().value();
  CHECK(recorder.last_event() == 1);
  REQUIRE(recorder.commit().ok());
  CHECK(host.types() == Types{"commit", "gap"});
}

TEST_CASE("a second daemon is told that there is one") {
  const Host host;
  const Recorder recorder = host.open().value();
  const std::string message = host.open().error().message;
  CHECK_THAT(message, Contains("another warrantd runs already"));
  CHECK(message.find("to begin a new log") == std::string::npos);
}

TEST_CASE("a log that was cut back or begun anew is not what the state remembers") {
  const Host host;
  LogHead head;
  {
    Recorder recorder = host.open().value();
    CHECK(recorder.check_head({}).ok());
    take(recorder, 1);
    REQUIRE(recorder.commit().ok());
    CHECK(recorder.head().size == 0);
    REQUIRE(recorder.checkpoint().ok());
    head = recorder.head();
    CHECK(head.size == 1);
  }
  CHECK(host.open().value().check_head(head).ok());
  fs::remove_all(host.folder());
  fs::create_directory(host.folder());
  CHECK_THAT(host.open().value().check_head(head).error().message,
             Contains("it has 0 entries, and had 1"));
  // Under another key it is another log, and says so.
  fs::remove_all(host.folder());
  fs::create_directory(host.folder());
  fs::remove(host.options().key.secret);
  fs::remove(host.options().key.verifier);
  Recorder fresh = host.open().value();
  REQUIRE(fresh.check_head(head).ok());
  REQUIRE(fresh.commit().ok());
  CHECK(host.types() == Types{"gap"});
}
