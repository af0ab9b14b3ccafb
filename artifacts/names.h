// SPDX-License-Identifier: Apache-2.0
// The words for the contract's numbers, in both directions, taken from the lists in bpf/abi.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bpf/abi.h"

namespace warrant {

/// One bit of a set and its word.
struct BitName {
  uint32_t bit;
  std::string_view name;
};

/// Names of enumerators; "unknown" for a number that abi.h does not list.
std::string_view reason_name(w_reason reason);
std::string_view hook_name(w_hook hook);
std::string_view request_name(w_request request);
std::string_view measure_name(w_measure measure);
std::string_view object_name(w_object object);
std::string_view mode_name(w_mode mode);
std::string_view audit_name(w_audit audit);

/// Exact reverse of the above ("invalid" gives the 0 enumerator); nullopt: no such name.
std::optional<w_reason> reason_from_name(std::string_view name);
std::optional<w_hook> hook_from_name(std::string_view name);
std::optional<w_request> request_from_name(std::string_view name);
std::optional<w_measure> measure_from_name(std::string_view name);
std::optional<w_object> object_from_name(std::string_view name);
std::optional<w_mode> mode_from_name(std::string_view name);
std::optional<w_audit> audit_from_name(std::string_view name);

/// W_ACTION_*: exec, map, interpret, update, load, administer, script (the last in grants only). In
/// bit order, as are the next three.
std::span<const BitName> action_names();
/// W_OBJECT_BIT of each object that a policy may let everybody touch or load: ptrace, modules, ...
std::span<const BitName> permit_names();
/// W_FACT_*.
std::span<const BitName> fact_names();
/// W_CANDIDATE_*.
std::span<const BitName> candidate_names();

/// The words for the bits of a set, in bit order; bits that no table lists are left out.
std::vector<std::string> names_of_bits(std::span<const BitName> table, uint32_t bits);
/// The same in one line: "exec, map".
std::string text_of_bits(std::span<const BitName> table, uint32_t bits);
/// The bit of one word; nullopt: no such name.
std::optional<uint32_t> bit_from_name(std::span<const BitName> table, std::string_view name);

} // namespace warrant
