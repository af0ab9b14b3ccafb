// SPDX-License-Identifier: Apache-2.0
// What an artifact says of interpreters: how they may be entered, and what they may read then.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

/// How code may be entered.
enum class Entry {
  kAny,
  kScriptOnly, ///< only as the interpreter of an authorized script
};

/// What code may open for reading without an `interpret` grant; each allows less than the one
/// before.
enum class Reads {
  kAny,
  kSuffixes, ///< all but what looks like code by its name or mode (bpf/suffixes.h)
  kListed,   ///< nothing that has content of its own
};

struct InterpreterRule {
  Entry entry = Entry::kAny;
  Reads reads = Reads::kAny;

  bool operator==(const InterpreterRule &) const = default;
  bool is_empty() const { return *this == InterpreterRule{}; }
};

std::string_view entry_name(Entry entry);
std::string_view reads_name(Reads reads);
std::optional<Entry> entry_from_name(std::string_view name);
std::optional<Reads> reads_from_name(std::string_view name);

/// Both members are optional; one must be there. Rejections name the member.
Checked<InterpreterRule> read_interpreter_rule(ObjectReader &&reader);
/// Members that restrict something; an empty object if none does.
Json interpreter_rule_json(const InterpreterRule &rule);

/// What the kernel is told of `actions` (W_ACTION_* bits). Who may be entered through scripts only
/// may not be mapped either: the ELF loader, executed by hand, would run it with any arguments.
/// What it was executed as, a process maps without a grant.
uint32_t granted_actions(const InterpreterRule &rule, uint32_t actions);
/// W_ARTIFACT_READS_* bits.
uint32_t reads_constraints(const InterpreterRule &rule);

} // namespace warrant
