// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/environments.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "lineage/text.h"
#include "tools/cli/duration.h"
#include "tools/cli/files.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxProfileFile = 1u << 20; // bytes

struct Words {
  std::string name;
  std::string value;
};

Words split_at(const std::string &word, char separator) {
  const size_t at = word.find(separator);
  if (at == std::string::npos)
    return {word, {}};
  return {word.substr(0, at), word.substr(at + 1)};
}

std::optional<uint32_t> pcr_from(std::string_view text) {
  uint32_t pcr = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pcr);
  if (error != std::errc() || end != text.data() + text.size() || pcr >= kPcrCount)
    return std::nullopt;
  return pcr;
}

Try<void> add_demand(const std::string &word, EnvironmentDemand &demand) {
  const Words said = split_at(word, '=');
  const Failure wrong =
      usage("--environment " + printable(word) +
            ": profile=NAME, group=NAME, key=HEX (68 characters) or pcr=N:SHA256 expected");
  if (said.value.empty())
    return wrong;
  if (said.name == "profile") {
    demand.profile = said.value;
  } else if (said.name == "group") {
    demand.group = said.value;
  } else if (said.name == "key") {
    TpmName name{};
    if (!from_hex(said.value, name))
      return wrong;
    demand.key = name;
  } else if (said.name == "pcr") {
    const Words pcr = split_at(said.value, ':');
    const std::optional<uint32_t> index = pcr_from(pcr.name);
    Digest value{};
    if (!index || !from_hex(pcr.value, value))
      return wrong;
    demand.pcrs[*index] = value;
  } else {
    return wrong;
  }
  return {};
}

Try<EnvironmentProfile> read_profile_file(const std::string &path) {
  const Bytes text = CLI_TRY(read_file(path, kMaxProfileFile));
  // As part of a policy, so that there is one way to read it.
  Json whole = {{"environments", {{"profile", CLI_TRY(in_file(path, parse_json(text)))}}}};
  ObjectReader reader = CLI_TRY(in_file(path, ObjectReader::open(whole)));
  return CLI_TRY(in_file(path, read_profiles(reader))).begin()->second;
}

Try<void> add_term(const std::string &word, Attestation &attestation) {
  const Words said = split_at(word, '=');
  const Failure wrong =
      usage("--attestation " + printable(word) +
            ": lease=DURATION, renewal=DURATION, profile=NAME or measure=PCR expected");
  if (said.name == "lease" || said.name == "renewal") {
    const auto duration = parse_duration(said.value);
    if (!duration.ok())
      return wrong;
    (said.name == "lease" ? attestation.lease : attestation.renewal) = duration.value();
  } else if (said.name == "profile" && !said.value.empty()) {
    attestation.profile = said.value;
  } else if (said.name == "measure") {
    const std::optional<uint32_t> pcr = pcr_from(said.value);
    if (!pcr || *pcr > kMaxMeasuredPcr)
      return usage("--attestation " + printable(word) + ": a PCR from 0 to " +
                   std::to_string(kMaxMeasuredPcr) + " expected; those above can be reset");
    attestation.measure = *pcr;
  } else {
    return wrong;
  }
  return {};
}

} // namespace

Try<void> apply_demands(const Arguments &arguments, EnvironmentDemand &demand) {
  if (arguments.has("--host"))
    demand.host = arguments.text("--host");
  for (const std::string &word : arguments.all("--environment"))
    CLI_TRY(add_demand(word, demand));
  return {};
}

Try<void> apply_attestation(const Arguments &arguments, Policy &policy) {
  for (const std::string &word : arguments.all("--environment")) {
    const Words said = split_at(word, '=');
    if (said.name.empty() || said.value.empty())
      return usage("--environment " + printable(word) + ": NAME=FILE expected");
    policy.environments[said.name] = CLI_TRY(read_profile_file(said.value));
  }
  const std::vector<std::string> terms = arguments.all("--attestation");
  if (terms.empty() && policy.environments.empty())
    return {};
  policy.attestation.emplace();
  bool has_renewal = false;
  for (const std::string &term : terms) {
    CLI_TRY(add_term(term, *policy.attestation));
    has_renewal = has_renewal || term.starts_with("renewal=");
  }
  if (!has_renewal)
    policy.attestation->renewal = std::min(kDefaultRenewal, policy.attestation->lease / 2);
  return {};
}

std::string demand_text(const EnvironmentDemand &demand) {
  std::string text;
  const auto add = [&](const std::string &what) { text += (text.empty() ? "" : ", ") + what; };
  if (demand.host)
    add("host " + Text(*demand.host).escaped());
  if (demand.key)
    add("the machine with TPM key " + to_hex(*demand.key));
  if (demand.group)
    add("machines enrolled in group " + Text(*demand.group).escaped());
  if (demand.profile)
    add("in environment " + Text(*demand.profile).escaped());
  for (const auto &[pcr, value] : demand.pcrs)
    add("with PCR " + std::to_string(pcr) + " " + to_hex(value));
  return text;
}

std::string attestation_text(const Attestation &attestation) {
  std::string text = "leases of " + format_duration(attestation.lease) + ", renewed every " +
                     format_duration(attestation.renewal);
  if (attestation.profile)
    text += ", environment " + Text(*attestation.profile).escaped() + " asked of everything";
  if (attestation.measure)
    text += ", measured into PCR " + std::to_string(*attestation.measure);
  return text;
}

} // namespace warrant::cli
