// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/artifacts_chain_fixture.h"

#include <stdexcept>

namespace warrant::test {

Delegation delegation(uint32_t max_depth) {
  return {make_role({key(kDelegateKey).public_key()}, 1), max_depth};
}

Authorization delegating(uint32_t max_depth) {
  Authorization parent = authorization();
  parent.id.fill(0x21);
  parent.delegation = delegation(max_depth);
  return parent;
}

Authorization child_of(const VerifiedAuthorization &parent) {
  Authorization child = parent.authorization();
  child.id.fill(0x22);
  child.kind = ArtifactKind::kTask;
  child.parent = parent.sha256();
  child.delegation.reset();
  return child;
}

std::string by_delegate(const Authorization &authorization) {
  return envelope(payload(authorization), kDelegateKey);
}

std::vector<VerifiedAuthorization> chain(size_t length) {
  std::vector<VerifiedAuthorization> links;
  links.reserve(length);
  for (size_t i = 0; i < length; i++) {
    Authorization link = i == 0 ? authorization() : child_of(links.back());
    link.id.fill(static_cast<uint8_t>(0x40 + i));
    if (i + 1 < length)
      link.delegation = delegation(static_cast<uint32_t>(length - 1 - i));
    const auto verified =
        verify(i == 0 ? artifact(link) : by_delegate(link), trust(), parents_in(links));
    if (!verified.ok())
      throw std::runtime_error(verified.error().text());
    links.push_back(verified.value());
  }
  return links;
}

Authorization breakglass() {
  Authorization opened = authorization();
  opened.id.fill(0x23);
  opened.kind = ArtifactKind::kBreakglass;
  opened.covers = Covers::kAll;
  opened.subjects.clear();
  opened.governance = {{"reason", "fire"}};
  return opened;
}

} // namespace warrant::test
