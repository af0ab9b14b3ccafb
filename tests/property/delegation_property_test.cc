// SPDX-License-Identifier: Apache-2.0
// Delegation against a naive reading: authority as plain sets over a small universe, a chain's
// effective authority as their intersection. An artifact is a child of another exactly when its
// sets lie within, and then within every link above.
#include <array>
#include <random>

#include "artifacts/delegation.h"
#include "tests/catch.h"
#include "tests/property/naive_delegation.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;
using namespace warrant::naive;

namespace {

class Random {
 public:
  explicit Random(uint32_t seed) : engine_(seed) {}
  uint32_t below(uint32_t limit) { return static_cast<uint32_t>(engine_() % limit); }
  bool one_in(uint32_t n) { return below(n) == 0; }
  Digest content() { return test::digest(static_cast<uint8_t>(1 + below(kContents))); }

 private:
  std::mt19937 engine_;
};

// ---- random links

void set_window(Authorization &a, Random &random) {
  const uint32_t from = random.below(kSeconds);
  a.not_before = test::kNow + from;
  a.not_after = a.not_before + 1 + random.below(static_cast<uint32_t>(kSeconds) - from);
}

Delegation delegation(uint32_t depth) {
  static const Role role = test::delegation(1).role;
  return {role, depth};
}

std::optional<uint32_t> some(Random &random) {
  return random.one_in(2) ? std::optional<uint32_t>() : random.below(kIds);
}

void set_initiator(Authorization &a, Random &random) {
  Initiator initiator;
  initiator.uid = some(random);
  initiator.gid = some(random);
  initiator.session = some(random);
  if (random.one_in(2))
    initiator.cgroup = kPaths[random.below(std::size(kPaths))];
  if (random.one_in(2))
    initiator.parent_sha256 = test::digest(static_cast<uint8_t>(1 + random.below(kIds)));
  initiator.any = initiator == Initiator{};
  a.initiator = initiator;
}

void set_contents(Link &link, Random &random) {
  Authorization &a = link.authorization;
  a.subjects.clear();
  link.records.clear();
  a.actions = 1 + random.below(W_ACTION_ALL);
  const bool has_manifest = random.one_in(3);
  uint32_t all_actions = 0;
  for (uint32_t i = 0, count = 1 + random.below(3); i < count; i++) {
    const std::optional<Digest> verity =
        random.one_in(2) ? std::optional<Digest>() : random.content();
    if (has_manifest)
      link.records.push_back({random.content(), verity, 1 + random.below(W_ACTION_ALL)});
    else
      a.subjects.push_back({"x", random.content(), verity});
    all_actions |= has_manifest ? link.records.back().actions : a.actions;
  }
  a.actions = all_actions;
}

void set_delegation(Authorization &a, Random &random) {
  a.delegation.reset();
  if (!random.one_in(6))
    a.delegation = delegation(1 + random.below(4));
}

void set_uses(Authorization &a, Random &random) {
  a.max_uses.reset();
  if (random.one_in(2))
    a.max_uses = 1 + random.below(kMostUses);
}

/// Anything at all, in one dimension.
void change(Link &link, Random &random) {
  Authorization &a = link.authorization;
  switch (random.below(15)) {
    case 0:
      return set_contents(link, random);
    case 1:
      return set_initiator(a, random);
    case 2:
      return set_window(a, random);
    case 3:
      return set_uses(a, random);
    case 4:
      return set_delegation(a, random);
    case 5:
      a.environment.host.reset();
      break;
    case 6:
      a.environment.host = kHosts[random.below(kIds)];
      break;
    case 7:
      a.policy_sha256[0] ^= 1;
      break;
    case 8:
      a.jit = !a.jit;
      break;
    case 9:
      a.recovery = !a.recovery;
      break;
    case 10:
      a.kill_on_expiry = !a.kill_on_expiry;
      a.requires_parent = !a.requires_parent;
      break;
    case 11:
      a.interpreter.entry = random.one_in(2) ? Entry::kAny : Entry::kScriptOnly;
      break;
    case 12:
      a.interpreter.reads = static_cast<Reads>(random.below(3));
      break;
    case 13:
      a.kill_on_revoke = !a.kill_on_revoke;
      break;
    default:
      a.kind = random.one_in(2) ? ArtifactKind::kBaseline : ArtifactKind::kTask;
  }
}

Link random_link(Random &random) {
  Link link{test::authorization(), {}};
  set_contents(link, random);
  set_initiator(link.authorization, random);
  set_window(link.authorization, random);
  set_uses(link.authorization, random);
  link.authorization.jit = random.one_in(2);
  link.authorization.interpreter = {random.one_in(3) ? Entry::kScriptOnly : Entry::kAny,
                                    static_cast<Reads>(random.below(3))};
  link.authorization.recovery = random.one_in(2);
  link.authorization.kill_on_expiry = random.one_in(3);
  link.authorization.requires_parent = random.one_in(4);
  link.authorization.kill_on_revoke = random.one_in(3);
  link.authorization.delegation = delegation(1 + random.below(4));
  return link;
}

/// As much as its parent or less, in every dimension.
Link narrowed(const Link &parent, Random &random) {
  Link child = parent;
  Authorization &a = child.authorization;
  a.kind = ArtifactKind::kTask;
  const uint32_t depth = parent.authorization.delegation->max_depth;
  a.delegation.reset();
  if (depth > 1)
    a.delegation = delegation(1 + random.below(depth - 1));
  if (random.one_in(3) && a.not_after - a.not_before > 1)
    (random.one_in(2) ? a.not_before++ : a.not_after--);
  if (random.one_in(3))
    a.max_uses = 1 + random.below(static_cast<uint32_t>(a.max_uses.value_or(kMostUses)));
  a.jit = a.jit && random.one_in(2);
  a.recovery = a.recovery && random.one_in(2);
  if (random.one_in(4))
    a.interpreter.entry = Entry::kScriptOnly;
  if (random.one_in(4))
    a.interpreter.reads = Reads::kListed;
  a.kill_on_expiry |= random.one_in(4);
  a.requires_parent |= random.one_in(4);
  a.kill_on_revoke |= random.one_in(4);
  if (!a.environment.host && random.one_in(4))
    a.environment.host = kHosts[0];
  if (!a.initiator.uid && random.one_in(3)) {
    a.initiator.any = false;
    a.initiator.uid = random.below(kIds);
  }
  if (a.initiator.cgroup && random.one_in(3))
    a.initiator.cgroup = *a.initiator.cgroup + "/b";
  if (a.subjects.size() > 1 && random.one_in(2))
    a.subjects.erase(a.subjects.begin() + random.below(static_cast<uint32_t>(a.subjects.size())));
  if (child.records.size() > 1 && random.one_in(2))
    child.records.pop_back();
  return child;
}

struct Tally {
  size_t accepted = 0;
  size_t refused = 0;
};

/// Grows one chain until it is refused or long enough; checks each step.
void grow_chain(Random &random, Tally &tally) {
  const uint32_t derivations = 1 + random.below(4);
  Link last = random_link(random);
  Authority effective = handed_down(authority_of(last));
  for (uint32_t depth = 1; depth <= derivations && last.authorization.delegation; depth++) {
    Link child = narrowed(last, random);
    if (const auto wider = find_wider(child.contents(), last.contents()))
      FAIL(depth << ": narrowed, but " << wider->field << " refused");
    for (uint32_t changes = random.below(3); changes > 0; changes--)
      change(child, random);
    const auto wider = find_wider(child.contents(), last.contents());
    const bool may_derive = naive_may_derive(child, last);
    if (wider.has_value() == may_derive)
      FAIL(depth << ": " << (wider ? wider->field + " refused" : "accepted"));
    (wider ? tally.refused : tally.accepted)++;
    if (wider)
      return;
    // Within its parent, hence within every link and within what they all have in common.
    const Authority authority = authority_of(child);
    if (!is_within(authority, effective))
      FAIL(depth << ": wider than what its links have in common");
    for (size_t i = 0; i < kDimensions; i++)
      effective[i] &= handed_down(authority)[i];
    last = std::move(child);
  }
}

/// As it is signed: manifests have no order or repetition of their own.
bool finish(Link &link, const std::optional<Digest> &parent, uint8_t id, Bytes &file) {
  Authorization &a = link.authorization;
  a.id.fill(id);
  a.parent = parent;
  a.requires_parent = a.requires_parent && parent;
  if (!(a.actions & W_ACTION_EXEC))
    a.max_uses.reset();
  if (link.records.empty())
    return true;
  const auto manifest = write_manifest(link.records);
  if (!manifest.ok()) // two verity digests for one content
    return false;
  file = manifest.value().file;
  a.manifest = manifest.value().ref;
  return true;
}

void verify_chain(Random &random, Tally &tally) {
  std::vector<VerifiedAuthorization> above;
  Bytes file;
  const ManifestOpener manifests = [&](const ManifestRef &) -> Result<ByteSource> {
    return source_of_bytes(file);
  };
  Link last = random_link(random);
  if (!finish(last, {}, 1, file))
    return;
  const auto verify = [&](const std::string &envelope) {
    return verify_artifact(view(envelope), manifests, test::parents_in(above), test::trust(),
                           test::kNow);
  };
  auto verified = verify(test::artifact(last.authorization));
  REQUIRE(verified.ok());
  for (uint8_t depth = 1; depth < 4 && last.authorization.delegation; depth++) {
    above.push_back(verified.value());
    Link child = narrowed(last, random);
    for (uint32_t changes = random.below(2); changes > 0; changes--)
      change(child, random);
    child.authorization.manifest.reset();
    if (!finish(child, above.back().sha256(), static_cast<uint8_t>(depth + 1), file))
      return;
    verified = verify(test::by_delegate(child.authorization));
    REQUIRE(verified.ok() == naive_may_derive(child, last));
    (verified.ok() ? tally.accepted : tally.refused)++;
    if (!verified.ok()) {
      REQUIRE(verified.error().reason == W_REASON_POLICY_MISMATCH);
      REQUIRE(verified.error().field.find_first_of("psm") == 0);
      return;
    }
    REQUIRE(verified.value().ancestors().size() == depth);
    last = std::move(child);
  }
}

} // namespace

TEST_CASE("no chain grants more than any of its links") {
  Tally tally;
  for (uint32_t seed = 0; seed < 100000; seed++) {
    if (seed % 1000 == 0)
      UNSCOPED_INFO("seed " << seed << " and on");
    Random random(seed);
    grow_chain(random, tally);
  }
  // Both answers must have been tried often, or the comparison says little.
  CHECK(tally.accepted > 50000);
  CHECK(tally.refused > 30000);
  WARN(tally.accepted << " links accepted, " << tally.refused << " refused");
}

TEST_CASE("signed chains are verified as the naive reading says") {
  Tally tally;
  for (uint32_t seed = 0; seed < 400; seed++) {
    INFO("seed " << seed);
    Random random(seed);
    verify_chain(random, tally);
  }
  CHECK(tally.accepted > 200);
  CHECK(tally.refused > 50);
  WARN(tally.accepted << " artifacts accepted, " << tally.refused << " refused");
}
