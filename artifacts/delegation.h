// SPDX-License-Identifier: Apache-2.0
// Whether an artifact grants at most what the artifact that it is derived from grants.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "artifacts/contents.h"

namespace warrant {

/// Where a child goes beyond its parent.
struct Wider {
  std::string field;  ///< of the child
  std::string detail; ///< what the parent allows; printable
};

/// The first restriction of the parent that the child does not keep, or nothing: then every request
/// that the child authorizes, the parent would authorize for the same process on the same host at
/// the same time. Uses are compared one artifact at a time: several children may together have more
/// than their parent. Compares values only; who signed what is verify_artifact()'s business.
std::optional<Wider> find_wider(const Contents &child, const Contents &parent);
/// The same of what the documents themselves say, whatever their subjects and manifests are.
std::optional<Wider> find_wider_terms(const Authorization &child, const Authorization &parent);

} // namespace warrant
