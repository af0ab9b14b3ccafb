// SPDX-License-Identifier: Apache-2.0
#include "tlog_fixture.h"

#include <algorithm>

#include "lineage/log_check.h"
#include "lineage/tile_reader.h"

namespace warrant::lineage_test {

SecretKey log_secret(uint8_t seed) {
  std::array<uint8_t, kSeedSize> bytes{};
  bytes.fill(seed);
  return SecretKey::from_seed(bytes);
}

NoteSigner log_signer(uint8_t seed) {
  return NoteSigner::make(kOrigin, SignatureType::kEd25519, log_secret(seed)).value();
}

Bytes entry_of(uint64_t index) {
  const std::string text = "entry " + std::to_string(index) + " ";
  Bytes entry(text.begin(), text.end());
  entry.resize(entry.size() + index * 37 % 200, static_cast<uint8_t>(index));
  return entry;
}

std::vector<Bytes> entries_of(uint64_t first, uint64_t count) {
  std::vector<Bytes> entries;
  for (uint64_t i = 0; i < count; ++i)
    entries.push_back(entry_of(first + i));
  return entries;
}

std::vector<ByteView> views_of(const std::vector<Bytes> &entries) {
  return {entries.begin(), entries.end()};
}

LogOptions small_options() {
  LogOptions options;
  options.integrate_at = 8192;
  return options;
}

Status work(TransparencyLog &log, Random &random, int batches, Promised &promised) {
  for (int i = 0; i < batches; ++i) {
    const uint64_t count = random() % 4 == 0 ? random() % 300 : 1 + random() % 20;
    const std::vector<Bytes> entries = entries_of(log.size(), count);
    promised.submitted = std::max(promised.submitted, log.size() + count);
    WARRANT_TRY(log.append(views_of(entries)));
    promised.entries = log.size();
    if (random() % 4 != 0)
      continue;
    WARRANT_TRY(log.checkpoint());
    promised.checkpoint = log.last_checkpoint()->size;
  }
  return {};
}

std::string broken_promise(LogFiles &files, const TransparencyLog &log, const Promised &promised) {
  if (log.size() < promised.entries)
    return "acknowledged: " + std::to_string(promised.entries) +
           ", there: " + std::to_string(log.size());
  if (log.size() > promised.submitted)
    return "more entries than anybody submitted";
  const uint64_t signed_size = log.last_checkpoint() ? log.last_checkpoint()->size : 0;
  if (signed_size < promised.checkpoint)
    return "a checkpoint was taken back";
  if (log.last_checkpoint()) {
    const auto report = verify_log(files, log_signer().key());
    if (!report.ok())
      return report.error().message;
  }
  TileReader tiles(files, log.size());
  for (uint64_t index = 0; index < log.size();) {
    const auto bundle = tiles.bundle(index / kTileWidth);
    if (!bundle.ok())
      return bundle.error().message;
    for (const ByteView entry : bundle.value().entries)
      if (const Bytes wanted = entry_of(index++);
          !std::equal(entry.begin(), entry.end(), wanted.begin(), wanted.end()))
        return "entry " + std::to_string(index - 1) + " is another one";
  }
  return {};
}

} // namespace warrant::lineage_test
