// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/blame.h"

#include <nlohmann/json.hpp>

#include "artifacts/bytes.h"
#include "artifacts/json.h"

namespace warrant::cli {
namespace {

/// A member, with all below it, and an option that says what stands there. The first line of a
/// member whose option was given counts, else the first whose option the command has.
struct Origin {
  std::string_view field;
  std::string_view option;
};

constexpr Origin kOrigins[] = {
    {"subject", "--subject"},
    {"predicate.actions", "--action"},
    {"predicate.artifacts", "--artifact"},
    {"predicate.breakglass", "--breakglass-max-window"},
    {"predicate.constraints.maxUses", "--max-uses"},
    {"predicate.covers", "--covers-all"},
    {"predicate.delegation", "--delegate-key"},
    {"predicate.digests", "--digest"},
    {"predicate.attestation", "--attestation"},
    {"predicate.environment.host", "--host"},
    {"predicate.environment", "--environment"},
    {"predicate.environments", "--environment"},
    {"predicate.epoch", "--epoch"},
    {"predicate.expires", "--valid-for"},
    {"predicate.expires", "--expires"},
    {"predicate.governance", "--governance"},
    {"predicate.honours", "--honour"},
    {"predicate.groups", "--group"},
    {"predicate.host", "--host"},
    {"predicate.hosts", "--host"},
    {"predicate.initiator", "--initiator"},
    {"predicate.issuers", "--issuer"},
    {"predicate.lineage", "--parent"},
    {"predicate.resolves", "--resolves"},
    {"predicate.revocation", "--revocation-max-age"},
    {"predicate.validity", "--valid-for"},
    {"predicate.validity", "--not-after"},
    {"predicate.validity", "--not-before"},
    {"predicate.version", "--version"},
    {"predicate.version", "--root-version"},
};

bool is_within(std::string_view field, std::string_view outer) {
  return field.starts_with(outer) &&
         (field.size() == outer.size() || field[outer.size()] == '.' || field[outer.size()] == '[');
}

const Origin *origin_of(const Arguments &arguments, std::string_view field) {
  const Origin *known = nullptr;
  for (const Origin &origin : kOrigins) {
    if (!is_within(field, origin.field) || !arguments.takes(origin.option))
      continue;
    if (arguments.has(origin.option))
      return &origin;
    known = known ? known : &origin;
  }
  return known;
}

/// Members that stand beside the refused one, as people would type them.
std::string with_options(std::string text, const Origin &origin) {
  const std::string member = std::string(origin.field) + ".";
  for (size_t at = text.find(member); at != std::string::npos; at = text.find(member, at))
    text.replace(at, member.size(), std::string(origin.option) + " ");
  return text;
}

bool is_utf8(const std::string &text) {
  const Json json(text);
  return json.dump(-1, ' ', false, Json::error_handler_t::ignore) ==
         json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// The document does not say which of its members JSON cannot carry.
std::optional<Failure> not_utf8(const Arguments &arguments) {
  for (const std::string_view option :
       {"--environment", "--governance", "--group", "--host", "--initiator", "--subject"})
    if (arguments.takes(option))
      for (const std::string &value : arguments.all(option))
        if (!is_utf8(value))
          return usage(std::string(option) + " " + printable(value) + ": not UTF-8");
  return std::nullopt;
}

} // namespace

Failure blame(const Arguments &arguments, const Rejection &rejection) {
  if (rejection.field.empty())
    return not_utf8(arguments).value_or(as_failure(rejection));
  const Origin *origin = origin_of(arguments, rejection.field);
  if (!origin)
    return as_failure(rejection);
  const std::vector<std::string> values = arguments.all(origin->option);
  std::string text(origin->option);
  if (values.size() == 1 && !values[0].empty())
    text += " " + printable(values[0]);
  text += ": " + rejection.detail;
  if (!rejection.fix.empty())
    text += " (fix: " + rejection.fix + ")";
  return usage(with_options(std::move(text), *origin));
}

} // namespace warrant::cli
