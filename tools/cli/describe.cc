// SPDX-License-Identifier: Apache-2.0
// describe() of artifacts.
#include "tools/cli/describe.h"

#include <array>

#include "artifacts/manifest.h"
#include "artifacts/names.h"
#include "lineage/text.h"
#include "tools/cli/duration.h"
#include "tools/cli/environments.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxShown = 20; // subjects

std::string subjects_text(const Authorization &authorization) {
  if (authorization.covers == Covers::kAll)
    return "ANY code whatsoever";
  if (authorization.manifest)
    return std::to_string(authorization.manifest->count) + " different contents, in manifest " +
           manifest_file_name(*authorization.manifest);
  std::string text = count_text(authorization.subjects.size(), "file");
  for (size_t i = 0; i < authorization.subjects.size(); i++) {
    if (i == kMaxShown)
      return text + "\n    and " + std::to_string(authorization.subjects.size() - i) + " more";
    const Subject &subject = authorization.subjects[i];
    text += "\n    " + to_hex(subject.sha256) + "  " + Text(subject.name).escaped();
    if (subject.verity)
      text += "\n      or, as its drafter says, by fs-verity " + to_hex(*subject.verity);
  }
  return text;
}

void add_end(std::string &text, const Authorization &authorization) {
  const std::string ends = "ends its processes and all that came from them";
  if (authorization.kill_on_expiry)
    add_line(text, "its end", ends);
  if (authorization.kill_on_revoke)
    add_line(text, "revoking it", ends);
}

void add_interpreter(std::string &text, const InterpreterRule &rule) {
  if (rule.entry == Entry::kScriptOnly)
    add_line(text, "entered", "only as the interpreter of an authorized script");
  if (rule.reads == Reads::kSuffixes)
    add_line(text, "reads", "what looks like code only where interpret is granted for it");
  if (rule.reads == Reads::kListed)
    add_line(text, "reads", "only files for which interpret is granted");
}

void add_ancestry(std::string &text, const Authorization &authorization) {
  if (authorization.parent)
    add_line(text, "parent",
             to_hex(*authorization.parent) +
                 (authorization.requires_parent ? ", and only for callers that run under it" : ""));
  if (!authorization.delegation)
    return;
  const uint32_t depth = authorization.delegation->max_depth;
  add_line(
      text, "passed on",
      "by these keys, each within what is said here" +
          (depth > 1 ? ", and further, up to " + std::to_string(depth) + " times" : std::string()));
  add_role(text, "delegates", authorization.delegation->role);
}

} // namespace

std::string relative(int64_t time, int64_t now) {
  if (time == now)
    return "now";
  return time > now ? "in " + format_duration(time - now) : format_duration(now - time) + " ago";
}

Window window_at(const Authorization &authorization, int64_t at) {
  if (at < authorization.not_before)
    return Window::kNotYetValid;
  return at < authorization.not_after ? Window::kOpen : Window::kExpired;
}

std::string_view window_name(Window window) {
  constexpr std::array<std::string_view, 3> kNames = {"notYetValid", "open", "expired"};
  return kNames.at(static_cast<size_t>(window));
}

std::string describe(const Authorization &authorization) {
  std::string text;
  add_line(text, "artifact",
           std::string(kind_name(authorization.kind)) + " " + to_hex(authorization.id));
  add_line(text, "lets", initiator_text(authorization.initiator));
  add_line(text, "do", text_of_bits(action_names(), authorization.actions));
  add_line(text, "with", subjects_text(authorization));
  if (authorization.max_uses)
    add_line(text, "at most", count_text(static_cast<size_t>(*authorization.max_uses), "exec"));
  const std::string place = demand_text(authorization.environment);
  add_line(text, "on", place.empty() ? "every host that trusts the issuer" : place);
  add_line(text, "issued", time_text(authorization.issued_at));
  add_line(text, "from", time_text(authorization.not_before));
  add_line(text, "until", time_text(authorization.not_after));
  add_end(text, authorization);
  add_line(text, "policy",
           authorization.policy_sha256 == Digest{} ? "none" : to_hex(authorization.policy_sha256));
  if (authorization.jit)
    add_line(text, "jit", "may make code at run time");
  add_interpreter(text, authorization.interpreter);
  if (authorization.recovery)
    add_line(text, "recovery", "survives a lost lease");
  add_ancestry(text, authorization);
  if (!authorization.governance.empty())
    text += "  it says of itself, and nothing enforces:\n";
  for (const auto &[key, value] : authorization.governance)
    text += "    " + Text(key).escaped() + " = " + Text(value).escaped() + "\n";
  return text;
}

} // namespace warrant::cli
