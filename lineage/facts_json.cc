// SPDX-License-Identifier: Apache-2.0
#include "lineage/facts_json.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

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

void write_candidate(JsonText &out, const w_candidate &candidate) {
  out.open_object();
  write_bits(out.member("actions"), action_names(), candidate.actions);
  out.member("artifact").number(candidate.artifact);
  write_bits(out.member("flags"), candidate_names(), candidate.flags);
  out.member("leaseUntil").wide(candidate.lease_until);
  out.member("notAfter").wide(candidate.not_after);
  out.member("notBefore").wide(candidate.not_before);
  out.member("scope").number(candidate.scope);
  out.close_object();
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

void write_facts(JsonText &out, const w_facts &facts) {
  out.open_object();
  write_word(out.member("audit"), kAuditWords, facts.audit);
  out.member("candidateCount").number(facts.candidate_count);
  out.member("candidates").open_array();
  const uint32_t written = written_candidates(facts);
  for (uint32_t i = 0; i < written; ++i)
    write_candidate(out, facts.candidates[i]);
  out.close_array();
  out.member("chain").number(facts.chain);
  out.member("digest").hex(facts.digest);
  write_word(out.member("digestKind"), kDigestKindWords, facts.digest_kind);
  write_bits(out.member("flags"), fact_names(), facts.flags);
  out.member("generation").wide(facts.generation);
  write_word(out.member("hook"), kHookWords, facts.hook);
  write_word(out.member("measure"), kMeasureWords, facts.measure);
  write_word(out.member("mode"), kModeWords, facts.mode);
  out.member("now").wide(facts.now);
  write_word(out.member("object"), kObjectWords, facts.object);
  write_word(out.member("request"), kRequestWords, facts.request);
  out.close_object();
}

Json facts_to_json(const w_facts &facts) {
  JsonText text;
  write_facts(text, facts);
  return Json::parse(std::move(text).take());
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
  facts.object = WARRANT_TRY(read_word(in, "object", kObjectWords));
  facts.candidate_count = WARRANT_TRY(read_number(in, "candidateCount"));
  const Digest digest = WARRANT_TRY(in.digest("digest"));
  std::copy(digest.begin(), digest.end(), facts.digest);
  WARRANT_TRY(read_candidates(in, facts));
  WARRANT_TRY(in.finish());
  return facts;
}

void write_decision(JsonText &out, const w_decision &decision) {
  out.open_object();
  out.member("candidate").number(decision.candidate);
  out.member("enforced").number(decision.enforced);
  write_word(out.member("reason"), kReasonWords, decision.reason);
  write_word(out.member("verdict"), kVerdictWords, decision.verdict);
  out.close_object();
}

Json decision_to_json(const w_decision &decision) {
  JsonText text;
  write_decision(text, decision);
  return Json::parse(std::move(text).take());
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

// As numbers, and only where there are some: records are kept that know of none.
static void write_bonds(JsonText &out, const w_process &process) {
  bool is_open = false;
  for (uint32_t bond = 1; bond <= W_MAX_BONDS; bond++) {
    if (!((process.bonds[(bond - 1) / 64] >> ((bond - 1) % 64)) & 1))
      continue;
    if (!is_open)
      out.member("bonds").open_array();
    is_open = true;
    out.number(bond);
  }
  if (is_open)
    out.close_array();
}

static Checked<void> read_bonds(ObjectReader &in, w_process &process) {
  int64_t last = 0;
  for (const Json &element : *WARRANT_TRY(in.array("bonds", 1, W_MAX_BONDS))) {
    const int64_t bond = element.is_number_integer() ? element.get<int64_t>() : 0;
    if (bond <= last || bond > int64_t{W_MAX_BONDS})
      return malformed(in.at("bonds"), "ascending numbers from 1 to 128 expected");
    process.bonds[(bond - 1) / 64] |= uint64_t{1} << ((bond - 1) % 64);
    last = bond;
  }
  return {};
}

void write_process(JsonText &out, const w_process &process) {
  out.open_object();
  out.member("artifact").hex(process.artifact);
  write_bonds(out, process);
  out.member("depth").number(process.depth);
  out.member("digest").hex(process.digest);
  write_bits(out.member("flags"), process_names(), process.flags);
  out.member("lineage").wide(process.lineage);
  out.member("parent").wide(process.parent);
  out.member("root").wide(process.root);
  out.member("since").wide(process.since);
  out.close_object();
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
  if (in.has("bonds"))
    WARRANT_TRY(read_bonds(in, process));
  WARRANT_TRY(in.finish());
  return process;
}

} // namespace warrant
