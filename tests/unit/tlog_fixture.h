// SPDX-License-Identifier: Apache-2.0
// What the tests of the log share: entries by number, a signer, and a workload.
#pragma once

#include <memory>
#include <string>

#include "lineage/tlog.h"
#include "simulated_disk.h"

namespace warrant::lineage_test {

inline constexpr std::string_view kOrigin = "host-a.example/lineage";

/// Always the same key for one seed.
SecretKey log_secret(uint8_t seed = 1);
NoteSigner log_signer(uint8_t seed = 1);
/// Entry number `index`: some bytes to some hundred, different for each.
Bytes entry_of(uint64_t index);
/// Entries [first, first + count).
std::vector<Bytes> entries_of(uint64_t first, uint64_t count);
std::vector<ByteView> views_of(const std::vector<Bytes> &entries);

/// What a writer was told, and so may never be taken back.
struct Promised {
  uint64_t entries = 0;    ///< acknowledged
  uint64_t submitted = 0;  ///< tried at most
  uint64_t checkpoint = 0; ///< entries of the last checkpoint
};

/// Small limits, so that little work meets every case.
LogOptions small_options();

using OpenLog = Result<std::unique_ptr<TransparencyLog>>;

/// Appends `batches` batches of random size and signs now and then; stops at the first error.
Status work(TransparencyLog &log, Random &random, int batches, Promised &promised);

/// The first thing about a log on this disk, as verify_log() and its entries show it, that breaks a
/// promise; empty: none.
std::string broken_promise(LogFiles &files, const TransparencyLog &log, const Promised &promised);

} // namespace warrant::lineage_test
