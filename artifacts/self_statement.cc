// SPDX-License-Identifier: Apache-2.0
#include "artifacts/self_statement.h"

#include <nlohmann/json.hpp>

#include "artifacts/in_toto.h"
#include "artifacts/statement.h"

namespace warrant {
namespace {

Json self_subject(std::string_view name, const Json &predicate) {
  const std::string canonical = predicate.dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::array({{{"name", name}, {"digest", {{"sha256", to_hex(sha256(view(canonical)))}}}}});
}

} // namespace

Checked<Json> parse_self_statement(ByteView payload, std::string_view type, std::string_view name) {
  Statement statement = WARRANT_TRY(parse_statement(payload, type));
  if (statement.subject != self_subject(name, statement.predicate))
    return malformed("subject",
                     "exactly one expected: \"" + std::string(name) +
                         "\" with the sha256 of the predicate in canonical JSON",
                     "let `warrant` write the statement");
  return std::move(statement.predicate);
}

std::string serialize_self_statement(std::string_view type, std::string_view name, Json predicate) {
  Json subject = self_subject(name, predicate);
  return serialize_statement(type, std::move(subject), std::move(predicate));
}

} // namespace warrant
