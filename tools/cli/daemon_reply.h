// SPDX-License-Identifier: Apache-2.0
// What warrantd answers on its socket, fit for a terminal. Another program may listen there, so
// nothing is believed to be of the right type.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "artifacts/json.h"
#include "lineage/text.h"

namespace warrant::cli {

/// A member, escaped; empty if it is not there, or no text.
inline std::string member_text(const Json &object, const char *name) {
  const auto member = object.find(name);
  if (member == object.end() || !member->is_string())
    return {};
  return Text(member->get_ref<const std::string &>()).escaped();
}

/// What the daemon complains of; empty: nothing.
inline std::string complaint_of(const Json &reply) {
  return member_text(reply, "error");
}

/// Whether it did as it was asked.
inline bool is_done(const Json &reply) {
  const auto ok = reply.find("ok");
  return ok != reply.end() && ok->is_boolean() && ok->get<bool>();
}

} // namespace warrant::cli
