// SPDX-License-Identifier: Apache-2.0
#include "lineage/line.h"

namespace warrant {
namespace {

// The string value of the last member of this name; empty if there is none.
std::string_view last_value(std::string_view line, std::string_view member) {
  const size_t at = line.rfind(member);
  if (at == std::string_view::npos)
    return {};
  const std::string_view rest = line.substr(at + member.size());
  return rest.substr(0, rest.find('"'));
}

} // namespace

std::string_view type_of_line(std::string_view line) {
  return last_value(line, "\"type\":\"");
}

std::string_view boot_of_line(std::string_view line) {
  return last_value(line, "\"boot\":\"");
}

bool is_denial_line(std::string_view line) {
  return type_of_line(line) == "decision" && last_value(line, "\"verdict\":\"") != "allow";
}

bool is_artifact_line(std::string_view line) {
  const std::string_view type = type_of_line(line);
  return type == "accepted" || type == "rejected" || type == "withdrawn";
}

} // namespace warrant
