// SPDX-License-Identifier: Apache-2.0
#include "daemon/attestation.h"

#include <algorithm>

#include "artifacts/boot_facts.h"
#include "daemon/boot_notes.h"
#include "daemon/evidence.h"

namespace warrant {
namespace {

constexpr int kTries = 5;

Result<AttestationClaims> collect(const AttestationRequest &request) {
  AttestationClaims claims;
  claims.challenge = request.challenge;
  claims.time = request.time;
  claims.enrollment = request.enrollment;
  claims.checkpoint = request.checkpoint;
  if (request.boot_log)
    claims.boot_log = WARRANT_TRY(read_file(*request.boot_log, kMaxBootLog));
  if (request.ima_log)
    claims.ima_log = WARRANT_TRY(read_file(*request.ima_log, kMaxBundleImaLog));
  claims.measurements = WARRANT_TRY(load_notes(request.notes, request.boot)).measurements;
  const Evidence said = read_evidence(request.root, false);
  claims.command_line = said.command_line;
  claims.release = said.release;
  claims.lockdown = said.lockdown;
  return claims;
}

// Whether what the TPM says is of the same moment as the logs.
bool is_settled(const AttestationClaims &claims, const PcrValues &pcrs) {
  PcrValues booted;
  if (claims.boot_log)
    if (const Result<BootLog> log = parse_boot_log(*claims.boot_log); log.ok())
      booted = replay(log.value());
  const auto before = [&](uint32_t pcr) {
    const auto found = booted.find(pcr);
    return found == booted.end() ? Digest{} : found->second;
  };
  for (const Measurement &measurement : claims.measurements)
    if (const auto quoted = pcrs.find(measurement.pcr);
        quoted != pcrs.end() &&
        quoted->second != extend_by(before(measurement.pcr), claims.measurements, measurement.pcr))
      return false;
  const auto quoted = pcrs.find(kPcrIma);
  if (!claims.ima_log || quoted == pcrs.end())
    return true;
  const Result<std::vector<ImaEntry>> log = parse_ima_log(*claims.ima_log);
  if (!log.ok())
    return false;
  const Result<size_t> matched = match_ima_log(log.value(), kPcrIma, quoted->second);
  return matched.ok() && std::none_of(log.value().begin() + static_cast<ptrdiff_t>(matched.value()),
                                      log.value().end(),
                                      [](const ImaEntry &entry) { return entry.pcr == kPcrIma; });
}

} // namespace

const char *const kBootLogPath = "/sys/kernel/security/tpm0/binary_bios_measurements";
const char *const kImaLogPath = "/sys/kernel/security/ima/binary_runtime_measurements";

Result<AttestationBundle> attest(Tpm &tpm, const AttestationRequest &request) {
  std::optional<AttestationBundle> last;
  for (int tries = 0; tries < kTries; tries++) {
    AttestationBundle bundle;
    bundle.claims = WARRANT_TRY(collect(request));
    bundle.quote =
        WARRANT_TRY(tpm.quote(request.key_handle, request.pcrs, attestation_nonce(bundle.claims)));
    bundle.pcrs = WARRANT_TRY(tpm.read_pcrs(request.pcrs));
    const Quote said = WARRANT_TRY(parse_quote(bundle.quote.attest));
    if (WARRANT_TRY(digest_of_pcrs(bundle.pcrs, said.pcrs)) != said.pcr_digest)
      continue;
    if (is_settled(bundle.claims, bundle.pcrs))
      return bundle;
    last.emplace(std::move(bundle));
  }
  if (!last)
    return Error{"the PCRs change faster than the TPM can be asked"};
  return std::move(*last);
}

} // namespace warrant
