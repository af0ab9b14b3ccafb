// SPDX-License-Identifier: Apache-2.0
#include "artifacts/attestation_bundle.h"

#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/public_base64.h"
#include "artifacts/time.h"

namespace warrant {
namespace {

constexpr std::string_view kType = "warrant-attestation-v1";
constexpr std::string_view kNonce{"warrant-attest-v1\0", 18};

std::string dump(const Json &json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json claims_json(const AttestationClaims &claims) {
  Json json = {{"challenge", to_hex(claims.challenge)},
               {"commandLine", to_base64(view(claims.command_line))},
               {"enrollment", to_base64(claims.enrollment)},
               {"measurements", measurements_json(claims.measurements)},
               {"release", claims.release},
               {"time", format_time(claims.time)}};
  if (claims.boot_log)
    json["bootLog"] = to_base64(*claims.boot_log);
  if (claims.ima_log)
    json["imaLog"] = to_base64(*claims.ima_log);
  if (claims.lockdown)
    json["lockdown"] = lockdown_name(*claims.lockdown);
  if (claims.checkpoint)
    json["checkpoint"] = *claims.checkpoint;
  return json;
}

std::string canonical(const AttestationBundle &bundle) {
  Json pcrs = Json::object();
  for (const auto &[pcr, value] : bundle.pcrs)
    pcrs[std::to_string(pcr)] = to_hex(value);
  return dump({{"type", kType},
               {"claims", claims_json(bundle.claims)},
               {"pcrs", std::move(pcrs)},
               {"quote", to_base64(bundle.quote.attest)},
               {"signature", to_base64(bundle.quote.signature)}}) +
         "\n";
}

Checked<Bytes> read_bytes(ObjectReader &reader, std::string_view name, size_t min, size_t max) {
  const std::string text = WARRANT_TRY(reader.string(name, min, (max + 2) / 3 * 4));
  if (text.empty())
    return Bytes{};
  std::optional<Bytes> bytes = decode_public_base64(text);
  if (!bytes || bytes->size() > max)
    return malformed(reader.at(name),
                     "at most " + std::to_string(max) + " bytes in base64 expected");
  return std::move(*bytes);
}

Checked<Bytes> read_challenge(ObjectReader &reader) {
  const std::string text =
      WARRANT_TRY(reader.string("challenge", 2 * kMinChallenge, 2 * kMaxChallenge));
  Bytes challenge(text.size() / 2);
  if (!from_hex(text, challenge))
    return malformed(reader.at("challenge"), "lower-case hex expected");
  return challenge;
}

Checked<AttestationClaims> read_claims(ObjectReader &&reader) {
  AttestationClaims claims;
  claims.challenge = WARRANT_TRY(read_challenge(reader));
  claims.time = WARRANT_TRY(reader.time("time"));
  if (reader.has("bootLog"))
    claims.boot_log = WARRANT_TRY(read_bytes(reader, "bootLog", 0, kMaxBootLog));
  if (reader.has("imaLog"))
    claims.ima_log = WARRANT_TRY(read_bytes(reader, "imaLog", 0, kMaxBundleImaLog));
  claims.measurements = WARRANT_TRY(read_measurements(reader, "measurements"));
  const Bytes line = WARRANT_TRY(read_bytes(reader, "commandLine", 0, kMaxCommandLine));
  claims.command_line = text_of(line);
  claims.release = WARRANT_TRY(reader.string("release", 0, kMaxRelease));
  if (reader.has("lockdown")) {
    claims.lockdown = lockdown_from_name(WARRANT_TRY(reader.string("lockdown", 1, 32)));
    if (!claims.lockdown)
      return malformed(reader.at("lockdown"), "none, integrity or confidentiality expected");
  }
  claims.enrollment = WARRANT_TRY(read_bytes(reader, "enrollment", 1, kMaxEnvelopeSize));
  if (reader.has("checkpoint"))
    claims.checkpoint = WARRANT_TRY(reader.string("checkpoint", 1, kMaxCheckpoint));
  WARRANT_TRY(reader.finish());
  return claims;
}

Checked<PcrValues> read_pcrs(ObjectReader &&reader) {
  PcrValues values;
  for (uint32_t pcr = 0; pcr < kPcrCount; pcr++)
    if (const std::string name = std::to_string(pcr); reader.has(name))
      values[pcr] = WARRANT_TRY(reader.digest(name));
  if (values.empty())
    return malformed("pcrs", "at least one PCR expected");
  // What is left is no number of a PCR; the reader keeps views of names, which are gone by now.
  if (reader.members().size() != values.size())
    return malformed("pcrs", "numbers of PCRs expected, 0 to 23");
  return values;
}

} // namespace

bool AttestationBundle::operator==(const AttestationBundle &other) const {
  return claims == other.claims && quote.attest == other.quote.attest &&
         quote.signature == other.quote.signature && pcrs == other.pcrs;
}

Digest attestation_nonce(const AttestationClaims &claims) {
  return sha256(view(std::string(kNonce) + dump(claims_json(claims))));
}

Checked<std::string> serialize_bundle(const AttestationBundle &bundle) {
  std::string text = canonical(bundle);
  if (WARRANT_TRY(parse_bundle(view(text))) != bundle)
    return malformed("claims", "text that is not UTF-8, or a time out of range");
  return text;
}

Checked<AttestationBundle> parse_bundle(ByteView text) {
  if (text.size() > kMaxBundle)
    return malformed("", "larger than " + std::to_string(kMaxBundle) + " bytes");
  AttestationBundle bundle;
  {
    const Json json = WARRANT_TRY(parse_json(text));
    ObjectReader reader = WARRANT_TRY(ObjectReader::open(json));
    WARRANT_TRY(reader.literal("type", kType));
    bundle.claims = WARRANT_TRY(read_claims(WARRANT_TRY(reader.object("claims"))));
    bundle.pcrs = WARRANT_TRY(read_pcrs(WARRANT_TRY(reader.object("pcrs"))));
    bundle.quote.attest = WARRANT_TRY(read_bytes(reader, "quote", 1, kMaxQuote));
    bundle.quote.signature = WARRANT_TRY(read_bytes(reader, "signature", 1, kMaxQuoteSignature));
    WARRANT_TRY(reader.finish());
  }
  if (canonical(bundle) != text_of(text))
    return malformed("", "it is not in its canonical form",
                     "send the file as `warrant attest quote` wrote it");
  return bundle;
}

} // namespace warrant
