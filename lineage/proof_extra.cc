// SPDX-License-Identifier: Apache-2.0
#include "lineage/proof_extra.h"

#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "lineage/proof_bundle.h"
#include "lineage/record.h"

namespace warrant {
namespace {

constexpr std::string_view kType = "warrant-proof-v1";

} // namespace

std::string serialize_proof_extra(const ProofExtra &extra) {
  Json json = {{"artifacts", extra.artifacts}, {"record", extra.record}, {"type", kType}};
  if (extra.trust_root)
    json["trustRoot"] = *extra.trust_root;
  return json.dump();
}

Checked<ProofExtra> parse_proof_extra(ByteView text) {
  const Json json = WARRANT_TRY(parse_json(text));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(json));
  WARRANT_TRY(reader.literal("type", kType));
  ProofExtra extra;
  extra.record = WARRANT_TRY(reader.string("record", 1, kMaxRecordSize));
  for (const Json &artifact : *WARRANT_TRY(reader.array("artifacts", 0, kMaxProofArtifacts))) {
    if (!artifact.is_string())
      return malformed(reader.at("artifacts"), "strings expected");
    extra.artifacts.push_back(artifact.get<std::string>());
  }
  if (reader.has("trustRoot"))
    extra.trust_root = WARRANT_TRY(reader.string("trustRoot", 1, kMaxProofExtra));
  WARRANT_TRY(reader.finish());
  if (serialize_proof_extra(extra) != text_of(text))
    return malformed("", "not in canonical form");
  return extra;
}

} // namespace warrant
