// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/words.h"

#include "artifacts/time.h"
#include "lineage/text.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"

namespace warrant::cli {

void add_line(std::string &text, std::string_view label, const std::string &content) {
  constexpr size_t kLabelWidth = 12;
  text += "  " + std::string(label) + ":";
  text += std::string(label.size() < kLabelWidth ? kLabelWidth - label.size() : 1, ' ');
  text += content + "\n";
}

void add_role(std::string &text, std::string_view label, const Role &role) {
  if (role.keys.empty())
    return;
  add_line(text, label,
           std::to_string(role.threshold) + " of " + count_text(role.keys.size(), "key"));
  for (const PublicKey &key : role.keys)
    text += "    " + key.fingerprint() + "\n";
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
  if (initiator.session)
    add("audit session", std::to_string(*initiator.session));
  if (initiator.parent_sha256)
    add("callers that run the code", to_hex(*initiator.parent_sha256));
  return "only " + text;
}

std::string time_text(int64_t time) {
  return format_time(time) + " (" + relative(time, now()) + ")";
}

std::string count_text(size_t count, std::string_view what) {
  return std::to_string(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

} // namespace warrant::cli
