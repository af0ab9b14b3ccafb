// SPDX-License-Identifier: Apache-2.0
#include "artifacts/measurement.h"

#include <nlohmann/json.hpp>

#include "artifacts/boot_log.h"
#include "artifacts/lists.h"

namespace warrant {
namespace {

constexpr std::string_view kMeasured = "warrant-measured-policy-v1";

Checked<Measurement> read_measurement(ObjectReader &&reader) {
  Measurement measurement;
  measurement.pcr = static_cast<uint32_t>(WARRANT_TRY(reader.integer("pcr", 0, kPcrCount - 1)));
  measurement.root = WARRANT_TRY(reader.digest("root"));
  measurement.policy = WARRANT_TRY(reader.digest("policy"));
  WARRANT_TRY(reader.finish());
  return measurement;
}

} // namespace

Digest measurement_digest(const Measurement &measurement) {
  Bytes all(kMeasured.begin(), kMeasured.end());
  all.insert(all.end(), measurement.root.begin(), measurement.root.end());
  all.insert(all.end(), measurement.policy.begin(), measurement.policy.end());
  return sha256(all);
}

Digest extend_by(Digest value, const std::vector<Measurement> &measurements, uint32_t pcr) {
  for (const Measurement &measurement : measurements)
    if (measurement.pcr == pcr)
      value = extend(value, measurement_digest(measurement));
  return value;
}

Checked<std::vector<Measurement>> read_measurements(ObjectReader &reader, std::string_view name) {
  const Json *list = WARRANT_TRY(reader.array(name, 0, kMaxMeasurements));
  std::vector<Measurement> measurements;
  for (size_t i = 0; i < list->size(); i++)
    measurements.push_back(WARRANT_TRY(read_measurement(
        WARRANT_TRY(ObjectReader::open((*list)[i], reader.at(element(name, i)))))));
  return measurements;
}

Json measurements_json(const std::vector<Measurement> &measurements) {
  Json list = Json::array();
  for (const Measurement &measurement : measurements)
    list.push_back({{"pcr", measurement.pcr},
                    {"root", to_hex(measurement.root)},
                    {"policy", to_hex(measurement.policy)}});
  return list;
}

} // namespace warrant
