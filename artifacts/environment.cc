// SPDX-License-Identifier: Apache-2.0
#include "artifacts/environment.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "artifacts/lists.h"

namespace warrant {
namespace {

constexpr std::string_view kBank = "sha256";
constexpr std::array<std::string_view, 3> kLockdowns = {"none", "integrity", "confidentiality"};

/// The number of a PCR in its one decimal spelling.
Checked<uint32_t> read_index(const std::string &field, const std::string &text) {
  uint32_t index = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc() || end != text.data() + text.size() || index >= kPcrCount ||
      std::to_string(index) != text)
    return malformed(field, "number of a PCR expected, 0 to " + std::to_string(kPcrCount - 1));
  return index;
}

/// {"sha256": {"7": ...}}: calls `read(inner reader, member, index)` for each PCR.
template <class Read>
Checked<void> read_pcrs(ObjectReader &reader, const Read &read) {
  ObjectReader banks = WARRANT_TRY(reader.object("pcrs"));
  ObjectReader bank = WARRANT_TRY(banks.object(kBank));
  WARRANT_TRY(banks.finish());
  if (bank.members().empty())
    return malformed(reader.at("pcrs"), "at least one PCR expected");
  for (const auto &entry : bank.members().items()) {
    const uint32_t index = WARRANT_TRY(read_index(bank.at(printable(entry.key())), entry.key()));
    WARRANT_TRY(read(bank, entry.key(), index));
  }
  return {};
}

Checked<CommandLineRule> read_command_line(ObjectReader &&reader) {
  CommandLineRule rule;
  for (const auto &[name, list] :
       {std::pair{"require", &rule.require}, {"refuse", &rule.refuse}, {"except", &rule.except}})
    if (reader.has(name))
      *list = WARRANT_TRY(read_texts(reader, name, 1, kMaxPatterns, kMaxPattern));
  if (rule.is_empty())
    return malformed(reader.at("require"), "nothing is required and nothing refused");
  WARRANT_TRY(reader.finish());
  return rule;
}

Checked<void> read_kernel(ObjectReader &&reader, EnvironmentProfile &profile) {
  if (reader.has("releases"))
    profile.releases = WARRANT_TRY(read_texts(reader, "releases", 1, kMaxPatterns, kMaxPattern));
  if (reader.has("lockdown")) {
    const std::string word = WARRANT_TRY(reader.string("lockdown", 0, kMaxProfileName));
    profile.lockdown = lockdown_from_name(word);
    if (!profile.lockdown || *profile.lockdown == Lockdown::kNone)
      return malformed(reader.at("lockdown"), "integrity or confidentiality expected");
  }
  return reader.finish();
}

/// What asks for something says so: false is not a word for "either".
Checked<bool> read_true(ObjectReader &reader, std::string_view name) {
  if (!reader.has(name))
    return false;
  if (!WARRANT_TRY(reader.boolean(name)))
    return malformed(reader.at(name), "true expected: leave it out to ask nothing");
  return true;
}

Checked<EnvironmentProfile> read_profile(ObjectReader &&reader) {
  EnvironmentProfile profile;
  if (reader.has("pcrs"))
    WARRANT_TRY(read_pcrs(
        reader, [&](ObjectReader &bank, const std::string &name, uint32_t index) -> Checked<void> {
          profile.pcrs[index] = WARRANT_TRY(read_digests(bank, name, 1, kMaxPcrValues));
          return {};
        }));
  profile.secure_boot = WARRANT_TRY(read_true(reader, "secureBoot"));
  if (reader.has("bootLoaders"))
    profile.boot_loaders = WARRANT_TRY(read_digests(reader, "bootLoaders", 1, kMaxLoaders));
  if (reader.has("commandLine"))
    profile.command_line =
        WARRANT_TRY(read_command_line(WARRANT_TRY(reader.object("commandLine"))));
  if (reader.has("kernel"))
    WARRANT_TRY(read_kernel(WARRANT_TRY(reader.object("kernel")), profile));
  profile.ima_log = WARRANT_TRY(read_true(reader, "imaLog"));
  WARRANT_TRY(reader.finish());
  return profile;
}

Checked<std::string> read_profile_name(ObjectReader &reader) {
  return reader.string("profile", 1, kMaxProfileName);
}

template <class T>
bool is_kept(const std::optional<T> &child, const std::optional<T> &parent) {
  return !parent || child == parent;
}

} // namespace

std::string_view lockdown_name(Lockdown lockdown) {
  return kLockdowns.at(static_cast<size_t>(lockdown));
}

std::optional<Lockdown> lockdown_from_name(std::string_view name) {
  const auto *const found = std::find(kLockdowns.begin(), kLockdowns.end(), name);
  if (found == kLockdowns.end())
    return std::nullopt;
  return static_cast<Lockdown>(found - kLockdowns.begin());
}

Checked<EnvironmentDemand> read_demand(ObjectReader &&reader) {
  EnvironmentDemand demand;
  if (reader.has("host"))
    demand.host = WARRANT_TRY(reader.string("host", 1, kMaxHostName));
  if (reader.has("key")) {
    TpmName name{};
    if (!from_hex(WARRANT_TRY(reader.string("key", 1, 2 * name.size())), name))
      return malformed(reader.at("key"),
                       "name of a TPM key expected: " + std::to_string(2 * name.size()) +
                           " lower-case hex characters");
    demand.key = name;
  }
  if (reader.has("group"))
    demand.group = WARRANT_TRY(reader.string("group", 1, kMaxGroupName));
  if (reader.has("profile"))
    demand.profile = WARRANT_TRY(read_profile_name(reader));
  if (reader.has("pcrs"))
    WARRANT_TRY(read_pcrs(
        reader, [&](ObjectReader &bank, const std::string &name, uint32_t index) -> Checked<void> {
          demand.pcrs[index] = WARRANT_TRY(bank.digest(name));
          return {};
        }));
  WARRANT_TRY(reader.finish());
  return demand;
}

Json demand_json(const EnvironmentDemand &demand) {
  Json json = Json::object();
  if (demand.host)
    json["host"] = *demand.host;
  if (demand.key)
    json["key"] = to_hex(*demand.key);
  if (demand.group)
    json["group"] = *demand.group;
  if (demand.profile)
    json["profile"] = *demand.profile;
  for (const auto &[index, value] : demand.pcrs)
    json["pcrs"][std::string(kBank)][std::to_string(index)] = to_hex(value);
  return json;
}

Checked<Profiles> read_profiles(ObjectReader &reader) {
  Profiles profiles;
  if (!reader.has("environments"))
    return profiles;
  const ObjectReader all = WARRANT_TRY(reader.object("environments"));
  if (all.members().empty() || all.members().size() > kMaxProfiles)
    return malformed(reader.at("environments"),
                     "1 to " + std::to_string(kMaxProfiles) + " profiles expected");
  for (const auto &entry : all.members().items()) {
    const std::string field = all.at(printable(entry.key()));
    if (entry.key().empty() || entry.key().size() > kMaxProfileName)
      return malformed(field,
                       "name of 1 to " + std::to_string(kMaxProfileName) + " bytes expected");
    profiles.emplace(
        entry.key(),
        WARRANT_TRY(read_profile(WARRANT_TRY(ObjectReader::open(entry.value(), field)))));
  }
  return profiles;
}

Checked<std::optional<Attestation>> read_attestation(ObjectReader &reader,
                                                     const Profiles &profiles) {
  if (!reader.has("attestation")) {
    if (!profiles.empty())
      return malformed(reader.at("attestation"), "missing, although there are environments",
                       "say how the machine proves them");
    return std::optional<Attestation>();
  }
  ObjectReader inner = WARRANT_TRY(reader.object("attestation"));
  Attestation attestation;
  if (inner.has("lease"))
    attestation.lease = WARRANT_TRY(inner.integer("lease", 2, kMaxLease));
  attestation.renewal = std::min(kDefaultRenewal, attestation.lease / 2);
  if (inner.has("renewal"))
    attestation.renewal = WARRANT_TRY(inner.integer("renewal", 1, kMaxLease));
  if (attestation.renewal >= attestation.lease)
    return malformed(inner.at("renewal"), "not shorter than the lease");
  if (inner.has("profile")) {
    attestation.profile = WARRANT_TRY(read_profile_name(inner));
    if (!profiles.contains(*attestation.profile))
      return malformed(inner.at("profile"), "there is no such environment");
  }
  if (inner.has("measure"))
    attestation.measure =
        static_cast<uint32_t>(WARRANT_TRY(inner.integer("measure", 0, kMaxMeasuredPcr)));
  WARRANT_TRY(inner.finish());
  return std::optional(attestation);
}

Json profile_json(const EnvironmentProfile &profile) {
  Json json = Json::object();
  for (const auto &[index, values] : profile.pcrs)
    json["pcrs"][std::string(kBank)][std::to_string(index)] = digests_json(values);
  if (profile.secure_boot)
    json["secureBoot"] = true;
  if (!profile.boot_loaders.empty())
    json["bootLoaders"] = digests_json(profile.boot_loaders);
  const CommandLineRule &rule = profile.command_line;
  for (const auto &[name, list] :
       {std::pair{"require", &rule.require}, {"refuse", &rule.refuse}, {"except", &rule.except}})
    if (!list->empty())
      json["commandLine"][name] = *list;
  if (!profile.releases.empty())
    json["kernel"]["releases"] = profile.releases;
  if (profile.lockdown)
    json["kernel"]["lockdown"] = lockdown_name(*profile.lockdown);
  if (profile.ima_log)
    json["imaLog"] = true;
  return json;
}

Json attestation_json(const Attestation &attestation) {
  Json json = {{"lease", attestation.lease}, {"renewal", attestation.renewal}};
  if (attestation.profile)
    json["profile"] = *attestation.profile;
  if (attestation.measure)
    json["measure"] = *attestation.measure;
  return json;
}

std::optional<std::string> wider_demand(const EnvironmentDemand &child,
                                        const EnvironmentDemand &parent) {
  if (!is_kept(child.host, parent.host))
    return "host";
  if (!is_kept(child.key, parent.key))
    return "key";
  if (!is_kept(child.group, parent.group))
    return "group";
  if (!is_kept(child.profile, parent.profile))
    return "profile";
  const bool has_all = std::all_of(parent.pcrs.begin(), parent.pcrs.end(), [&](const auto &pcr) {
    const auto own = child.pcrs.find(pcr.first);
    return own != child.pcrs.end() && own->second == pcr.second;
  });
  return has_all ? std::nullopt : std::optional<std::string>("pcrs");
}

} // namespace warrant
