// SPDX-License-Identifier: Apache-2.0
// A witness signs only what follows from what it signed last, and remembers before it answers.
#include "lineage/witness.h"

#include "lineage/log_check.h"
#include "lineage/proof_bundle.h"
#include "lineage/tile_reader.h"
#include "lineage/tlog.h"
#include "lineage_fixture.h"
#include "tests/catch.h"
#include "tlog_fixture.h"

using namespace warrant;
using namespace warrant::lineage_test;
using Catch::Matchers::Contains;
using Kind = WitnessRefusal::Kind;

namespace {

constexpr uint64_t kTime = 1795255200;

NoteSigner witness_signer() {
  return NoteSigner::make("witness.example/1", SignatureType::kCosignature,
                          SecretKey::from_seed(std::array<uint8_t, kSeedSize>{9}))
      .value();
}

// A log that grows, and a request for each of its checkpoints.
struct GrowingLog {
  explicit GrowingLog(uint8_t seed = 1) : signer(log_signer(seed)) {
    log = std::move(TransparencyLog::open(disk, signer)).value();
  }
  void grow(uint64_t count, uint64_t salt = 0) {
    REQUIRE(log->append(views_of(entries_of(log->size() + salt, count))).ok());
    REQUIRE(log->checkpoint().ok());
  }
  std::string note() { return std::string(text_of(*disk.content("checkpoint"))); }
  WitnessRequest request(uint64_t from) {
    WitnessRequest made{from, {}, note()};
    if (from > 0)
      made.proof = prove_growth(disk, from, signer.key()).value();
    return made;
  }
  SimulatedDisk disk{1};
  NoteSigner signer;
  std::unique_ptr<TransparencyLog> log;
};

Witness opened(LogFiles &files) {
  return std::move(Witness::open(files, witness_signer())).value();
}

} // namespace

TEST_CASE("a witness follows a log that grows, and its cosignature verifies") {
  GrowingLog log;
  SimulatedDisk disk(2);
  Witness witness = opened(disk);
  uint64_t last = 0;
  for (const uint64_t count : {1, 300, 1, 60'000}) {
    log.grow(count);
    const WitnessRequest request = log.request(last);
    CHECK(parse_witness_request(serialize_witness_request(request)).value() == request);
    const auto answer = witness.cosign(request, log.signer.key(), kTime);
    REQUIRE(answer.ok());
    Note note = parse_note(request.checkpoint).value();
    note.signatures.push_back(answer.value());
    const NoteKey known[] = {witness.key()};
    const auto cosigned = open_checkpoint(serialize_note(note), log.signer.key(), known).value();
    REQUIRE(cosigned.signers.size() == 2);
    CHECK(cosigned.signers[1].time == kTime);
    last = log.log->size();
    CHECK(witness.last(std::string(kOrigin)).value().size == last);
  }
  // The same one once more is no news, and no harm.
  CHECK(witness.cosign({last, {}, log.note()}, log.signer.key(), kTime + 1).ok());
}

TEST_CASE("a witness refuses what does not follow, each with its reason") {
  GrowingLog log;
  GrowingLog other(1); // the same key tells another story
  GrowingLog stranger(7);
  SimulatedDisk disk(2);
  Witness witness = opened(disk);
  log.grow(100);
  const std::string older = log.note();
  log.grow(100);
  other.grow(250, 7);
  stranger.grow(10);
  const NoteKey &key = log.signer.key();
  const auto refused = [&](const WitnessRequest &request, Kind kind) {
    const auto answer = witness.cosign(request, key, kTime);
    REQUIRE_FALSE(answer.ok());
    CHECK(answer.error().kind == kind);
    return answer.error();
  };
  refused(stranger.request(0), Kind::kUnsigned);
  REQUIRE(witness.cosign(log.request(0), key, kTime).ok());
  CHECK(refused({0, {}, log.note()}, Kind::kConflict).size == 200);
  refused({100, log.request(100).proof, log.note()}, Kind::kConflict);
  refused({200, {}, older}, Kind::kBad);
  CHECK(refused({100, {}, older}, Kind::kConflict).size == 200); // rolled back
  refused(other.request(200), Kind::kInconsistent);
  WitnessRequest without = log.request(200);
  log.grow(1);
  without.checkpoint = log.note();
  refused(without, Kind::kInconsistent);
  REQUIRE(witness.cosign(log.request(200), key, kTime).ok());
}

TEST_CASE("what was cosigned is durable first: no restart lets another story through") {
  GrowingLog log;
  GrowingLog other(1);
  log.grow(10);
  other.grow(10, 3);
  for (uint64_t step = 1; step < 40; ++step) {
    SimulatedDisk disk(step);
    bool is_cosigned = false;
    {
      Witness witness = opened(disk);
      disk.die_at(step);
      is_cosigned = witness.cosign({0, {}, log.note()}, log.signer.key(), kTime).ok();
    }
    disk.restart_after_power_loss();
    Witness witness = opened(disk);
    const bool other_passes = witness.cosign({0, {}, other.note()}, log.signer.key(), kTime).ok();
    REQUIRE_FALSE((is_cosigned && other_passes));
    if (is_cosigned) {
      REQUIRE(witness.last(std::string(kOrigin)).value().size == 10);
      return; // every step was tried
    }
  }
  FAIL("never cosigned");
}

TEST_CASE("a sync that fails is no cosignature") {
  GrowingLog log;
  log.grow(10);
  SimulatedDisk disk(3);
  Witness witness = opened(disk);
  disk.fail_sync_at(1);
  const auto answer = witness.cosign({0, {}, log.note()}, log.signer.key(), kTime);
  REQUIRE_FALSE(answer.ok());
  CHECK(answer.error().kind == Kind::kFailed);
}

TEST_CASE("a request has one spelling") {
  GrowingLog log;
  log.grow(3);
  log.grow(4);
  const std::string good = serialize_witness_request(log.request(3));
  REQUIRE(parse_witness_request(good).ok());
  CHECK_FALSE(parse_witness_request("").ok());
  CHECK_FALSE(parse_witness_request("old 03" + good.substr(5)).ok());
  CHECK_FALSE(parse_witness_request("new 3" + good.substr(5)).ok());
  CHECK_FALSE(parse_witness_request(good + "x").ok());
  const size_t end = good.find('\n');
  CHECK_FALSE(parse_witness_request(good.substr(0, end + 1)).ok());
}

TEST_CASE("a key that signs logs is none for a witness") {
  SimulatedDisk disk(1);
  CHECK_FALSE(Witness::open(disk, log_signer()).ok());
}
