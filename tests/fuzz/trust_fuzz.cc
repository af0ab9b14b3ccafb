// SPDX-License-Identifier: Apache-2.0
// Any bytes as trust root.
#include "artifacts/envelope.h"
#include "artifacts/trust.h"
#include "tests/fuzz/document_fuzz.h"

using namespace warrant;

namespace {

void check_meaning(const TrustRoot &root) {
  require(root.version >= 1 && root.version <= kMaxVersion);
  for (const RoleName name : {RoleName::kRoot, RoleName::kPolicy})
    require(root.role(name).threshold >= 1);
  for (const Role &role : root.roles) {
    require((role.threshold == 0) == role.keys.empty());
    require(role.threshold <= role.keys.size() && role.threshold <= kMaxSignatures);
    require(make_role(role.keys, role.threshold) == role);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const ByteView bytes(data, size);
  check_document(bytes, kTrustRootType, "trust-root", parse_trust_root, serialize_trust_root,
                 check_meaning);
  require(!load_trust(bytes, bytes, bytes, "host").ok()); // one file cannot be all
  const auto loaded = load_trust_root(bytes);
  if (loaded.ok())
    require(update_trust_root(loaded.value(), bytes).ok());
  return 0;
}
