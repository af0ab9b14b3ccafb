// SPDX-License-Identifier: Apache-2.0
// The contract's numbers as text in records: by name where there is one, in digits where not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "artifacts/json.h"
#include "artifacts/names.h"
#include "bpf/abi.h"
#include "lineage/json_text.h"

namespace warrant {

/// "invalid", "allow", "deny".
std::string_view verdict_name(w_verdict_kind verdict);
std::optional<w_verdict_kind> verdict_from_name(std::string_view name);
/// "invalid", "sha256", "verity".
std::string_view digest_kind_name(w_digest_kind kind);
std::optional<w_digest_kind> digest_kind_from_name(std::string_view name);
/// W_PROCESS_*: adopted, committed, jit, update, administer, readsSuffixes, readsListed.
std::span<const BitName> process_names();

/// How the values of one enum are spelled, whatever bits the kernel sent.
template <class E>
struct Words {
  uint8_t count; ///< values from here on have no name
  std::string_view (*name)(E);
  std::optional<E> (*value)(std::string_view);

  /// A name, or the number in digits.
  std::string text(uint8_t number) const {
    return number < count ? std::string(name(static_cast<E>(number))) : std::to_string(number);
  }
  /// The inverse: each number has one spelling only, so "1" is nothing if 1 has a name.
  std::optional<uint8_t> parse(std::string_view text) const {
    if (const std::optional<E> named = value(text))
      return static_cast<uint8_t>(*named);
    for (unsigned number = count; number <= UINT8_MAX; ++number)
      if (text == std::to_string(number))
        return static_cast<uint8_t>(number);
    return std::nullopt;
  }
};

inline constexpr Words<w_reason> kReasonWords{W_REASON_COUNT, reason_name, reason_from_name};
inline constexpr Words<w_hook> kHookWords{W_HOOK_COUNT, hook_name, hook_from_name};
inline constexpr Words<w_request> kRequestWords{W_REQUEST_COUNT, request_name, request_from_name};
inline constexpr Words<w_measure> kMeasureWords{W_MEASURE_COUNT, measure_name, measure_from_name};
inline constexpr Words<w_object> kObjectWords{W_OBJECT_COUNT, object_name, object_from_name};
inline constexpr Words<w_mode> kModeWords{W_MODE_COUNT, mode_name, mode_from_name};
inline constexpr Words<w_audit> kAuditWords{W_AUDIT_COUNT, audit_name, audit_from_name};
inline constexpr Words<w_verdict_kind> kVerdictWords{W_DENY + 1, verdict_name, verdict_from_name};
inline constexpr Words<w_digest_kind> kDigestKindWords{W_DIGEST_VERITY + 1, digest_kind_name,
                                                       digest_kind_from_name};

template <class E>
void write_word(JsonText &out, const Words<E> &words, uint8_t number) {
  if (number < words.count)
    out.string(words.name(static_cast<E>(number)));
  else
    out.string(std::to_string(number));
}

/// An array: the names of the bits that are set, in bit order; bits without a name follow together
/// as one hexadecimal number ("0x1000").
void write_bits(JsonText &out, std::span<const BitName> names, uint32_t bits);
/// The same for people, with commas; "none".
std::string bits_text(std::span<const BitName> names, uint32_t bits);

// Members of a record. Each reads one required member and refuses any other spelling of its value.

/// A 64-bit number is a decimal string always, because many JSON readers round beyond 2^53.
Checked<uint64_t> read_wide(ObjectReader &from, std::string_view name);
Checked<uint32_t> read_number(ObjectReader &from, std::string_view name);
Checked<uint8_t> read_byte(ObjectReader &from, std::string_view name);
Checked<uint32_t> read_bits(ObjectReader &from, std::string_view name,
                            std::span<const BitName> names);
Checked<ArtifactId> read_id(ObjectReader &from, std::string_view name);

template <class E>
Checked<uint8_t> read_word(ObjectReader &from, std::string_view name, const Words<E> &words) {
  const std::string text = WARRANT_TRY(from.string(name, 1, 128));
  if (const std::optional<uint8_t> number = words.parse(text))
    return *number;
  return malformed(from.at(name), "unknown word \"" + printable(text) + "\"");
}

} // namespace warrant
