// SPDX-License-Identifier: Apache-2.0
#include "artifacts/interpreter.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>

#include "bpf/abi.h"

namespace warrant {
namespace {

constexpr std::array<std::string_view, 2> kEntries = {"any", "scriptOnly"};
constexpr std::array<std::string_view, 3> kReads = {"any", "suffixes", "listed"};
static_assert(static_cast<size_t>(Entry::kScriptOnly) + 1 == kEntries.size());
static_assert(static_cast<size_t>(Reads::kListed) + 1 == kReads.size());

constexpr size_t kMaxWord = 16;

template <class Enum, size_t kCount>
std::optional<Enum> from_name(const std::array<std::string_view, kCount> &names,
                              std::string_view name) {
  for (size_t i = 0; i < kCount; i++)
    if (names[i] == name)
      return static_cast<Enum>(i);
  return std::nullopt;
}

} // namespace

std::string_view entry_name(Entry entry) {
  return kEntries.at(static_cast<size_t>(entry));
}
std::string_view reads_name(Reads reads) {
  return kReads.at(static_cast<size_t>(reads));
}
std::optional<Entry> entry_from_name(std::string_view name) {
  return from_name<Entry>(kEntries, name);
}
std::optional<Reads> reads_from_name(std::string_view name) {
  return from_name<Reads>(kReads, name);
}

Checked<InterpreterRule> read_interpreter_rule(ObjectReader &&reader) {
  InterpreterRule rule;
  if (reader.members().empty())
    return malformed(reader.at("entry"), "missing, and reads too: one of them expected",
                     "say what is restricted, or leave interpreter out");
  if (reader.has("entry")) {
    const std::optional<Entry> entry =
        entry_from_name(WARRANT_TRY(reader.string("entry", 0, kMaxWord)));
    if (!entry)
      return malformed(reader.at("entry"), "any or scriptOnly expected");
    rule.entry = *entry;
  }
  if (reader.has("reads")) {
    const std::optional<Reads> reads =
        reads_from_name(WARRANT_TRY(reader.string("reads", 0, kMaxWord)));
    if (!reads)
      return malformed(reader.at("reads"), "any, suffixes or listed expected");
    rule.reads = *reads;
  }
  WARRANT_TRY(reader.finish());
  return rule;
}

Json interpreter_rule_json(const InterpreterRule &rule) {
  Json json = Json::object();
  if (rule.entry != Entry::kAny)
    json["entry"] = entry_name(rule.entry);
  if (rule.reads != Reads::kAny)
    json["reads"] = reads_name(rule.reads);
  return json;
}

uint32_t granted_actions(const InterpreterRule &rule, uint32_t actions) {
  if (rule.entry != Entry::kScriptOnly)
    return actions;
  const uint32_t entry = actions & W_ACTION_EXEC ? W_ACTION_SCRIPT : 0;
  return (actions & ~(W_ACTION_EXEC | W_ACTION_MAP)) | entry;
}

uint32_t reads_constraints(const InterpreterRule &rule) {
  switch (rule.reads) {
    case Reads::kSuffixes:
      return W_ARTIFACT_READS_SUFFIXES;
    case Reads::kListed:
      return W_ARTIFACT_READS_LISTED;
    case Reads::kAny:
      break;
  }
  return 0;
}

} // namespace warrant
