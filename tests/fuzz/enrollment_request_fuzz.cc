// SPDX-License-Identifier: Apache-2.0
// Any bytes as each message between host and enrollment authority. None is two of them.
#include "artifacts/enrollment_request.h"
#include "tests/fuzz/require.h"

using namespace warrant;

namespace {

template <class Parse, class Serialize>
int accepted(ByteView text, Parse parse, Serialize serialize) {
  const auto parsed = parse(text);
  if (!parsed.ok()) {
    require(parsed.error().reason == W_REASON_MALFORMED && !parsed.error().detail.empty());
    return 0;
  }
  require(parse(view(serialize(parsed.value()))).value() == parsed.value());
  return 1;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView text(data, size);
  require(accepted(text, parse_request, serialize_request) +
              accepted(text, parse_challenge, serialize_challenge) +
              accepted(text, parse_answer, serialize_answer) +
              accepted(text, parse_expectation, serialize_expectation) <=
          1);
  return 0;
}
