// SPDX-License-Identifier: Apache-2.0
// Any bytes as a boot log. What is read is within its limits, and its replay is made event by
// event.
#include "artifacts/boot_log.h"
#include "tests/fuzz/require.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const Result<BootLog> read = parse_boot_log(ByteView(data, size));
  if (!read.ok()) {
    require(read.error().message.starts_with("boot log: "));
    return 0;
  }
  const BootLog &log = read.value();
  require(log.events.size() <= kMaxBootEvents);
  PcrValues values;
  for (const BootEvent &event : log.events) {
    require(event.data.size() <= size);
    if (event.type == kEvNoAction)
      continue;
    require(event.pcr < kPcrCount);
    Digest &pcr = values[event.pcr];
    if (event.pcr == 0 && pcr == Digest{})
      pcr.back() = log.locality;
    pcr = extend(pcr, event.sha256);
  }
  require(replay(log) == values);
  return 0;
}
