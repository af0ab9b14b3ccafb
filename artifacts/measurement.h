// SPDX-License-Identifier: Apache-2.0
// What the daemon extends a PCR by, so that a quote tells what was enforced.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"

namespace warrant {

/// In one boot.
inline constexpr size_t kMaxMeasurements = 4096;

/// What the daemon enforced under, as it went into a PCR.
struct Measurement {
  uint32_t pcr = 0; ///< below kPcrCount
  Digest root{};    ///< sha256 of the trust root's payload
  Digest policy{};  ///< of the policy's

  bool operator==(const Measurement &) const = default;
};

/// sha256("warrant-measured-policy-v1" || root || policy): what the PCR is extended by.
Digest measurement_digest(const Measurement &measurement);

/// What the PCR must be after those measurements that are of it, one after the other; `value`:
/// before them.
Digest extend_by(Digest value, const std::vector<Measurement> &measurements, uint32_t pcr);

/// The required member of this name: a list of {pcr, policy, root}, in the order of extension.
Checked<std::vector<Measurement>> read_measurements(ObjectReader &reader, std::string_view name);
Json measurements_json(const std::vector<Measurement> &measurements);

} // namespace warrant
