// SPDX-License-Identifier: Apache-2.0
// Manifest: the subjects of an artifact with many files, as fixed-width sorted records. No header:
// format, count and digest of the file stand in the signed statement.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/rejection.h"
#include "artifacts/statement.h"

namespace warrant {

/// On disk: sha256[32], verity[32] (all zero: none), actions u32 LE, reserved u32 = 0.
inline constexpr size_t kManifestRecordSize = 72;

struct ManifestRecord {
  Digest sha256{};
  std::optional<Digest> verity;
  uint32_t actions = 0; ///< W_ACTION_* bits; not empty, within the artifact's

  bool operator==(const ManifestRecord &) const = default;
};

/// Fills the buffer from where it stopped and says how many bytes came; 0 only at the end.
using ByteSource = std::function<Result<size_t>(std::span<uint8_t>)>;

ByteSource source_of_bytes(ByteView bytes); ///< the bytes must outlive the source
/// Opens a regular file and owns it.
Result<ByteSource> source_of_file(const std::string &path);

/// Reads, in pieces, exactly the manifest that the statement names. Memory grows with the records
/// really there. MALFORMED for a bad record ("manifest[17].actions"), CONTENT_MISMATCH for another
/// file than the one signed for. `actions` are the artifact's.
Checked<std::vector<ManifestRecord>> read_manifest(const ByteSource &source, const ManifestRef &ref,
                                                   uint32_t actions);

struct Manifest {
  Bytes file;
  ManifestRef ref;
};

/// Sorts the records and merges those of one digest (their actions join). Errors: no record, too
/// many, a record without actions, two verity digests for one content.
Result<Manifest> write_manifest(std::vector<ManifestRecord> records);

/// Where a manifest lies when artifact and manifest share a directory: "<sha256 hex>.manifest".
std::string manifest_file_name(const ManifestRef &ref);

/// Finds the manifest that a verified statement names; called only after the signatures held.
using ManifestOpener = std::function<Result<ByteSource>(const ManifestRef &)>;

/// Looks for manifest_file_name() in one directory.
ManifestOpener manifests_in(std::string directory);
/// For callers that have no manifests: always an error.
ManifestOpener no_manifests();

} // namespace warrant
