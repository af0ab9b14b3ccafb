// SPDX-License-Identifier: Apache-2.0
#include "artifacts/compile.h"
#include "artifacts/interpreter.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

Entries compiled(const VerifiedAuthorization &verified) {
  Circumstances circumstances;
  circumstances.clock = ClockMap{-test::kNow * 1000000000};
  auto entries = compile({verified}, circumstances);
  if (!entries.ok())
    FAIL(entries.error().message);
  return std::move(entries).value();
}

Entries compiled(const Authorization &authorization) {
  return compiled(test::verified(authorization));
}

uint32_t only_actions(const Entries &entries) {
  REQUIRE(entries.verdicts.size() == 1);
  const w_verdict &verdict = entries.verdicts[0].second;
  REQUIRE(verdict.grants[1] == 0);
  return W_GRANT_ACTIONS(verdict.grants[0]);
}

} // namespace

TEST_CASE("words of the rule for interpreters go both ways") {
  for (const Entry entry : {Entry::kAny, Entry::kScriptOnly})
    CHECK(entry_from_name(entry_name(entry)) == entry);
  for (const Reads reads : {Reads::kAny, Reads::kSuffixes, Reads::kListed})
    CHECK(reads_from_name(reads_name(reads)) == reads);
  CHECK_FALSE(entry_from_name(""));
  CHECK_FALSE(reads_from_name("scriptOnly"));
}

TEST_CASE("who is entered through scripts only may be neither executed nor mapped by name") {
  const struct {
    uint32_t actions;
    uint32_t granted;
  } cases[] = {
      {W_ACTION_EXEC, W_ACTION_SCRIPT},
      {W_ACTION_EXEC | W_ACTION_MAP, W_ACTION_SCRIPT},
      {W_ACTION_MAP, 0},
      {W_ACTION_INTERPRET, W_ACTION_INTERPRET},
      {W_ACTION_EXEC | W_ACTION_INTERPRET | W_ACTION_UPDATE,
       W_ACTION_SCRIPT | W_ACTION_INTERPRET | W_ACTION_UPDATE},
      {W_ACTION_ALL, (W_ACTION_ALL & ~(W_ACTION_EXEC | W_ACTION_MAP)) | W_ACTION_SCRIPT},
  };
  for (const auto &c : cases) {
    INFO(c.actions);
    CHECK(granted_actions({Entry::kScriptOnly, Reads::kAny}, c.actions) == c.granted);
    CHECK(granted_actions({Entry::kAny, Reads::kListed}, c.actions) == c.actions);
    Authorization authorization = test::authorization();
    authorization.actions = c.actions;
    authorization.interpreter.entry = Entry::kScriptOnly;
    CHECK(only_actions(compiled(authorization)) == c.granted);
    authorization.interpreter.entry = Entry::kAny;
    CHECK(only_actions(compiled(authorization)) == c.actions);
  }
}

TEST_CASE("break-glass for all is bound by the entry that it demands") {
  Authorization breakglass = test::breakglass();
  breakglass.actions = W_ACTION_EXEC | W_ACTION_MAP;
  breakglass.interpreter.entry = Entry::kScriptOnly;
  const Entries entries = compiled(breakglass);
  CHECK(entries.flags == W_GENERATION_HAS_ANY);
  CHECK(only_actions(entries) == W_ACTION_SCRIPT);
}

TEST_CASE("records of a manifest are entered as their artifact says") {
  Authorization authorization = test::authorization();
  authorization.actions |= W_ACTION_INTERPRET;
  authorization.interpreter.entry = Entry::kScriptOnly;
  const Entries entries = compiled(
      test::verified(authorization, {{test::digest(1), std::nullopt, W_ACTION_EXEC | W_ACTION_MAP},
                                     {test::digest(2), std::nullopt, W_ACTION_INTERPRET}}));
  REQUIRE(entries.verdicts.size() == 2);
  CHECK(entries.verdicts[0].second.grants[0] == W_GRANT(1, W_ACTION_SCRIPT));
  CHECK(entries.verdicts[1].second.grants[0] == W_GRANT(1, W_ACTION_INTERPRET));
}

TEST_CASE("what is read restricts the artifact, and marks the generation") {
  const struct {
    Reads reads;
    uint32_t constraints;
    uint32_t flags;
  } cases[] = {
      {Reads::kAny, 0, 0},
      {Reads::kSuffixes, W_ARTIFACT_READS_SUFFIXES, W_GENERATION_HAS_READS},
      {Reads::kListed, W_ARTIFACT_READS_LISTED, W_GENERATION_HAS_READS},
  };
  for (const auto &c : cases) {
    INFO(reads_name(c.reads));
    Authorization authorization = test::authorization();
    authorization.interpreter.reads = c.reads;
    const Entries entries = compiled(authorization);
    REQUIRE(entries.artifacts.size() == 2);
    CHECK(entries.artifacts[1].constraints == c.constraints);
    CHECK(entries.flags == c.flags);
    CHECK(only_actions(entries) == authorization.actions);
  }
}
