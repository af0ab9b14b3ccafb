// SPDX-License-Identifier: Apache-2.0
// Any bytes as revocation list.
#include <algorithm>

#include "artifacts/revocation.h"
#include "tests/fuzz/document_fuzz.h"

using namespace warrant;

namespace {

void check_meaning(const Revocation &list) {
  require(list.epoch >= 1 && list.epoch <= kMaxVersion);
  const auto is_revoked = [&list](bool (*revokes)(const Revocation &, const Digest &)) {
    return [&list, revokes](const Digest &digest) { return revokes(list, digest); };
  };
  require(std::all_of(list.artifacts.begin(), list.artifacts.end(), is_revoked(revokes_artifact)));
  require(std::all_of(list.digests.begin(), list.digests.end(), is_revoked(revokes_digest)));
  for (const std::string &issuer : list.issuers)
    require(revokes_issuer(list, issuer));
  for (const std::string &host : list.hosts)
    require(revokes_host(list, host) && !host.empty());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_document(ByteView(data, size), kRevocationType, "revocation", parse_revocation,
                 serialize_revocation, check_meaning);
  return 0;
}
