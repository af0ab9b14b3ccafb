// SPDX-License-Identifier: Apache-2.0
#include "artifacts/enrollment.h"

#include <functional>

#include "artifacts/statement.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_document.h"
#include "tests/unit/artifacts_fixture.h"
#include "tests/unit/tpm_areas.h"

using namespace warrant;

namespace {

Enrollment plain() {
  Enrollment enrollment;
  enrollment.host = "host-a";
  enrollment.machine_id = "0123456789abcdef0123456789abcdef";
  enrollment.ak_public = test::attestation_area();
  enrollment.ak_name = parse_attestation_key(enrollment.ak_public).value().name;
  enrollment.ek_sha256 = test::digest(8);
  enrollment.issued_at = test::kNow;
  return enrollment;
}

/// Everything that an enrollment may say at once.
Enrollment rich() {
  Enrollment rich = plain();
  rich.groups = {"builders", "europe"};
  rich.expires = test::kNow + 86400;
  rich.resolves = 41;
  return rich;
}

std::string payload(const Enrollment &enrollment) {
  return serialize_enrollment(enrollment).value();
}

} // namespace

TEST_CASE("enrollments survive the way through JSON") {
  for (const Enrollment &enrollment : {plain(), rich()})
    CHECK(parse_enrollment(view(payload(enrollment))).value() == enrollment);
  for (const char *name : {"groups", "expires", "resolves"})
    CHECK(payload(plain()).find(name) == std::string::npos);
}

TEST_CASE("an enrollment is broken at every field and refused by name") {
  test::check_broken_texts(parse_enrollment, payload(rich()));
  test::check_flipped_bits(parse_enrollment, payload(rich()));
  test::check_broken_documents(
      parse_enrollment, payload(rich()),
      {{"predicate.groups", "predicate.expires", "predicate.resolves"}, {}, {}, {}});
  const std::string other = to_base64(test::attestation_area(0x45));
  const std::string other_key =
      R"([{"op":"replace","path":"/predicate/akPublic","value":")" + other + R"("}])";
  const std::string storage_key = R"([{"op":"replace","path":"/predicate/akPublic","value":")" +
                                  to_base64(test::endorsement_area()) + R"("}])";
  const test::FieldCase cases[] = {
      {R"([{"op":"replace","path":"/predicateType","value":"urn:warrant:enrollment:v2"}])",
       "predicateType"},
      {R"([{"op":"replace","path":"/predicate/machineId",
           "value":"00000000000000000000000000000000"}])",
       "predicate.machineId", "not all 0"},
      {R"([{"op":"replace","path":"/predicate/machineId",
           "value":"0123456789ABCDEF0123456789ABCDEF"}])",
       "predicate.machineId", "lower-case"},
      {R"([{"op":"replace","path":"/predicate/machineId",
           "value":"0123456789abcdef0123456789abcde"}])",
       "predicate.machineId", "32 bytes"},
      {other_key.c_str(), "predicate.akName", "not the name of akPublic"},
      {storage_key.c_str(), "predicate.akPublic", "attestation key: "},
      {R"([{"op":"replace","path":"/predicate/akPublic","value":"AA="}])", "predicate.akPublic"},
      {R"([{"op":"replace","path":"/predicate/akName","value":"000b"}])", "predicate.akName",
       "68 lower-case hex"},
      {R"([{"op":"replace","path":"/predicate/ekSha256","value":"0808"}])", "predicate.ekSha256",
       "64 lower-case hex"},
      {R"([{"op":"replace","path":"/predicate/groups/1","value":""}])", "predicate.groups[1]"},
      {R"([{"op":"replace","path":"/predicate/issuedAt","value":"2026-11-21"}])",
       "predicate.issuedAt"},
      {R"([{"op":"replace","path":"/predicate/expires","value":"2026-11-21T10:00:00Z"}])",
       "predicate.expires", "not later"},
      {R"([{"op":"replace","path":"/predicate/resolves","value":9007199254740992}])",
       "predicate.resolves", "0 to"},
      {R"([{"op":"replace","path":"/subject/0/name","value":"revocation"}])", "subject"},
  };
  test::check_field_cases(parse_enrollment, payload(rich()), cases);
}

TEST_CASE("what is no enrollment could not be written") {
  const auto refused = [](const std::function<void(Enrollment &)> &change) {
    Enrollment enrollment = rich();
    change(enrollment);
    return !serialize_enrollment(enrollment).ok();
  };
  CHECK_FALSE(refused([](Enrollment &) {}));
  CHECK(refused([](Enrollment &e) { e.host = ""; }));
  CHECK(refused([](Enrollment &e) { e.host = "\xff"; }));
  CHECK(refused([](Enrollment &e) { e.host = std::string(kMaxHostName + 1, 'a'); }));
  CHECK_FALSE(refused([](Enrollment &e) { e.host = std::string(kMaxHostName, 'a'); }));
  CHECK(refused([](Enrollment &e) { e.machine_id = ""; }));
  CHECK(refused([](Enrollment &e) { e.ak_name[5] ^= 1; }));
  CHECK(refused([](Enrollment &e) { e.ak_public.push_back(0); }));
  CHECK(refused([](Enrollment &e) { std::swap(e.groups[0], e.groups[1]); }));
  CHECK(refused([](Enrollment &e) { e.groups[0] = e.groups[1]; }));
  CHECK(refused([](Enrollment &e) { e.issued_at = -1; }));
  CHECK(refused([](Enrollment &e) { e.expires = e.issued_at; }));
  CHECK(refused([](Enrollment &e) { e.expires = kMaxTime + 1; }));
  CHECK(refused([](Enrollment &e) { e.resolves = uint64_t{1} << 53; }));
  CHECK_FALSE(refused([](Enrollment &e) { e.resolves = (uint64_t{1} << 53) - 1; }));
  const auto groups = [](size_t count) {
    return [count](Enrollment &e) {
      e.groups.clear();
      for (size_t i = 0; i < count; i++)
        e.groups.push_back("group" + std::to_string(100 + i));
    };
  };
  CHECK_FALSE(refused(groups(kMaxHostGroups)));
  CHECK(refused(groups(kMaxHostGroups + 1)));
}

TEST_CASE("an enrollment ends when it says so, and has the groups that it names") {
  CHECK_FALSE(is_expired(rich(), test::kNow + 86399));
  CHECK(is_expired(rich(), test::kNow + 86400));
  CHECK_FALSE(is_expired(plain(), kMaxTime));
  CHECK(is_in_group(rich(), "builders"));
  CHECK(is_in_group(rich(), "europe"));
  CHECK_FALSE(is_in_group(rich(), "build"));
  CHECK_FALSE(is_in_group(plain(), ""));
}

TEST_CASE("only the enrollment role enrolls") {
  const Role role = test::trust_root().role(RoleName::kEnrollment);
  const std::string text = payload(rich());
  const SignedEnrollment loaded =
      load_enrollment(view(test::envelope(text, test::kEnrollmentKey)), role).value();
  CHECK(loaded.enrollment == rich());
  CHECK(loaded.sha256 == sha256(view(text)));
  for (const uint8_t other : {test::kRootKey, test::kPolicyKey, test::kIssuerKey,
                              test::kRevocationKey, test::kStrangerKey})
    CHECK(load_enrollment(view(test::envelope(text, other)), role).error().reason ==
          W_REASON_INVALID_SIGNATURE);
  CHECK(load_enrollment(view(test::envelope(text, test::kEnrollmentKey)), Role{}).error().reason ==
        W_REASON_INVALID_SIGNATURE);
}
