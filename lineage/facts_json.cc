// SPDX-License-Identifier: Apache-2.0
#include "lineage/facts_json.h"

#include <algorithm>
#include <cstring>

#include "lineage/words.h"

namespace warrant {
namespace {

bool is_zero(const w_candidate &candidate) {
  static constexpr w_candidate kZero{};
  return std::memcmp(&candidate, &kZero, sizeof kZero) == 0;
}

// How many candidates are written, and hence the least and only number that is read.
uint32_t written_candidates(const w_facts &facts) {
  uint32_t count = std::min<uint32_t>(facts.candidate_count, W_MAX_CANDIDATES);
  for (uint32_t i = count; i < W_MAX_CANDIDATES; ++i)
    if (!is_zero(facts.candidates[i]))
      count = i + 1;
  return count;
}

Json candidate_to_json(const w_candidate &candidate) {
  return {{"actions", bits_to_json(action_names(), candidate.actions)},
          {"artifact", candidate.artifact},
          {"flags", bits_to_json(candidate_names(), candidate.flags)},
          {"leaseUntil", std::to_string(candidate.lease_until)},
          {"notAfter", std::to_string(candidate.not_after)},
          {"notBefore", std::to_string(candidate.not_before)},
          {"scope", candidate.scope}};
}

Checked<w_candidate> candidate_from_json(const Json &json, const std::string &path) {
  ObjectReader in = WARRANT_TRY(ObjectReader::open(json, path));
  w_candidate candidate{};
  candidate.not_before = WARRANT_TRY(read_wide(in, "notBefore"));
  candidate.not_after = WARRANT_TRY(read_wide(in, "notAfter"));
  candidate.lease_until = WARRANT_TRY(read_wide(in, "leaseUntil"));
  candidate.artifact = WARRANT_TRY(read_number(in, "artifact"));
  candidate.scope = WARRANT_TRY(read_number(in, "scope"));
  candidate.actions = WARRANT_TRY(read_bits(in, "actions", action_names()));
  candidate.flags = WARRANT_TRY(read_bits(in, "flags", candidate_names()));
  WARRANT_TRY(in.finish());
  return candidate;
}

Checked<void> read_candidates(ObjectReader &in, w_facts &facts) {
  const Json *list = WARRANT_TRY(in.array("candidates", 0, W_MAX_CANDIDATES));
  for (size_t i = 0; i < list->size(); ++i) {
    const std::string path = in.at("candidates") + "[" + std::to_string(i) + "]";
    facts.candidates[i] = WARRANT_TRY(candidate_from_json((*list)[i], path));
  }
  if (list->size() != written_candidates(facts))
    return malformed(in.at("candidates"), "does not have as many elements as candidateCount says");
  return {};
}

} // namespace

Json facts_to_json(const w_facts &facts) {
  Json candidates = Json::array();
  for (uint32_t i = 0; i < written_candidates(facts); ++i)
    candidates.push_back(candidate_to_json(facts.candidates[i]));
  return {{"audit", kAuditWords.text(facts.audit)},
          {"candidateCount", facts.candidate_count},
          {"candidates", std::move(candidates)},
          {"chain", facts.chain},
          {"digest", to_hex(facts.digest)},
          {"digestKind", kDigestKindWords.text(facts.digest_kind)},
          {"flags", bits_to_json(fact_names(), facts.flags)},
          {"generation", std::to_string(facts.generation)},
          {"hook", kHookWords.text(facts.hook)},
          {"measure", kMeasureWords.text(facts.measure)},
          {"mode", kModeWords.text(facts.mode)},
          {"now", std::to_string(facts.now)},
          {"request", kRequestWords.text(facts.request)},
          {"reserved", facts.reserved}};
}

Checked<w_facts> facts_from_json(const Json &json, const std::string &path) {
  ObjectReader in = WARRANT_TRY(ObjectReader::open(json, path));
  w_facts facts{};
  facts.now = WARRANT_TRY(read_wide(in, "now"));
  facts.generation = WARRANT_TRY(read_wide(in, "generation"));
  facts.flags = WARRANT_TRY(read_bits(in, "flags", fact_names()));
  facts.hook = WARRANT_TRY(read_word(in, "hook", kHookWords));
  facts.request = WARRANT_TRY(read_word(in, "request", kRequestWords));
  facts.mode = WARRANT_TRY(read_word(in, "mode", kModeWords));
  facts.audit = WARRANT_TRY(read_word(in, "audit", kAuditWords));
  facts.measure = WARRANT_TRY(read_word(in, "measure", kMeasureWords));
  facts.digest_kind = WARRANT_TRY(read_word(in, "digestKind", kDigestKindWords));
  facts.chain = WARRANT_TRY(read_byte(in, "chain"));
  facts.reserved = WARRANT_TRY(read_byte(in, "reserved"));
  facts.candidate_count = WARRANT_TRY(read_number(in, "candidateCount"));
  const Digest digest = WARRANT_TRY(in.digest("digest"));
  std::copy(digest.begin(), digest.end(), facts.digest);
  WARRANT_TRY(read_candidates(in, facts));
  WARRANT_TRY(in.finish());
  return facts;
}

Json decision_to_json(const w_decision &decision) {
  return {{"candidate", decision.candidate},
          {"enforced", decision.enforced},
          {"reason", kReasonWords.text(decision.reason)},
          {"verdict", kVerdictWords.text(decision.verdict)}};
}

Checked<w_decision> decision_from_json(const Json &json, const std::string &path) {
  ObjectReader in = WARRANT_TRY(ObjectReader::open(json, path));
  w_decision decision{};
  decision.verdict = WARRANT_TRY(read_word(in, "verdict", kVerdictWords));
  decision.reason = WARRANT_TRY(read_word(in, "reason", kReasonWords));
  decision.candidate = WARRANT_TRY(read_byte(in, "candidate"));
  decision.enforced = WARRANT_TRY(read_byte(in, "enforced"));
  WARRANT_TRY(in.finish());
  return decision;
}

Json process_to_json(const w_process &process) {
  return {{"artifact", to_hex(process.artifact)},
          {"depth", process.depth},
          {"digest", to_hex(process.digest)},
          {"flags", bits_to_json(process_names(), process.flags)},
          {"lineage", std::to_string(process.lineage)},
          {"parent", std::to_string(process.parent)},
          {"root", std::to_string(process.root)},
          {"since", std::to_string(process.since)}};
}

Checked<w_process> process_from_json(const Json &json, const std::string &path) {
  ObjectReader in = WARRANT_TRY(ObjectReader::open(json, path));
  w_process process{};
  process.lineage = WARRANT_TRY(read_wide(in, "lineage"));
  process.parent = WARRANT_TRY(read_wide(in, "parent"));
  process.root = WARRANT_TRY(read_wide(in, "root"));
  process.since = WARRANT_TRY(read_wide(in, "since"));
  process.depth = WARRANT_TRY(read_number(in, "depth"));
  process.flags = WARRANT_TRY(read_bits(in, "flags", process_names()));
  const ArtifactId artifact = WARRANT_TRY(read_id(in, "artifact"));
  std::copy(artifact.begin(), artifact.end(), process.artifact);
  const Digest digest = WARRANT_TRY(in.digest("digest"));
  std::copy(digest.begin(), digest.end(), process.digest);
  WARRANT_TRY(in.finish());
  return process;
}

} // namespace warrant
