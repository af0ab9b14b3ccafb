// SPDX-License-Identifier: Apache-2.0
// What artifacts and policies may ask of the machine that code runs on.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/attestation_key.h"
#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

inline constexpr size_t kMaxHostName = 253;
inline constexpr size_t kMaxProfiles = 64;
inline constexpr size_t kMaxProfileName = 64;
inline constexpr size_t kMaxGroupName = 64;
inline constexpr size_t kMaxPcrValues = 64; ///< of one PCR
inline constexpr size_t kMaxLoaders = 256;
inline constexpr size_t kMaxPatterns = 64; ///< of one list
inline constexpr size_t kMaxPattern = 256; ///< bytes

inline constexpr int64_t kDefaultLease = 60;    ///< seconds
inline constexpr int64_t kDefaultRenewal = 20;  ///< seconds
inline constexpr int64_t kMaxLease = 24 * 3600; ///< seconds
inline constexpr uint32_t kMaxMeasuredPcr = 15; ///< those above can be reset while Linux runs

/// /sys/kernel/security/lockdown, from weak to strong.
enum class Lockdown { kNone, kIntegrity, kConfidentiality };
std::string_view lockdown_name(Lockdown lockdown);
std::optional<Lockdown> lockdown_from_name(std::string_view name);

/// Of the kernel's command line, word by word, as matches_pattern(). In names of parameters `-` and
/// `_` are the same, as they are for the kernel.
struct CommandLineRule {
  std::vector<std::string> require; ///< each matches some word; sorted, as the next two
  std::vector<std::string> refuse;  ///< match no word,
  std::vector<std::string> except;  ///< unless one of these matches it too

  bool is_empty() const { return require.empty() && refuse.empty(); }
  bool operator==(const CommandLineRule &) const = default;
};

/// A state of the machine that the policy has a name for. All of it must hold.
struct EnvironmentProfile {
  std::map<uint32_t, std::vector<Digest>> pcrs; ///< one of these; sorted
  bool secure_boot = false;                     ///< the boot log proves that it was on
  std::vector<Digest> boot_loaders;  ///< all EFI applications that it tells of; sorted; empty: any
  CommandLineRule command_line;      ///< which the boot log must prove, if anything is asked of it
  std::vector<std::string> releases; ///< of the kernel: patterns, one must match; empty: any
  std::optional<Lockdown> lockdown;  ///< at least
  bool ima_log = false;              ///< IMA's log replays to PCR 10

  bool operator==(const EnvironmentProfile &) const = default;
};

/// How the machine proves its state. A policy without it asks for no proof.
struct Attestation {
  int64_t lease = kDefaultLease;      ///< seconds that a proof is good for
  int64_t renewal = kDefaultRenewal;  ///< seconds between proofs; less than `lease`
  std::optional<std::string> profile; ///< asked of all artifacts; absent: only of those that ask
  /// PCR that the daemon extends by what it enforces under; absent: none.
  std::optional<uint32_t> measure;

  bool operator==(const Attestation &) const = default;
};

using Profiles = std::map<std::string, EnvironmentProfile>;

/// What an artifact asks; all that is given must hold.
struct EnvironmentDemand {
  std::optional<std::string> host;  ///< name of the machine
  std::optional<TpmName> key;       ///< its attestation key
  std::optional<std::string> group; ///< one that it is enrolled in
  std::optional<std::string> profile;
  std::map<uint32_t, Digest> pcrs; ///< SHA-256 bank

  /// Whether a TPM must speak for it.
  bool needs_proof() const { return key || group || profile || !pcrs.empty(); }
  /// Whether there is anything in it.
  bool is_empty() const { return !host && !needs_proof(); }
  bool operator==(const EnvironmentDemand &) const = default;
};

Checked<EnvironmentDemand> read_demand(ObjectReader &&reader);
Json demand_json(const EnvironmentDemand &demand);

/// The optional members `environments` and `attestation` of a policy. Profiles without attestation
/// are MALFORMED, and so is a name that there is no profile of.
Checked<Profiles> read_profiles(ObjectReader &reader);
Checked<std::optional<Attestation>> read_attestation(ObjectReader &reader,
                                                     const Profiles &profiles);
Json profile_json(const EnvironmentProfile &profile);
Json attestation_json(const Attestation &attestation);

/// Where the first is not at least as narrow as the second: the member's name.
std::optional<std::string> wider_demand(const EnvironmentDemand &child,
                                        const EnvironmentDemand &parent);

} // namespace warrant
