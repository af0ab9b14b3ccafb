// SPDX-License-Identifier: Apache-2.0
#include "lineage_fixture.h"

#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "bpf/decide.h"

namespace warrant::lineage_test {

Origin origin() {
  return {"host-a", std::string(kBoot)};
}

Attribution attribution() {
  Attribution artifact;
  artifact.id.fill(0xab);
  artifact.sha256.fill(0xcd);
  artifact.issuers = {"SHA256:" + std::string(43, 'A')};
  artifact.governance = {{"ticket", "OPS-1"}, {"purpose", "the nightly backup"}};
  return artifact;
}

w_facts allowing_facts() {
  w_facts facts{};
  facts.now = 90'000000000;
  facts.generation = 3;
  facts.flags = W_FACT_NAMED;
  facts.hook = W_HOOK_BPRM_CHECK;
  facts.request = W_REQUEST_EXEC;
  facts.mode = W_MODE_ENFORCE;
  facts.audit = W_AUDIT_REQUIRED;
  facts.measure = W_MEASURE_IMA;
  facts.digest_kind = W_DIGEST_SHA256;
  facts.candidate_count = 1;
  std::memset(facts.digest, 0xee, sizeof facts.digest);
  facts.candidates[0] = {1, W_FOREVER, W_FOREVER, 7, W_SCOPE_HOST, W_ACTION_EXEC, 0};
  return facts;
}

w_event decision_event(uint64_t sequence, const w_facts &facts, std::string_view path) {
  w_event event{};
  event.abi = W_ABI_VERSION;
  event.type = W_EVENT_DECISION;
  event.sequence = sequence;
  event.process.lineage = 40;
  event.process.parent = 39;
  event.process.root = 2;
  event.process.depth = 3;
  event.process.flags = W_PROCESS_COMMITTED;
  event.exec = 41;
  event.cgroup_id = 77;
  event.inode = 4711;
  event.device = 0x800001;
  event.filesystem = 0xef53;
  event.tgid = event.pid = 812;
  event.uid = event.gid = 1000;
  std::strcpy(event.comm, "bash");
  path.copy(event.path, sizeof event.path - 1);
  event.facts = facts;
  event.decision = w_decide(&facts);
  if (event.decision.candidate != W_NO_CANDIDATE)
    std::memset(event.granting_artifact, 0xab, W_ID_SIZE);
  return event;
}

w_event commit_event(uint64_t sequence, uint64_t lineage, uint64_t parent) {
  w_event event = decision_event(sequence, w_facts{}, "");
  event.type = W_EVENT_COMMIT;
  event.process.lineage = lineage;
  event.process.parent = parent;
  event.exec = lineage;
  event.facts.now = 90'000000000 + lineage;
  std::memset(event.process.artifact, 0xab, W_ID_SIZE);
  std::memset(event.granting_artifact, 0, W_ID_SIZE);
  return event;
}

Bytes raw_bytes(w_event event) {
  const uint32_t count = std::min<uint32_t>(event.facts.candidate_count, W_MAX_CANDIDATES);
  event.size = static_cast<uint32_t>(W_EVENT_SIZE(count));
  const auto *bytes = reinterpret_cast<const uint8_t *>(&event);
  return Bytes(bytes, bytes + event.size);
}

Record record_of(const w_event &event) {
  static const Attribution known = attribution();
  Surroundings surroundings;
  surroundings.origin = origin();
  surroundings.policy.fill(0x11);
  surroundings.attribution = [](const ArtifactId &id) { return id == known.id ? &known : nullptr; };
  surroundings.cgroup = [](uint64_t id) { return id == 77 ? "/agents.slice" : ""; };
  return enrich(Event::parse(raw_bytes(event)).value(), surroundings, kNow);
}

Record gap(uint64_t lost) {
  return make_record(origin(), kNow, Gap{lost, "a test"});
}

Ended ended_process() {
  Ended ended;
  ended.artifact = attribution();
  ended.pid = 4711;
  ended.process.lineage = 41;
  ended.process.bonds[1] = 2;
  ended.reason = W_REASON_REVOKED;
  return ended;
}

Handover handover(w_reason reason) {
  Handover made;
  made.token = attribution().id;
  made.caller = {812, 0, 1000};
  made.lineage = 41;
  made.reason = static_cast<uint8_t>(reason);
  made.detail = "a test";
  made.parent = RemoteParent{"host-a", std::string(kBoot), 17, attribution().id,
                             LogPlace{"host-a/lineage", 5, 9, Digest{}}};
  if (reason != W_REASON_AUTHORIZED)
    made.parent->log.reset();
  return made;
}

std::vector<Record> one_of_each() {
  const Daemon daemon{321, "0.1.0", "6.1.0-39-amd64", ""};
  Rejected rejected{"evil.json", W_REASON_INVALID_SIGNATURE, "signature by unknown key", {}, 2, {}};
  rejected.claimed = attribution().id;
  rejected.digests = {Digest{}, attribution().sha256};
  const Generation generation{4, 2, 100'000, 1, attribution().sha256, W_MODE_ENFORCE};
  std::vector<Record> records = {
      record_of(decision_event(1, allowing_facts(), "/usr/bin/true")),
      record_of(commit_event(2, 41, 40)),
      gap(17),
  };
  const Body bodies[] = {Accepted{attribution(), "base.json", 9},
                         rejected,
                         Withdrawn{attribution(), "base.json", "the file is gone"},
                         generation,
                         Start{daemon},
                         Adopt{daemon},
                         Stop{daemon},
                         Canary{true, "EPERM"},
                         ended_process(),
                         Disarm{attribution(), {812, 0, 1000}, "about to"},
                         Disarm{std::nullopt, {813, 0, UINT32_MAX}, "no artifact"},
                         Lease{"measured-boot", true, 7'000'000'000, W_REASON_INVALID, ""},
                         Lease{"measured-boot", false, 7'000'000'001, W_REASON_ENVIRONMENT_FAILURE,
                               "PCR 7 is something else"},
                         handover(W_REASON_AUTHORIZED),
                         handover(W_REASON_REPLAY),
                         Handover{{}, {813, 0, UINT32_MAX}, 0, W_REASON_MALFORMED, "not JSON", {}},
                         Prune{512, attribution().sha256, {812, 0, 1000}}};
  for (const Body &body : bodies)
    records.push_back(make_record(origin(), kNow, body));
  return records;
}

std::string random_text(Random &random, size_t max) {
  std::string text(random() % (max + 1), '\0');
  for (char &c : text)
    c = static_cast<char>(random() % 3 == 0 ? random() : 0x20 + random() % 0x5f);
  return text;
}

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "lineage-XXXXXX").string();
  if (!::mkdtemp(name.data()))
    std::abort();
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string Scratch::file(std::string_view name, std::string_view content) const {
  const std::string path = path_ + "/" + std::string(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string content_of(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

} // namespace warrant::lineage_test
