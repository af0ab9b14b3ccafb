// SPDX-License-Identifier: Apache-2.0
// Any bytes as IMA's log. What is read is as long as it says, and what its entries replay to is
// found again, by as few of them as that takes.
#include "artifacts/ima_log.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

/// PCR, SHA-1, and the two lengths.
constexpr size_t kSmallestEntry = 4 + 20 + 4 + 4;

void check_matches(const std::vector<ImaEntry> &log, uint32_t pcr) {
  Digest value{};
  require(match_ima_log(log, pcr, value).value() == 0);
  for (size_t i = 0; i < log.size(); i++) {
    if (log[i].pcr != pcr)
      continue;
    value = extend(value, log[i].sha256);
    require(match_ima_log(log, pcr, value).value() == i + 1);
  }
  value.back() ^= 1;
  require(!match_ima_log(log, pcr, value).ok());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const Result<std::vector<ImaEntry>> read = parse_ima_log(ByteView(data, size));
  if (!read.ok()) {
    require(read.error().message.starts_with("IMA log: "));
    return 0;
  }
  const std::vector<ImaEntry> &log = read.value();
  require(log.size() <= size / kSmallestEntry);
  for (const ImaEntry &entry : log)
    require(entry.pcr < kPcrCount);
  // Each match goes over the whole log.
  if (log.size() > 64)
    return 0;
  for (const uint32_t pcr : {0u, 10u, kPcrCount - 1})
    check_matches(log, pcr);
  return 0;
}
