/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The structs and enums of bpf/abi.h by name: kept in BTF by abi_types.bpf.c, expected by
 * abi_btf_test.cc. */
#ifndef WARRANT_TESTS_ABI_TYPES_H
#define WARRANT_TESTS_ABI_TYPES_H

#define W_ABI_STRUCTS(X) \
  X(w_candidate)         \
  X(w_facts)             \
  X(w_decision)          \
  X(w_verdict_key)       \
  X(w_verdict)           \
  X(w_artifact)          \
  X(w_environment)       \
  X(w_cgroup_key)        \
  X(w_cgroup_node)       \
  X(w_uid_scope)         \
  X(w_uses_key)          \
  X(w_uses)              \
  X(w_uses_transfer)     \
  X(w_generation)        \
  X(w_config)            \
  X(w_inode)             \
  X(w_guard)             \
  X(w_guard_request)     \
  X(w_known_task)        \
  X(w_process)           \
  X(w_event)

#define W_ABI_ENUMS(X) \
  X(w_reason)          \
  X(w_verdict_kind)    \
  X(w_mode)            \
  X(w_audit)           \
  X(w_hook)            \
  X(w_request)         \
  X(w_measure)         \
  X(w_object)          \
  X(w_object_class)    \
  X(w_digest_kind)     \
  X(w_fact)            \
  X(w_candidate_flag)  \
  X(w_counter)         \
  X(w_sequence)        \
  X(w_event_type)

#endif
