// SPDX-License-Identifier: Apache-2.0
// A lineage that is to go on somewhere else: the signed word of who carries it from one host to
// another, or into a container (ADR 0022). It grants nothing: what runs there needs its own
// authorization there. It says whose child the next exec is, once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/initiator.h"
#include "artifacts/rejection.h"
#include "artifacts/trust.h"

namespace warrant {

inline constexpr std::string_view kLineageTokenType = "urn:warrant:lineage-token:v1";
/// A token is for what is about to be started, not for a drawer.
inline constexpr int64_t kMaxTokenWindow = 3600;   ///< seconds
inline constexpr size_t kMaxTokenSize = 16u << 10; ///< of the envelope

/// Where the exec's record lies in its host's log, so that whoever doubts can ask for a proof.
struct LogPlace {
  std::string origin; ///< of the log's checkpoints
  uint64_t index = 0; ///< of the record, below `size`
  uint64_t size = 0;  ///< of the tree
  Digest root{};

  bool operator==(const LogPlace &) const = default;
};

/// The exec that begets.
struct RemoteParent {
  std::string host;
  std::string boot;                   ///< boot id: 36 characters, lower-case hex and dashes
  uint64_t lineage = 0;               ///< not 0
  std::optional<ArtifactId> artifact; ///< that it runs under
  std::optional<LogPlace> log;

  bool operator==(const RemoteParent &) const = default;
};

struct LineageToken {
  ArtifactId id{}; ///< random: it is taken once
  RemoteParent parent;
  std::string audience;   ///< name of the only host that takes it
  int64_t not_before = 0; ///< unix seconds
  int64_t not_after = 0;  ///< exclusive; at most kMaxTokenWindow later

  bool operator==(const LineageToken &) const = default;
};

Checked<LineageToken> parse_lineage_token(ByteView payload);
/// Payload to be signed; it parses back to an equal value.
Checked<std::string> serialize_lineage_token(const LineageToken &token);

/// A token that this host may take at `now` (unix seconds), if it was not taken before: that is for
/// the caller to know. Refused are, in this order: what is no envelope (MALFORMED), anything once
/// trust root or policy is over (EXPIRED), another signature
/// than by the trust root's lineage role, which nobody has unless the root says so
/// (INVALID_SIGNATURE), a signer that the revocation list names (REVOKED), another audience
/// (IDENTITY_MISMATCH), NOT_YET_VALID, EXPIRED.
Checked<LineageToken> verify_lineage_token(ByteView envelope, const TrustState &trust, int64_t now);

} // namespace warrant
