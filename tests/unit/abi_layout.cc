// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/abi_layout.h"

#include "bpf/abi.h"

namespace warrant::layout {
namespace {

// offsetof and sizeof come from the compiler; the lists below only say which fields there are, and
// the test fails when BTF has one that they lack.
#define FIELD(type, name) \
  { #name, offsetof(type, name), sizeof(type::name) }
#define ENUMERATOR(name) \
  { #name, name }
#define FROM_LIST(prefix, name) {#prefix #name, prefix##name},

Struct candidate() {
  using T = w_candidate;
  return {"w_candidate",
          sizeof(T),
          {FIELD(T, not_before), FIELD(T, not_after), FIELD(T, lease_until), FIELD(T, artifact),
           FIELD(T, scope), FIELD(T, actions), FIELD(T, flags)}};
}

Struct facts() {
  using T = w_facts;
  return {
      "w_facts",
      sizeof(T),
      {FIELD(T, now), FIELD(T, generation), FIELD(T, flags), FIELD(T, hook), FIELD(T, request),
       FIELD(T, mode), FIELD(T, audit), FIELD(T, measure), FIELD(T, digest_kind), FIELD(T, chain),
       FIELD(T, object), FIELD(T, candidate_count), FIELD(T, digest), FIELD(T, candidates)}};
}

Struct decision() {
  using T = w_decision;
  return {"w_decision",
          sizeof(T),
          {FIELD(T, verdict), FIELD(T, reason), FIELD(T, candidate), FIELD(T, enforced)}};
}

Struct verdict_key() {
  using T = w_verdict_key;
  return {"w_verdict_key", sizeof(T), {FIELD(T, scope), FIELD(T, digest_kind), FIELD(T, digest)}};
}

Struct verdict() {
  using T = w_verdict;
  return {"w_verdict", sizeof(T), {FIELD(T, grants)}};
}

Struct artifact() {
  using T = w_artifact;
  return {"w_artifact",
          sizeof(T),
          {FIELD(T, id), FIELD(T, not_before), FIELD(T, not_after), FIELD(T, environment),
           FIELD(T, constraints), FIELD(T, flags), FIELD(T, uid), FIELD(T, gid), FIELD(T, session),
           FIELD(T, bond), FIELD(T, reserved), FIELD(T, parent), FIELD(T, caller)}};
}

Struct environment() {
  using T = w_environment;
  return {"w_environment", sizeof(T), {FIELD(T, valid_until), FIELD(T, requirement)}};
}

Struct cgroup_key() {
  using T = w_cgroup_key;
  return {"w_cgroup_key", sizeof(T), {FIELD(T, parent), FIELD(T, name)}};
}

Struct cgroup_node() {
  using T = w_cgroup_node;
  return {"w_cgroup_node", sizeof(T), {FIELD(T, node), FIELD(T, scope), FIELD(T, mode)}};
}

Struct uid_scope() {
  using T = w_uid_scope;
  return {"w_uid_scope", sizeof(T), {FIELD(T, scope), FIELD(T, mode)}};
}

Struct uses_key() {
  using T = w_uses_key;
  return {"w_uses_key", sizeof(T), {FIELD(T, id)}};
}

Struct uses() {
  using T = w_uses;
  return {"w_uses", sizeof(T), {FIELD(T, left)}};
}

Struct uses_transfer() {
  using T = w_uses_transfer;
  return {"w_uses_transfer",
          sizeof(T),
          {FIELD(T, from), FIELD(T, to), FIELD(T, count), FIELD(T, result), FIELD(T, reserved)}};
}

Struct generation() {
  using T = w_generation;
  return {"w_generation",
          sizeof(T),
          {FIELD(T, number), FIELD(T, flags), FIELD(T, artifacts), FIELD(T, verdicts)}};
}

Struct config() {
  using T = w_config;
  return {"w_config",
          sizeof(T),
          {FIELD(T, abi), FIELD(T, active), FIELD(T, mode), FIELD(T, audit), FIELD(T, reserved),
           FIELD(T, permits), FIELD(T, hooks), FIELD(T, enforcing_since), FIELD(T, state_serial),
           FIELD(T, root_version), FIELD(T, root), FIELD(T, generations), FIELD(T, filesystems),
           FIELD(T, programs), FIELD(T, states), FIELD(T, boot_minus_wall), FIELD(T, ending)}};
}

Struct inode() {
  using T = w_inode;
  return {"w_inode",
          sizeof(T),
          {FIELD(T, writes), FIELD(T, clean), FIELD(T, storing), FIELD(T, flags),
           FIELD(T, digest_kind), FIELD(T, reserved), FIELD(T, digest)}};
}

Struct known_task() {
  using T = w_known_task;
  return {"w_known_task",
          sizeof(T),
          {FIELD(T, task), FIELD(T, process), FIELD(T, tgid), FIELD(T, reserved)}};
}

Struct guard() {
  using T = w_guard;
  return {"w_guard",
          sizeof(T),
          {FIELD(T, mount), FIELD(T, folders), FIELD(T, device), FIELD(T, btf), FIELD(T, maps),
           FIELD(T, devices), FIELD(T, whole)}};
}

Struct guard_request() {
  using T = w_guard_request;
  return {"w_guard_request", sizeof(T), {FIELD(T, folders), FIELD(T, result), FIELD(T, guard)}};
}

Struct process() {
  using T = w_process;
  return {"w_process",
          sizeof(T),
          {FIELD(T, lineage), FIELD(T, parent), FIELD(T, root), FIELD(T, since), FIELD(T, depth),
           FIELD(T, flags), FIELD(T, bonds), FIELD(T, artifact), FIELD(T, digest)}};
}

Struct event() {
  using T = w_event;
  return {
      "w_event", sizeof(T), {FIELD(T, abi),      FIELD(T, type),       FIELD(T, size),
                             FIELD(T, sequence), FIELD(T, process),    FIELD(T, granting_artifact),
                             FIELD(T, exec),     FIELD(T, cgroup_id),  FIELD(T, inode),
                             FIELD(T, device),   FIELD(T, filesystem), FIELD(T, tgid),
                             FIELD(T, pid),      FIELD(T, uid),        FIELD(T, gid),
                             FIELD(T, comm),     FIELD(T, path),       FIELD(T, decision),
                             FIELD(T, reserved), FIELD(T, facts)}};
}

#define REASON(name, text) FROM_LIST(W_REASON_, name)
#define HOOK(name, text) FROM_LIST(W_HOOK_, name)
#define REQUEST(name, text) FROM_LIST(W_REQUEST_, name)
#define MEASURE(name, text) FROM_LIST(W_MEASURE_, name)
#define OBJECT(name, class, text) FROM_LIST(W_OBJECT_, name)
#define FACT(name, bit, text) FROM_LIST(W_FACT_, name)
#define CANDIDATE(name, bit, text) FROM_LIST(W_CANDIDATE_, name)

std::vector<Enum> all_enums() {
  return {
      {"w_reason", {W_REASONS(REASON) ENUMERATOR(W_REASON_COUNT)}},
      {"w_verdict_kind", {ENUMERATOR(W_VERDICT_INVALID), ENUMERATOR(W_ALLOW), ENUMERATOR(W_DENY)}},
      {"w_mode",
       {ENUMERATOR(W_MODE_INVALID), ENUMERATOR(W_MODE_ENFORCE), ENUMERATOR(W_MODE_OBSERVE),
        ENUMERATOR(W_MODE_COUNT)}},
      {"w_audit",
       {ENUMERATOR(W_AUDIT_INVALID), ENUMERATOR(W_AUDIT_OPTIONAL), ENUMERATOR(W_AUDIT_REQUIRED),
        ENUMERATOR(W_AUDIT_UNAVAILABLE), ENUMERATOR(W_AUDIT_COUNT)}},
      {"w_hook", {W_HOOKS(HOOK) ENUMERATOR(W_HOOK_COUNT)}},
      {"w_request", {W_REQUESTS(REQUEST) ENUMERATOR(W_REQUEST_COUNT)}},
      {"w_measure", {W_MEASURES(MEASURE) ENUMERATOR(W_MEASURE_COUNT)}},
      {"w_object", {W_OBJECTS(OBJECT) ENUMERATOR(W_OBJECT_COUNT)}},
      {"w_object_class",
       {ENUMERATOR(W_CLASS_NONE), ENUMERATOR(W_CLASS_OWN), ENUMERATOR(W_CLASS_MEMORY),
        ENUMERATOR(W_CLASS_DOOR), ENUMERATOR(W_CLASS_CODE)}},
      {"w_digest_kind",
       {ENUMERATOR(W_DIGEST_INVALID), ENUMERATOR(W_DIGEST_SHA256), ENUMERATOR(W_DIGEST_VERITY),
        ENUMERATOR(W_DIGEST_ANY)}},
      {"w_fact", {W_FACTS(FACT)}},
      {"w_candidate_flag", {W_CANDIDATES(CANDIDATE)}},
      {"w_counter",
       {ENUMERATOR(W_COUNTER_INVALID), ENUMERATOR(W_COUNTER_ALLOWED), ENUMERATOR(W_COUNTER_DENIED),
        ENUMERATOR(W_COUNTER_MEASURED), ENUMERATOR(W_COUNTER_CACHE_HITS),
        ENUMERATOR(W_COUNTER_EVENTS), ENUMERATOR(W_COUNTER_EVENTS_LOST),
        ENUMERATOR(W_COUNTER_ADOPTED), ENUMERATOR(W_COUNTER_COUNT)}},
      {"w_sequence",
       {ENUMERATOR(W_SEQUENCE_INVALID), ENUMERATOR(W_SEQUENCE_LINEAGE),
        ENUMERATOR(W_SEQUENCE_EVENT), ENUMERATOR(W_SEQUENCE_COUNT)}},
      {"w_event_type",
       {ENUMERATOR(W_EVENT_INVALID), ENUMERATOR(W_EVENT_DECISION), ENUMERATOR(W_EVENT_COMMIT),
        ENUMERATOR(W_EVENT_TYPE_COUNT)}},
  };
}

} // namespace

const std::vector<Struct> &structs() {
  static const std::vector<Struct> list = {
      candidate(),   facts(),      decision(),     verdict_key(), verdict(), artifact(),
      environment(), cgroup_key(), cgroup_node(),  generation(),  config(),  inode(),
      process(),     event(),      uid_scope(),    uses_key(),    uses(),    uses_transfer(),
      known_task(),  guard(),      guard_request()};
  return list;
}

const std::vector<Enum> &enums() {
  static const std::vector<Enum> list = all_enums();
  return list;
}

} // namespace warrant::layout
