// SPDX-License-Identifier: Apache-2.0
// Which artifact lets somebody end enforcement, and in which order it goes.
#include "daemon/disarm.h"

#include <algorithm>
#include <string>

#include "daemon/unpin.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

namespace warrant {
namespace {

constexpr uint64_t kBootNow = 3600'000'000'000;
const Digest kProgram = test::digest(0xd0);

/// Break-glass that lets the program administer, for an hour around now.
Authorization order() {
  Authorization order = test::breakglass();
  order.covers = Covers::kSubjects;
  order.actions = W_ACTION_EXEC | W_ACTION_MAP | W_ACTION_ADMINISTER;
  order.subjects = {{"/usr/sbin/warrantd", kProgram, std::nullopt}};
  order.not_before = test::kNow - 60;
  order.not_after = test::kNow + 60;
  return order;
}

class List final : public EnvelopeSource {
 public:
  explicit List(const std::vector<std::string> &envelopes) : envelopes_(envelopes) {}
  Result<Listing> list() const override {
    Listing listing;
    for (const std::string &envelope : envelopes_)
      listing.envelopes.push_back({"file-" + std::to_string(listing.envelopes.size()),
                                   Bytes(envelope.begin(), envelope.end())});
    return listing;
  }
  ManifestOpener manifests() const override { return no_manifests(); }

 private:
  std::vector<std::string> envelopes_;
};

Collection collected(const std::vector<std::string> &envelopes,
                     const TrustState &trust = test::trust()) {
  Collection collection = verify_all(List(envelopes), trust, test::kNow).value();
  Circumstances now;
  now.clock = ClockMap{static_cast<int64_t>(kBootNow) - test::kNow * 1'000'000'000};
  if (trust.revocation)
    now.revocation = &trust.revocation->revocation;
  REQUIRE(compile_what_fits(collection, now, {}).ok());
  return collection;
}

bool may(const Authorization &authorization) {
  const Collection collection = collected({test::artifact(authorization)});
  REQUIRE(collection.accepted.size() == 1);
  return find_disarming(collection, kProgram, kBootNow) != nullptr;
}

std::string why_not(const Collection &collection) {
  REQUIRE(find_disarming(collection, kProgram, kBootNow) == nullptr);
  return why_none_disarms(collection, kProgram, kBootNow);
}

bool has(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

} // namespace

TEST_CASE("break-glass for this program, here and now, disarms") {
  CHECK(may(order()));
  Authorization mine = order();
  mine.initiator = {};
  mine.initiator.uid = 0;
  CHECK(may(mine));
  mine = order();
  mine.environment.host = test::kHost;
  CHECK(may(mine));
  // Beside others that name the same content, it is the one that is found.
  Authorization task = order();
  task.kind = ArtifactKind::kTask;
  task.id.fill(0x77);
  const Collection both = collected({test::artifact(task), test::artifact(order())});
  REQUIRE(find_disarming(both, kProgram, kBootNow));
  CHECK(find_disarming(both, kProgram, kBootNow)->artifact.authorization().id == order().id);
}

TEST_CASE("nothing else disarms") {
  Authorization other = order();
  SECTION("a task") {
    other.kind = ArtifactKind::kTask;
  }
  SECTION("a baseline") {
    other.kind = ArtifactKind::kBaseline;
  }
  SECTION("break-glass that does not let it administer") {
    other.actions = W_ACTION_EXEC | W_ACTION_MAP;
  }
  SECTION("or not be executed") {
    other.actions = W_ACTION_MAP | W_ACTION_ADMINISTER;
  }
  SECTION("for other content") {
    other.subjects[0].sha256 = test::digest(0xd1);
  }
  SECTION("for another user") {
    other.initiator = {};
    other.initiator.uid = 1000;
  }
  SECTION("for callers of which nobody knows") {
    other.initiator = {};
    other.initiator.session = 3;
  }
  SECTION("before its time") {
    other.not_before = test::kNow + 1;
  }
  SECTION("after its time") {
    other.not_after = test::kNow;
  }
  CHECK_FALSE(may(other));
}

TEST_CASE("what comes near is named with what is wrong with it") {
  CHECK(has(why_not(collected({})), "it takes a break-glass artifact"));
  CHECK(has(why_not(collected({})), to_hex(kProgram)));
  Authorization near = order();
  near.not_after = test::kNow - 1;
  near.not_before = near.not_after - 60;
  CHECK(has(why_not(collected({test::artifact(near)})), "file-0: expired at"));
  near = order();
  near.subjects[0].sha256 = test::digest(0xd1);
  CHECK(has(why_not(collected({test::artifact(near)})), "file-0: names other content"));
  near = order();
  near.environment.host = "host-b";
  CHECK(has(why_not(collected({test::artifact(near)})), "file-0: initiator identity mismatch"));
  near = order();
  near.initiator = {};
  near.initiator.uid = 1000;
  CHECK(has(why_not(collected({test::artifact(near)})), "file-0: grants it to other initiators"));
  // Signed by somebody who may not: it was never accepted.
  const std::string forged = test::envelope(test::payload(order()), test::kStrangerKey);
  CHECK(has(why_not(collected({forged})), "file-0: invalid signature"));
  // Genuine, and refused afterwards: used before.
  Collection used = collected({test::artifact(order())});
  const Digest payload = used.accepted.at(0).artifact.sha256();
  refuse(used, payload, Rejection{W_REASON_REPLAY, "predicate.id", "closed", ""});
  REQUIRE(compile_what_fits(used, Circumstances{}, {}).ok());
  CHECK(has(why_not(used), "file-0: replay or uses exhausted"));
  // What was never meant for it is not named.
  CHECK_FALSE(has(why_not(collected({test::artifact(test::authorization())})), "file-0"));
}

TEST_CASE("what is revoked disarms nobody") {
  const std::string envelope = test::artifact(order());
  Revocation list = test::revocation();
  list.artifacts = {sha256(view(test::payload(order())))};
  CHECK(has(why_not(collected({envelope}, test::trust(test::policy(), list))), "file-0: revoked"));
  list = test::revocation();
  list.digests = {kProgram};
  CHECK(has(why_not(collected({envelope}, test::trust(test::policy(), list))),
            "its content was revoked"));
}

TEST_CASE("who guards goes first, who judges execs goes last") {
  const auto order = removal_order();
  const auto place = [&](w_hook hook) {
    return std::find_if(order.begin(), order.end(),
                        [&](const LinkName &link) { return link.hook == hook; }) -
           order.begin();
  };
  for (const LinkName &link : kLinks)
    CHECK(place(link.hook) < static_cast<std::ptrdiff_t>(order.size())); // none is forgotten
  // An address in the kernel must not bring a newborn what was known of the dead while any judge is
  // there.
  CHECK(order.back().hook == W_HOOK_TASK_FREE);
  CHECK(place(W_HOOK_TASK_ALLOC) == place(W_HOOK_TASK_FREE) - 1);
  // Who comes under a bond must be found as long as anything is judged.
  CHECK(place(W_HOOK_BPRM_FILE) == place(W_HOOK_TASK_ALLOC) - 1);
  CHECK(place(W_HOOK_BPRM_CHECK) == place(W_HOOK_BPRM_FILE) - 1);
  // Who writes to code must be seen as long as it is judged by what was measured before.
  CHECK(place(W_HOOK_FILE_OPEN) > place(W_HOOK_BPRM_COMMITTED));
  CHECK(place(W_HOOK_MMAP_FILE) > place(W_HOOK_FILE_OPEN));
  const std::ptrdiff_t first_judge = place(W_HOOK_BPRM_COMMITTED);
  for (const LinkName &link : kLinks)
    if (link.hook > W_HOOK_INODE_SETATTR)
      CHECK(place(link.hook) < first_judge);
}

} // namespace warrant
