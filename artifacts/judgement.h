// SPDX-License-Identifier: Apache-2.0
// Whether a machine is in the state that something asks for, told from evidence. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/attestation_key.h"
#include "artifacts/boot_log.h"
#include "artifacts/environment.h"
#include "artifacts/ima_log.h"
#include "artifacts/policy.h"
#include "artifacts/quote.h"
#include "artifacts/rejection.h"

namespace warrant {

/// All that one slot of the environment table stands for.
struct Requirement {
  std::vector<std::string> names; ///< of the profiles, for people; sorted
  std::vector<EnvironmentProfile> profiles;
  std::map<uint32_t, Digest> pcrs;

  bool is_empty() const { return profiles.empty() && pcrs.empty(); }
};

/// What this demand comes to under a policy, whose own profile is asked of everything. Profiles
/// that the policy does not have are left out: verification blocks such artifacts.
Requirement requirement_of(const EnvironmentDemand &demand, const Policy &policy);

/// "measured+pcrs": for people; of one that asks no more than an enrolled machine, "enrolled".
std::string name_of(const Requirement &requirement);

/// Equal for requirements that the same evidence of the same machine meets.
Digest requirement_id(const Requirement &requirement, const TpmName &key);

/// PCRs that must be quoted to judge it.
PcrMask pcrs_of(const Requirement &requirement);

/// What the machine says of itself. The PCRs are as a TPM quoted them; the logs are worth what
/// their replay is; the kernel's words are worth what the kernel is.
struct Evidence {
  PcrValues pcrs;
  Result<BootLog> boot_log = Error{"no boot log"};
  Result<std::vector<ImaEntry>> ima_log = Error{"no IMA log"};
  std::string command_line; ///< /proc/cmdline without the line feed
  std::string release;      ///< of the kernel
  std::optional<Lockdown> lockdown;
};

/// The quote, if the key signed it for this nonce and these values, and all of `pcrs` are in it.
/// Error: what does not fit.
Result<Quote> check_quote(const SignedQuote &quote, const P256Point &key, ByteView nonce,
                          PcrMask pcrs, const PcrValues &values);

/// ENVIRONMENT_FAILURE: what is not as it should be, and by which event of which log it came.
Checked<void> judge_environment(const Requirement &requirement, const Evidence &evidence);

} // namespace warrant
