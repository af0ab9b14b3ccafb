// SPDX-License-Identifier: Apache-2.0
#include "artifacts/names.h"

#include <array>

namespace warrant {
namespace {

#define WARRANT_TEXT(name, text) text,
constexpr std::string_view kReasons[] = {W_REASONS(WARRANT_TEXT)};
constexpr std::string_view kHooks[] = {W_HOOKS(WARRANT_TEXT)};
constexpr std::string_view kRequests[] = {W_REQUESTS(WARRANT_TEXT)};
constexpr std::string_view kMeasures[] = {W_MEASURES(WARRANT_TEXT)};
#define WARRANT_OBJECT_TEXT(name, class, text) text,
constexpr std::string_view kObjects[] = {W_OBJECTS(WARRANT_OBJECT_TEXT)};
#undef WARRANT_OBJECT_TEXT
#undef WARRANT_TEXT
constexpr std::string_view kModes[] = {"invalid", "enforce", "observe"};
constexpr std::string_view kAudits[] = {"invalid", "optional", "required", "unavailable"};

static_assert(std::size(kReasons) == W_REASON_COUNT);
static_assert(std::size(kHooks) == W_HOOK_COUNT);
static_assert(std::size(kRequests) == W_REQUEST_COUNT);
static_assert(std::size(kMeasures) == W_MEASURE_COUNT);
static_assert(std::size(kObjects) == W_OBJECT_COUNT);
static_assert(std::size(kModes) == W_MODE_COUNT);
static_assert(std::size(kAudits) == W_AUDIT_COUNT);

constexpr BitName kActions[] = {
    {W_ACTION_EXEC, "exec"},     {W_ACTION_MAP, "map"},   {W_ACTION_INTERPRET, "interpret"},
    {W_ACTION_UPDATE, "update"}, {W_ACTION_LOAD, "load"}, {W_ACTION_ADMINISTER, "administer"},
    {W_ACTION_SCRIPT, "script"}};
constexpr BitName kPermits[] = {{W_OBJECT_BIT(W_OBJECT_PROCESS_MEMORY), "processMemory"},
                                {W_OBJECT_BIT(W_OBJECT_USERFAULT), "userfaultfd"},
                                {W_OBJECT_BIT(W_OBJECT_READ_IMPLIES_EXEC), "readImpliesExec"},
                                {W_OBJECT_BIT(W_OBJECT_PTRACE), "ptrace"},
                                {W_OBJECT_BIT(W_OBJECT_BPF), "bpf"},
                                {W_OBJECT_BIT(W_OBJECT_TRACING), "tracing"},
                                {W_OBJECT_BIT(W_OBJECT_KERNEL_MEMORY), "kernelMemory"},
                                {W_OBJECT_BIT(W_OBJECT_BLOCK_DEVICE), "blockDevices"},
                                {W_OBJECT_BIT(W_OBJECT_BINFMT), "binfmt"},
                                {W_OBJECT_BIT(W_OBJECT_OWN_BINFMT), "ownBinfmt"},
                                {W_OBJECT_BIT(W_OBJECT_MODULE), "modules"},
                                {W_OBJECT_BIT(W_OBJECT_FIRMWARE), "firmware"},
                                {W_OBJECT_BIT(W_OBJECT_KEXEC), "kexec"}};
#define WARRANT_BIT(name, bit, text) {bit, text},
constexpr BitName kFacts[] = {W_FACTS(WARRANT_BIT)};
constexpr BitName kCandidates[] = {W_CANDIDATES(WARRANT_BIT)};
#undef WARRANT_BIT

constexpr uint32_t all_bits(std::span<const BitName> table) {
  uint32_t bits = 0;
  for (const BitName &entry : table)
    bits |= entry.bit;
  return bits;
}
static_assert(all_bits(kActions) == (W_ACTION_ALL | W_ACTION_SCRIPT));

/// Every object but enforcement itself, which no policy opens.
constexpr uint32_t permissible() {
  uint32_t bits = 0;
#define WARRANT_PERMISSIBLE(name, class, text)                           \
  if (W_CLASS_##class != W_CLASS_OWN && W_CLASS_##class != W_CLASS_NONE) \
    bits |= W_OBJECT_BIT(W_OBJECT_##name);
  W_OBJECTS(WARRANT_PERMISSIBLE)
#undef WARRANT_PERMISSIBLE
  return bits;
}
static_assert(all_bits(kPermits) == permissible());
static_assert(all_bits(kFacts) == W_FACT_ALL);
static_assert(all_bits(kCandidates) == W_CANDIDATE_ALL);

std::string_view name_of(std::span<const std::string_view> names, size_t number) {
  return number < names.size() ? names[number] : "unknown";
}

template <class Enum>
std::optional<Enum> from_name(std::span<const std::string_view> names, std::string_view name) {
  for (size_t i = 0; i < names.size(); i++)
    if (names[i] == name)
      return static_cast<Enum>(i);
  return std::nullopt;
}

} // namespace

std::string_view reason_name(w_reason reason) {
  return name_of(kReasons, reason);
}
std::string_view hook_name(w_hook hook) {
  return name_of(kHooks, hook);
}
std::string_view request_name(w_request request) {
  return name_of(kRequests, request);
}
std::string_view measure_name(w_measure measure) {
  return name_of(kMeasures, measure);
}
std::string_view object_name(w_object object) {
  return name_of(kObjects, object);
}
std::string_view mode_name(w_mode mode) {
  return name_of(kModes, mode);
}
std::string_view audit_name(w_audit audit) {
  return name_of(kAudits, audit);
}

std::optional<w_reason> reason_from_name(std::string_view name) {
  return from_name<w_reason>(kReasons, name);
}
std::optional<w_hook> hook_from_name(std::string_view name) {
  return from_name<w_hook>(kHooks, name);
}
std::optional<w_request> request_from_name(std::string_view name) {
  return from_name<w_request>(kRequests, name);
}
std::optional<w_measure> measure_from_name(std::string_view name) {
  return from_name<w_measure>(kMeasures, name);
}
std::optional<w_object> object_from_name(std::string_view name) {
  return from_name<w_object>(kObjects, name);
}
std::optional<w_mode> mode_from_name(std::string_view name) {
  return from_name<w_mode>(kModes, name);
}
std::optional<w_audit> audit_from_name(std::string_view name) {
  return from_name<w_audit>(kAudits, name);
}

std::span<const BitName> action_names() {
  return kActions;
}
std::span<const BitName> permit_names() {
  return kPermits;
}
std::span<const BitName> fact_names() {
  return kFacts;
}
std::span<const BitName> candidate_names() {
  return kCandidates;
}

std::vector<std::string> names_of_bits(std::span<const BitName> table, uint32_t bits) {
  std::vector<std::string> names;
  for (const BitName &entry : table)
    if (bits & entry.bit)
      names.emplace_back(entry.name);
  return names;
}

std::string text_of_bits(std::span<const BitName> table, uint32_t bits) {
  std::string text;
  for (const std::string &name : names_of_bits(table, bits))
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::optional<uint32_t> bit_from_name(std::span<const BitName> table, std::string_view name) {
  for (const BitName &entry : table)
    if (entry.name == name)
      return entry.bit;
  return std::nullopt;
}

} // namespace warrant
