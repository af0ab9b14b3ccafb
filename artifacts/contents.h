// SPDX-License-Identifier: Apache-2.0
// The contents that an artifact names, whether it lists them or its manifest does.
#pragma once

#include <span>
#include <string>

#include "artifacts/manifest.h"
#include "artifacts/statement.h"

namespace warrant {

/// An artifact's contents: its own subjects, or the records of its manifest.
struct Contents {
  const Authorization &authorization;
  std::span<const ManifestRecord> records;

  size_t size() const { return authorization.subjects.size() + records.size(); }
  bool is_record(size_t index) const { return index >= authorization.subjects.size(); }
  const ManifestRecord &record(size_t index) const {
    return records[index - authorization.subjects.size()];
  }

  const Digest &sha256(size_t index) const {
    return is_record(index) ? record(index).sha256 : authorization.subjects[index].sha256;
  }
  const std::optional<Digest> &verity(size_t index) const {
    return is_record(index) ? record(index).verity : authorization.subjects[index].verity;
  }
  /// W_ACTION_* bits granted for it.
  uint32_t actions(size_t index) const {
    return is_record(index) ? record(index).actions : authorization.actions;
  }
  /// Path of its digest in the document.
  std::string field(size_t index, w_digest_kind kind) const {
    if (is_record(index))
      return "manifest[" + std::to_string(index - authorization.subjects.size()) + "]." +
             (kind == W_DIGEST_VERITY ? "verity" : "sha256");
    return "subject[" + std::to_string(index) + "].digest." +
           (kind == W_DIGEST_VERITY ? "fsverity-sha256" : "sha256");
  }
};

} // namespace warrant
