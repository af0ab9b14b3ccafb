// SPDX-License-Identifier: Apache-2.0
// What warrantd must never forget: which artifacts it has seen, which uses it has given away, the
// highest clock and the newest documents. One file, replaced as a whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/initiator.h"
#include "artifacts/rejection.h"
#include "artifacts/result.h"
#include "artifacts/trust.h"

namespace warrant {

inline constexpr int64_t kStateVersion = 1;
inline constexpr size_t kMaxStateSize = 256u << 20;
inline constexpr size_t kMaxStateArtifacts = 1000000;
inline constexpr size_t kMaxStateTokens = 10000;
inline constexpr size_t kMaxEraSize = 128;

/// One artifact id, from its first acceptance until a day after it expired. For a counted one,
/// spent + handed_out <= granted; the difference is kept and may be handed out in another era.
struct ArtifactRecord {
  Digest payload{}; ///< sha256: the id with any other payload is a replay
  ArtifactKind kind = ArtifactKind::kTask;
  int64_t not_after = 0;  ///< unix seconds, exclusive
  int64_t granted = 0;    ///< maxUses; 0: not counted
  int64_t spent = 0;      ///< gone: used, given to children, or lost with an era
  int64_t handed_out = 0; ///< what the kernel may still use in State::era
  ArtifactId take_from{}; ///< until the kernel has this entry: whose counter pays it; zero: none
  int64_t opened = 0;     ///< break-glass: unix seconds of its first acceptance; 0: never
  int64_t closed = 0;     ///< break-glass: from here on it is never accepted again; 0: open

  bool operator==(const ArtifactRecord &) const = default;
};

/// The newest checkpoint of this host's log of records: its log must still begin with that.
struct LogHead {
  Digest key{};      ///< the log's public key; zero: no log was ever kept
  uint64_t size = 0; ///< entries; 0: nothing was signed yet
  Digest root{};

  bool operator==(const LogHead &) const = default;
};

struct State {
  uint64_t serial = 0; ///< one more with every save; 0: never saved
  int64_t wall = 0;    ///< unix seconds; the clock never goes below
  HighWater documents;
  std::string root;   ///< base64 envelope of the trust root that `documents` was taken under
  std::string era;    ///< the arming that `handed_out` and `bonds` belong to; empty: none is open
  uint64_t epoch = 0; ///< of the TPM's counter: see check_epoch(); 0: never tied to one
  LogHead log;
  std::map<ArtifactId, uint32_t> bonds; ///< 1 to W_MAX_BONDS, distinct
  std::map<ArtifactId, ArtifactRecord> artifacts;
  /// Lineage tokens that were taken, until they are over: unix seconds, exclusive.
  std::map<ArtifactId, int64_t> tokens;

  bool operator==(const State &) const = default;
};

/// Marks the id of a lineage token as taken, and forgets those that are over at `now` anyway.
void take_token(State &state, const ArtifactId &token, int64_t not_after, int64_t now);

/// Canonical JSON: sorted members, no white space, members that are 0 or empty left out. Error:
/// larger than kMaxStateSize, or what parse_state() would refuse.
Result<std::string> serialize_state(const State &state);

/// Strict, and only the canonical spelling: whatever differs was not written by serialize_state().
Checked<State> parse_state(ByteView text);

} // namespace warrant
