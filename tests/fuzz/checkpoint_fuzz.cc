// SPDX-License-Identifier: Apache-2.0
// Checkpoints and log states of any kind: refused with a reason, or in their one spelling.
#include "lineage/checkpoint.h"
#include "lineage/log_state.h"
#include "tests/fuzz/require.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  const Result<Checkpoint> checkpoint = parse_checkpoint(text);
  if (checkpoint.ok()) {
    require(serialize_checkpoint(checkpoint.value()) == text);
    require(checkpoint.value().size <= kMaxTreeSize && !checkpoint.value().origin.empty());
  } else {
    require(!checkpoint.error().message.empty());
  }
  const Result<LogState> state = parse_log_state(text);
  if (state.ok())
    require(serialize_log_state(state.value()) == text);
  else
    require(!state.error().message.empty());
  return 0;
}
