// SPDX-License-Identifier: Apache-2.0
// Any bytes as a manifest that was signed for. What is accepted is written back byte for byte; what
// was signed for another digest or count is never accepted.
#include <algorithm>

#include "artifacts/manifest.h"
#include "tests/fuzz/require.h"

using namespace warrant;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size == 0)
    return 0;
  // The first byte chooses the artifact's actions and the size of the pieces that the file comes
  // in.
  const uint32_t actions = data[0] & W_ACTION_ALL;
  const size_t piece = 1 + static_cast<size_t>(data[0] >> 5) * 40;
  const ByteView file(data + 1, size - 1);
  const ManifestRef ref{sha256(file), file.size() / kManifestRecordSize};
  ByteSource whole = source_of_bytes(file);
  const auto read = read_manifest(
      [&](std::span<uint8_t> buffer) {
        return whole(buffer.first(std::min(piece, buffer.size())));
      },
      ref, actions);

  ManifestRef other = ref;
  other.sha256[0] ^= 1;
  require(!read_manifest(source_of_bytes(file), other, actions).ok());
  other = ref;
  other.count++;
  require(!read_manifest(source_of_bytes(file), other, actions).ok());
  if (!read.ok())
    return 0;

  require(read.value().size() == ref.count);
  for (const ManifestRecord &record : read.value())
    require(record.actions != 0 && (record.actions & ~actions) == 0);
  const auto written = write_manifest(read.value());
  require(written.ok() == (ref.count > 0));
  if (written.ok())
    require(written.value().ref == ref && std::ranges::equal(written.value().file, file));
  return 0;
}
