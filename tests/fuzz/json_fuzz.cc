// SPDX-License-Identifier: Apache-2.0
// The parser agrees with another one on whatever bytes.
#include <nlohmann/json.hpp>

#include "tests/fuzz/require.h"
#include "tests/property/json_oracle.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  const auto ours = parse_json(bytes);
  const auto other = test::parse_json_slowly(bytes);
  require(ours.ok() == other.ok());
  if (ours.ok())
    require(ours.value() == other.value());
  else // between two elements of an array the two count differently
    require(ours.error().field == other.error().field ||
            ours.error().detail.starts_with("not JSON"));
  return 0;
}
