// SPDX-License-Identifier: Apache-2.0
// One record of the lineage: what happened, where, when. One line of canonical JSON.
//
// Canonical: members sorted by name, no white space, no fractions, 64-bit numbers as decimal
// strings, digests and ids in lower-case hex, enums by their names in bpf/abi.h. A record has one
// spelling only; any other is refused when it is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "artifacts/json.h"
#include "artifacts/lineage_token.h"
#include "artifacts/result.h"
#include "bpf/abi.h"
#include "lineage/attribution.h"
#include "lineage/moment.h"
#include "lineage/text.h"

namespace warrant {

inline constexpr int64_t kRecordVersion = 1;
/// Of a line, without its newline: what an entry of the log may have.
inline constexpr size_t kMaxRecordSize = 65535;
/// Digests that a rejected artifact's record lists at most; `subjects` tells how many there were.
inline constexpr size_t kMaxRejectedDigests = 256;

/// The task that asked.
struct Task {
  Text comm;
  uint32_t pid = 0;
  uint32_t tgid = 0;
  uint32_t uid = 0; ///< initial user namespace
  uint32_t gid = 0;
  uint64_t cgroup_id = 0;
  Text cgroup; ///< path; empty: not resolved

  bool operator==(const Task &) const = default;
};

struct File {
  Text path; ///< as the task saw it; a label, never decided on
  uint32_t device = 0;
  uint64_t inode = 0;
  uint32_t filesystem = 0; ///< super-block magic

  bool operator==(const File &) const = default;
};

/// One verdict of the kernel, with every fact that decide() looked at.
struct Decision {
  uint64_t sequence = 0; ///< of the event in this boot
  uint64_t exec = 0;     ///< lineage id that the exec has if it goes through; 0: no exec
  Task task;
  File file;
  w_process process{}; ///< of the task that asked
  w_facts facts{};
  w_decision decision{};
  std::optional<Attribution> artifact; ///< that authorized or came nearest
  Digest policy{};                     ///< sha256 of the policy in force when it was recorded
};

/// An exec went through: `process` is what the task now is.
struct Commit {
  uint64_t sequence = 0;
  Task task;
  File file;
  w_process process{};
  std::optional<Attribution> artifact;
};

/// Events or records that are known to have existed and are lost.
struct Gap {
  uint64_t lost = 0; ///< how many; 0: unknown
  Text cause;
};

struct Accepted {
  Attribution artifact;
  Text source; ///< the file it came from
  uint64_t subjects = 0;
};

struct Rejected {
  Text source;
  uint8_t reason = W_REASON_INVALID; ///< enum w_reason
  Text detail;
  /// The id and the subjects that the artifact claims: nobody vouches for them, it was rejected.
  std::optional<ArtifactId> claimed;
  uint64_t subjects = 0;
  std::vector<Digest> digests; ///< the first kMaxRejectedDigests of its subjects
};

struct Withdrawn {
  Attribution artifact;
  Text source;
  Text detail;
};

/// A generation of entries was put in force.
struct Generation {
  uint64_t number = 0;
  uint32_t artifacts = 0;
  uint64_t verdicts = 0;
  uint32_t rejected = 0; ///< artifacts refused while it was built
  Digest policy{};
  uint8_t mode = W_MODE_INVALID; ///< enum w_mode
};

/// The daemon and the kernel it runs on.
struct Daemon {
  uint32_t pid = 0;
  Text version;
  Text kernel; ///< release, as uname tells it
  Text detail;
};
/// Enforcement was armed by this daemon.
struct Start : Daemon {};
/// The daemon took over enforcement that was armed before.
struct Adopt : Daemon {};
/// The daemon ends; enforcement goes on.
struct Stop : Daemon {};

/// Who asked for something that is not asked of the kernel.
struct Caller {
  uint32_t pid = 0; ///< in the initial namespace
  uint32_t uid = 0;
  uint32_t login = UINT32_MAX; ///< audit login uid, which sudo keeps; UINT32_MAX: none

  bool operator==(const Caller &) const = default;
};

/// Somebody asked warrantd to end enforcement. Durable before anything is taken away.
struct Disarm {
  std::optional<Attribution> artifact; ///< that allowed it; nothing: it was refused
  Caller caller;
  Text detail; ///< what was about to be done, or why it was refused
};

/// An exec that must be refused was tried.
struct Canary {
  bool refused = false;
  Text detail;
};

/// A process was killed because the artifact that it, or an ancestor, ran under is over.
struct Ended {
  Attribution artifact;
  uint32_t pid = 0; ///< in the initial namespace, when the signal was sent
  w_process process{};
  uint8_t reason = W_REASON_INVALID; ///< enum w_reason: REVOKED or EXPIRED
};

/// The machine's state was proven, and what asks for it may run; or it is no more.
struct Lease {
  Text name; ///< of what is asked for
  bool is_open = false;
  uint64_t until = 0;                ///< boot time, ns, exclusive
  uint8_t reason = W_REASON_INVALID; ///< enum w_reason, of one that is not open
  Text detail;
};

/// Somebody showed a lineage token, so that what an exec here begets goes on from one elsewhere.
struct Handover {
  std::optional<ArtifactId> token; ///< its id, as it claims where it was refused
  Caller caller;
  uint64_t lineage = 0;              ///< of the caller's exec here; 0: it has none
  uint8_t reason = W_REASON_INVALID; ///< enum w_reason: authorized, or why it was refused
  Text detail;
  std::optional<RemoteParent> parent; ///< of `lineage`, by a token that was signed for this host
};

/// The oldest entries of the log were given up. Durable and signed before any is removed.
struct Prune {
  uint64_t entries = 0; ///< so many, from the first
  Digest root{};        ///< of their tree (RFC 6962, section 2.1)
  Caller caller;        ///< who asked for it
};

using Body = std::variant<Decision, Commit, Gap, Accepted, Rejected, Withdrawn, Generation, Start,
                          Adopt, Stop, Canary, Ended, Disarm, Lease, Handover, Prune>;

/// The machine and its boot.
struct Origin {
  Text host;
  std::string boot; ///< /proc/sys/kernel/random/boot_id: 36 characters, lower case

  bool operator==(const Origin &) const = default;
};

struct Record {
  std::string id; ///< see record_id()
  Origin origin;
  Moment time;
  Body body;
};

/// Whether `boot` is a boot id: 8-4-4-4-12 lower-case hex characters.
bool is_boot_id(std::string_view boot);

/// Stable and short enough to type: the boot id's first eight characters, then the event's sequence
/// number ("3f2a9c1d-1042") or, for what the daemon itself records, "r" and twelve characters of
/// the record's own digest ("3f2a9c1d-r07a1b2c3d4e5"). Unique per host.
std::string record_id(const Record &record);
/// With its id.
Record make_record(const Origin &origin, const Moment &time, Body body);

/// "decision", "commit", ...: the member `type`.
std::string_view type_name(const Body &body);

Json record_to_json(const Record &record);
/// Canonical, without newline.
std::string record_to_line(const Record &record);
/// Strict: anything that record_to_line() would not write is an error that names the member; a
/// version above kRecordVersion is an error that says so.
Result<Record> parse_record(std::string_view line);

} // namespace warrant
