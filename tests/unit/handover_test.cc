// SPDX-License-Identifier: Apache-2.0
#include "daemon/handover.h"

#include "artifacts_fixture.h"
#include "state_fixture.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

constexpr uint8_t kCarrierKey = 12;
constexpr Bearer kBearer{{812, 0, 1000}, 41};

TrustState trust() {
  TrustState trust = test::trust();
  trust.root.role(RoleName::kLineage) = make_role({test::key(kCarrierKey).public_key()}, 1);
  return trust;
}

LineageToken token() {
  LineageToken token;
  token.id.fill(0x5a);
  token.parent = {"host-b", "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6", 17, {}, {}};
  token.audience = test::kHost;
  token.not_before = test::kNow;
  token.not_after = test::kNow + 600;
  return token;
}

std::string signed_token(const LineageToken &token, uint8_t signer = kCarrierKey) {
  return test::envelope(serialize_lineage_token(token).value(), signer);
}

Judged judge(const std::string &envelope, const State &state = {}, Bearer bearer = kBearer) {
  return judge_handover(view(envelope), bearer, trust(), state, test::kNow);
}

// As many as a state remembers, none over before ten minutes are.
State full_of_tokens() {
  State state;
  for (size_t i = 0; i < kMaxStateTokens; i++) {
    ArtifactId id{};
    id[0] = static_cast<uint8_t>(i);
    id[1] = static_cast<uint8_t>(i >> 8);
    id[2] = 1;
    state.tokens.emplace(id, test::kNow + 600);
  }
  return state;
}

} // namespace

TEST_CASE("a token for this host is taken, and the record names the remote parent") {
  const Judged judged = judge(signed_token(token()));
  CHECK(judged.record.reason == W_REASON_AUTHORIZED);
  CHECK(judged.token == token().id);
  CHECK(judged.not_after == token().not_after);
  CHECK(judged.record.token == token().id);
  CHECK(judged.record.parent == token().parent);
  CHECK(judged.record.lineage == 41);
  CHECK(judged.record.caller == kBearer.caller);
  CHECK(judged.record.detail.bytes() ==
        "goes on from lineage 17 of host host-b, boot 3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6");
}

TEST_CASE("a token is taken once, and remembered until it is over") {
  State state;
  take_token(state, token().id, token().not_after, test::kNow);
  const Judged again = judge(signed_token(token()), state);
  CHECK(again.record.reason == W_REASON_REPLAY);
  CHECK(again.record.parent == token().parent);
  ArtifactId other{};
  other.fill(1);
  take_token(state, other, test::kNow + 9999, token().not_after - 1);
  CHECK(state.tokens.size() == 2);
  ArtifactId third{};
  third.fill(2);
  take_token(state, third, test::kNow + 9999, token().not_after);
  CHECK(state.tokens.size() == 2);
  CHECK_FALSE(state.tokens.contains(token().id));
}

TEST_CASE("what is refused says why, and claims nothing but an id") {
  LineageToken elsewhere = token();
  elsewhere.audience = "host-c";
  LineageToken late = token();
  late.not_before -= 7200;
  late.not_after = test::kNow;
  LineageToken early = token();
  early.not_before++;
  const struct {
    std::string envelope;
    w_reason reason;
    bool has_id;
  } table[] = {
      {signed_token(token(), test::kStrangerKey), W_REASON_INVALID_SIGNATURE, true},
      {signed_token(elsewhere), W_REASON_IDENTITY_MISMATCH, true},
      {signed_token(early), W_REASON_NOT_YET_VALID, true},
      {"", W_REASON_MALFORMED, false},
      {"{}", W_REASON_MALFORMED, false},
      {std::string(kMaxTokenSize + 1, '{'), W_REASON_MALFORMED, false},
  };
  for (const auto &row : table) {
    const Judged judged = judge(row.envelope);
    CHECK(judged.record.reason == row.reason);
    CHECK(judged.record.token.has_value() == row.has_id);
    CHECK_FALSE(judged.record.parent);
    CHECK_FALSE(judged.record.detail.empty());
  }
  late.not_before = late.not_after - 60;
  CHECK(judge(signed_token(late)).record.reason == W_REASON_EXPIRED);
}

TEST_CASE("a process of no exec that the kernel knows goes on from nothing") {
  const Judged judged = judge(signed_token(token()), {}, {kBearer.caller, 0});
  CHECK(judged.record.reason == W_REASON_LINEAGE_DISCONTINUITY);
}

TEST_CASE("when no more tokens can be remembered none is taken") {
  State state = full_of_tokens();
  CHECK(judge(signed_token(token()), state).record.reason == W_REASON_NOT_READY);
  state.tokens.begin()->second = test::kNow + 1;
  CHECK(judge(signed_token(token()), state).record.reason == W_REASON_NOT_READY);
}

TEST_CASE("tokens that are over take no place") {
  State state = full_of_tokens();
  state.tokens.begin()->second = test::kNow;
  CHECK(judge(signed_token(token()), state).record.reason == W_REASON_AUTHORIZED);
  take_token(state, token().id, token().not_after, test::kNow);
  CHECK(state.tokens.size() == kMaxStateTokens);
  CHECK(serialize_state(state).ok());
}

TEST_CASE("taken tokens survive in the state") {
  State state = state_test::full_state();
  take_token(state, token().id, token().not_after, test::kNow);
  const std::string text = serialize_state(state).value();
  CHECK(parse_state(view(text)).value() == state);
  CHECK(text.find("\"tokens\"") != std::string::npos);
  CHECK(serialize_state(state_test::full_state()).value().find("tokens") == std::string::npos);
}
