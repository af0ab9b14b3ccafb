// SPDX-License-Identifier: Apache-2.0
#include "artifacts/enrollment.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "artifacts/lists.h"
#include "artifacts/self_statement.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kSubject = "enrollment";
constexpr size_t kMachineIdSize = 32;
constexpr size_t kMaxPublicText = (kMaxTpmPublic + 2) / 3 * 4; // base64

Checked<void> read_key(ObjectReader &reader, Enrollment &enrollment) {
  const std::string text = WARRANT_TRY(reader.string("akPublic", 1, kMaxPublicText));
  Result<Bytes> bytes = from_base64(text);
  if (!bytes.ok())
    return malformed(reader.at("akPublic"), bytes.error().message);
  const Result<AttestationKey> key = parse_attestation_key(bytes.value());
  if (!key.ok())
    return malformed(reader.at("akPublic"), key.error().message);
  const std::string name = WARRANT_TRY(reader.string("akName", 1, 2 * sizeof(TpmName)));
  if (!from_hex(name, enrollment.ak_name))
    return malformed(reader.at("akName"), "68 lower-case hex characters expected");
  if (enrollment.ak_name != key.value().name)
    return malformed(reader.at("akName"), "it is not the name of akPublic");
  enrollment.ak_public = std::move(bytes).value();
  return {};
}

} // namespace

bool is_machine_id(std::string_view text) {
  std::array<uint8_t, kMachineIdSize / 2> id{};
  return from_hex(text, id) && id != std::array<uint8_t, kMachineIdSize / 2>{};
}

bool is_expired(const Enrollment &enrollment, int64_t now) {
  return enrollment.expires && now >= *enrollment.expires;
}

bool is_in_group(const Enrollment &enrollment, const std::string &group) {
  return std::binary_search(enrollment.groups.begin(), enrollment.groups.end(), group);
}

Checked<Enrollment> parse_enrollment(ByteView payload) {
  const Json predicate = WARRANT_TRY(parse_self_statement(payload, kEnrollmentType, kSubject));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(predicate, "predicate"));
  Enrollment enrollment;
  enrollment.host = WARRANT_TRY(reader.string("host", 1, kMaxHostName));
  enrollment.machine_id = WARRANT_TRY(reader.string("machineId", kMachineIdSize, kMachineIdSize));
  if (!is_machine_id(enrollment.machine_id))
    return malformed(reader.at("machineId"), "32 lower-case hex characters, not all 0, expected");
  WARRANT_TRY(read_key(reader, enrollment));
  enrollment.ek_sha256 = WARRANT_TRY(reader.digest("ekSha256"));
  if (reader.has("groups"))
    enrollment.groups = WARRANT_TRY(read_texts(reader, "groups", 1, kMaxHostGroups, kMaxHostName));
  enrollment.issued_at = WARRANT_TRY(reader.time("issuedAt"));
  if (reader.has("expires")) {
    enrollment.expires = WARRANT_TRY(reader.time("expires"));
    if (*enrollment.expires <= enrollment.issued_at)
      return malformed(reader.at("expires"), "it is not later than issuedAt");
  }
  if (reader.has("resolves"))
    enrollment.resolves =
        static_cast<uint64_t>(WARRANT_TRY(reader.integer("resolves", 0, kMaxVersion)));
  WARRANT_TRY(reader.finish());
  return enrollment;
}

Checked<std::string> serialize_enrollment(const Enrollment &enrollment) {
  Json predicate = {{"host", enrollment.host},
                    {"machineId", enrollment.machine_id},
                    {"akName", to_hex(enrollment.ak_name)},
                    {"akPublic", to_base64(enrollment.ak_public)},
                    {"ekSha256", to_hex(enrollment.ek_sha256)},
                    {"issuedAt", format_time(enrollment.issued_at)}};
  if (!enrollment.groups.empty())
    predicate["groups"] = enrollment.groups;
  if (enrollment.expires)
    predicate["expires"] = format_time(*enrollment.expires);
  if (enrollment.resolves)
    predicate["resolves"] = *enrollment.resolves;
  std::string payload = serialize_self_statement(kEnrollmentType, kSubject, std::move(predicate));
  if (WARRANT_TRY(parse_enrollment(view(payload))) != enrollment)
    return malformed("", "groups not sorted, a time out of range, or text that is not UTF-8");
  return payload;
}

Checked<SignedEnrollment> load_enrollment(ByteView envelope, const Role &authority) {
  const VerifiedBytes bytes =
      WARRANT_TRY(verify_envelope(envelope, authority.keys, authority.threshold));
  return SignedEnrollment{WARRANT_TRY(parse_enrollment(bytes.payload())), bytes.sha256()};
}

} // namespace warrant
