// SPDX-License-Identifier: Apache-2.0
#include "lineage/words.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <iterator>
#include <nlohmann/json.hpp>

namespace warrant {
namespace {

constexpr std::string_view kVerdicts[] = {"invalid", "allow", "deny"};
constexpr std::string_view kDigestKinds[] = {"invalid", "sha256", "verity"};
static_assert(std::size(kVerdicts) == W_DENY + 1);
static_assert(std::size(kDigestKinds) == W_DIGEST_VERITY + 1);

constexpr BitName kProcesses[] = {{W_PROCESS_ADOPTED, "adopted"},
                                  {W_PROCESS_COMMITTED, "committed"},
                                  {W_PROCESS_JIT, "jit"},
                                  {W_PROCESS_UPDATE, "update"},
                                  {W_PROCESS_ADMINISTER, "administer"},
                                  {W_PROCESS_READS_SUFFIXES, "readsSuffixes"},
                                  {W_PROCESS_READS_LISTED, "readsListed"}};

constexpr size_t kMaxDigits = 20; // of 2^64 - 1
constexpr size_t kMaxBits = 33;   // 32 names, or 31 and the rest

std::string_view name_in(std::span<const std::string_view> names, size_t value) {
  return value < names.size() ? names[value] : "unknown";
}

std::optional<size_t> index_in(std::span<const std::string_view> names, std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return i;
  return std::nullopt;
}

uint32_t bits_with_names(std::span<const BitName> names) {
  uint32_t all = 0;
  for (const BitName &name : names)
    all |= name.bit;
  return all;
}

std::string hexadecimal(uint32_t bits) {
  std::array<char, 16> text{};
  const int size = std::snprintf(text.data(), text.size(), "0x%x", bits);
  return {text.data(), static_cast<size_t>(size)};
}

// The bits that an array of words stands for, if this is their one spelling.
std::optional<uint32_t> bits_of(std::span<const BitName> names, const Json &words) {
  uint32_t bits = 0;
  size_t next = 0; // in `names`: order and distinctness
  for (size_t i = 0; i < words.size(); ++i) {
    if (!words[i].is_string())
      return std::nullopt;
    const auto &word = words[i].get_ref<const std::string &>();
    while (next < names.size() && names[next].name != word)
      next++;
    if (next < names.size()) {
      bits |= names[next++].bit;
      continue;
    }
    uint32_t rest = 0;
    const size_t digits = std::min<size_t>(2, word.size());
    std::from_chars(word.data() + digits, word.data() + word.size(), rest, 16);
    const bool spelled = rest != 0 && hexadecimal(rest) == word && i + 1 == words.size();
    if (!spelled || (rest & bits_with_names(names)) != 0)
      return std::nullopt;
    bits |= rest;
  }
  return bits;
}

} // namespace

std::string_view verdict_name(w_verdict_kind verdict) {
  return name_in(kVerdicts, verdict);
}

std::optional<w_verdict_kind> verdict_from_name(std::string_view name) {
  const std::optional<size_t> index = index_in(kVerdicts, name);
  return index ? std::optional(static_cast<w_verdict_kind>(*index)) : std::nullopt;
}

std::string_view digest_kind_name(w_digest_kind kind) {
  return name_in(kDigestKinds, kind);
}

std::optional<w_digest_kind> digest_kind_from_name(std::string_view name) {
  const std::optional<size_t> index = index_in(kDigestKinds, name);
  return index ? std::optional(static_cast<w_digest_kind>(*index)) : std::nullopt;
}

std::span<const BitName> process_names() {
  return kProcesses;
}

void write_bits(JsonText &out, std::span<const BitName> names, uint32_t bits) {
  out.open_array();
  for (const BitName &name : names)
    if (bits & name.bit)
      out.string(name.name);
  if (const uint32_t rest = bits & ~bits_with_names(names); rest != 0)
    out.string(hexadecimal(rest));
  out.close_array();
}

std::string bits_text(std::span<const BitName> names, uint32_t bits) {
  std::string text;
  for (const std::string_view name : names_of_bits(names, bits))
    text += (text.empty() ? "" : ", ") + std::string(name);
  if (const uint32_t rest = bits & ~bits_with_names(names); rest != 0)
    text += (text.empty() ? "" : ", ") + hexadecimal(rest);
  return text.empty() ? "none" : text;
}

Checked<uint64_t> read_wide(ObjectReader &from, std::string_view name) {
  const std::string text = WARRANT_TRY(from.string(name, 1, kMaxDigits));
  uint64_t value = 0;
  bool good = text.size() == 1 || text[0] != '0';
  for (const char c : text)
    good = good && c >= '0' && c <= '9' && !__builtin_mul_overflow(value, 10U, &value) &&
           !__builtin_add_overflow(value, static_cast<uint64_t>(c - '0'), &value);
  if (!good)
    return malformed(from.at(name), "not a 64-bit number in decimal digits: " + printable(text));
  return value;
}

Checked<uint32_t> read_number(ObjectReader &from, std::string_view name) {
  return static_cast<uint32_t>(WARRANT_TRY(from.integer(name, 0, UINT32_MAX)));
}

Checked<uint8_t> read_byte(ObjectReader &from, std::string_view name) {
  return static_cast<uint8_t>(WARRANT_TRY(from.integer(name, 0, UINT8_MAX)));
}

Checked<uint32_t> read_bits(ObjectReader &from, std::string_view name,
                            std::span<const BitName> names) {
  const Json *list = WARRANT_TRY(from.array(name, 0, kMaxBits));
  if (const std::optional<uint32_t> bits = bits_of(names, *list))
    return *bits;
  return malformed(from.at(name), "not a list of distinct known words in order");
}

Checked<ArtifactId> read_id(ObjectReader &from, std::string_view name) {
  const std::string text = WARRANT_TRY(from.string(name, 2 * W_ID_SIZE, 2 * W_ID_SIZE));
  ArtifactId id{};
  if (!from_hex(text, id))
    return malformed(from.at(name), "not 32 lower-case hex characters");
  return id;
}

} // namespace warrant
