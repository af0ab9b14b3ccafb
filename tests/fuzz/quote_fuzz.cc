// SPDX-License-Identifier: Apache-2.0
// Any bytes as a quote. What is read says all of them, so that no two quotes say the same; and no
// bytes are their own signature.
#include "artifacts/quote.h"
#include "tests/fuzz/require.h"
#include "tests/unit/wire_writer.h"

using namespace warrant;

namespace {

// The generator of P-256 (SEC 2, 2.4.2), which nobody signs by.
constexpr P256Point kGenerator = {{0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6,
                                   0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb,
                                   0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96},
                                  {0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb,
                                   0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31,
                                   0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5}};

Bytes written(const Quote &quote, size_t selected) {
  WireWriter out(ByteOrder::kBig);
  out.number(uint32_t{0xff544347}).number(uint16_t{0x8018});
  out.sized<uint16_t>(quote.signer).sized<uint16_t>(quote.nonce);
  out.number(quote.clock).number(quote.resets).number(quote.restarts);
  out.number(static_cast<uint8_t>(quote.is_safe)).number(quote.firmware);
  out.number(uint32_t{1}).number(kTpmSha256).number(static_cast<uint8_t>(selected));
  for (size_t i = 0; i < selected; i++)
    out.number(static_cast<uint8_t>(quote.pcrs >> (8 * i)));
  out.sized<uint16_t>(quote.pcr_digest);
  return out.done();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  const Result<Quote> read = parse_quote(bytes);
  require(!verify_quote_signature(bytes, bytes, kGenerator).ok());
  if (!read.ok()) {
    require(read.error().message.starts_with("quote: "));
    return 0;
  }
  bool is_same = false;
  for (size_t selected = 1; selected <= 4; selected++) {
    const Bytes again = written(read.value(), selected);
    is_same = is_same || std::equal(again.begin(), again.end(), bytes.begin(), bytes.end());
  }
  require(is_same);
  return 0;
}
