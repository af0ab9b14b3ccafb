// SPDX-License-Identifier: Apache-2.0
// Any bytes as lineage token: as a payload, as a predicate, and as an envelope that nobody may have
// signed.
#include "artifacts/lineage_token.h"
#include "tests/fuzz/document_fuzz.h"

using namespace warrant;

namespace {

void check_meaning(const LineageToken &token) {
  require(token.id != ArtifactId{} && token.parent.lineage != 0);
  require(!token.audience.empty() && !token.parent.host.empty());
  require(token.not_after > token.not_before);
  require(token.not_after - token.not_before <= kMaxTokenWindow);
  if (token.parent.log)
    require(token.parent.log->index < token.parent.log->size);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  check_document(bytes, kLineageTokenType, "lineage-token", parse_lineage_token,
                 serialize_lineage_token, check_meaning);
  static const TrustState nobody;
  const Checked<LineageToken> token = verify_lineage_token(bytes, nobody, 1795255200);
  require(!token.ok() && !token.error().detail.empty());
  return 0;
}
