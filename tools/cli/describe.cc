// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/describe.h"

#include <array>

#include "artifacts/names.h"
#include "artifacts/time.h"
#include "lineage/text.h"
#include "tools/cli/duration.h"
#include "tools/cli/files.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxShown = 20; // subjects

void line(std::string &text, std::string_view label, const std::string &content) {
  constexpr size_t kLabelWidth = 12;
  text += "  " + std::string(label) + ":";
  text += std::string(label.size() < kLabelWidth ? kLabelWidth - label.size() : 1, ' ');
  text += content + "\n";
}

std::string actions_text(uint32_t actions) {
  std::string text;
  for (const std::string &name : names_of_bits(action_names(), actions))
    text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string initiator_text(const Initiator &initiator) {
  if (initiator.any)
    return "everybody";
  std::string text;
  const auto add = [&](std::string_view what, const std::string &value) {
    text += (text.empty() ? "" : " and ") + std::string(what) + " " + Text(value).escaped();
  };
  if (initiator.uid)
    add("uid", std::to_string(*initiator.uid));
  if (initiator.gid)
    add("gid", std::to_string(*initiator.gid));
  if (initiator.cgroup)
    add("cgroup", *initiator.cgroup);
  if (initiator.unit)
    add("unit", *initiator.unit);
  return "only " + text;
}

std::string time_text(int64_t time) {
  return format_time(time) + " (" + relative(time, now()) + ")";
}

std::string subjects_text(const Authorization &authorization) {
  if (authorization.manifest)
    return std::to_string(authorization.manifest->count) + " different contents, in manifest " +
           manifest_file_name(*authorization.manifest);
  std::string text = std::to_string(authorization.subjects.size()) +
                     (authorization.subjects.size() == 1 ? " file" : " files");
  for (size_t i = 0; i < authorization.subjects.size(); i++) {
    if (i == kMaxShown)
      return text + "\n    and " + std::to_string(authorization.subjects.size() - i) + " more";
    const Subject &subject = authorization.subjects[i];
    text += "\n    " + to_hex(subject.sha256) + "  " + Text(subject.name).escaped();
  }
  return text;
}

void add_role(std::string &text, std::string_view name, const Role &role) {
  line(text, name,
       std::to_string(role.threshold) + " of " + std::to_string(role.keys.size()) +
           (role.keys.size() == 1 ? " key" : " keys"));
  for (const PublicKey &key : role.keys)
    text += "    " + key.fingerprint() + "\n";
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
  line(text, "artifact",
       std::string(kind_name(authorization.kind)) + " " + to_hex(authorization.id));
  line(text, "lets", initiator_text(authorization.initiator));
  line(text, "do", actions_text(authorization.actions));
  line(text, "with", subjects_text(authorization));
  line(text, "on",
       authorization.host ? "host " + Text(*authorization.host).escaped()
                          : std::string("every host that trusts the issuer"));
  line(text, "from", time_text(authorization.not_before));
  line(text, "until", time_text(authorization.not_after));
  line(text, "policy", to_hex(authorization.policy_sha256));
  if (authorization.jit)
    line(text, "jit", "may make code at run time");
  if (authorization.recovery)
    line(text, "recovery", "survives a lost lease");
  for (const auto &[key, value] : authorization.governance)
    line(text, Text(key).escaped(), Text(value).escaped());
  return text;
}

std::string describe(const TrustRoot &root) {
  std::string text;
  line(text, "version", std::to_string(root.version));
  line(text, "expires", time_text(root.expires));
  add_role(text, "root", root.root);
  add_role(text, "policy", root.policy);
  add_role(text, "issuer", root.issuer);
  return text;
}

std::string describe(const Policy &policy) {
  std::string text;
  std::string filesystems;
  for (const Filesystem &filesystem : policy.filesystems)
    filesystems += (filesystems.empty() ? "" : ", ") + std::string(filesystem.name);
  line(text, "mode", std::string(mode_name(policy.mode)));
  line(text, "audit", std::string(audit_name(policy.audit)));
  line(text, "filesystems", filesystems);
  line(text, "issued", time_text(policy.issued_at));
  line(text, "expires", policy.expires ? time_text(*policy.expires) : std::string("never"));
  return text;
}

} // namespace warrant::cli
