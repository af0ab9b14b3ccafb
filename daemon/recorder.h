// SPDX-License-Identifier: Apache-2.0
// From kernel events and the daemon's own doings to durable records.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "artifacts/json.h"
#include "artifacts/result.h"
#include "daemon/cgroup_path.h"
#include "daemon/log_key.h"
#include "daemon/source.h"
#include "daemon/state.h"
#include "lineage/attribution.h"
#include "lineage/coverage.h"
#include "lineage/log_writer.h"
#include "lineage/record.h"

namespace warrant {

// Of the running kernel.
Result<std::string> read_boot_id();

struct RecorderOptions {
  std::string folder; // of the log, which all boots share; it must exist
  LogKeyFiles key;
  std::string origin; // of a log that is new; "": made from the host's name
  std::string host;
};

class Recorder {
 public:
  // Opens the log, or makes it, and finds out which events of this boot are recorded already. A log
  // that is refused is left as it is, for whoever looks into it.
  static Result<Recorder> open(const RecorderOptions &options);

  // One raw event of the ring, unless it is recorded already. Bytes that are no event become a gap
  // record that says why.
  void take(ByteView event);
  // The artifacts and the policy that this boot's own records tell of: events that waited in the
  // ring for a daemon were decided under them.
  Status recall();
  // The boot id of the running kernel, read once: what lies in its place may be exchanged.
  const std::string &boot() const { return origin_.boot; }
  // The kernel has numbered events up to `last` and will number none any more: what did not come
  // until now is lost.
  void close(uint64_t last) { coverage_.close(last); }
  // Numbers that records of this boot have already; what is armed next goes on behind them.
  uint64_t last_event() const { return coverage_.last_event(); }
  uint64_t last_lineage() const { return coverage_.last_lineage(); }
  // What waited in the ring when this daemon came has been taken.
  void settle() { coverage_.settle(); }
  // What the daemon itself did.
  void note(Body body);
  // Makes everything durable, by one sync; adds a gap record when event numbers are missing.
  Status commit();
  // As commit(), and signs what was committed: when it is due, and not at once again after it
  // failed; or now.
  enum class Sign { kWhenDue, kNow };
  struct Kept {
    bool is_durable = false;
    std::string problem; // empty: none
  };
  Kept keep(Sign when);
  Status checkpoint();
  LogHead head() const;
  // That this is the log that the state remembers, grown. One under another key was begun anew by
  // whoever moved the old one away, which a record tells. Before anything is committed.
  Status check_head(const LogHead &head);

  // While the disk refuses records, events are left in the ring: it is bounded, and the kernel
  // counts what finds no room.
  // A failed sync: nothing more can be written to this log, and none is tried.
  bool has_failed() const { return writer_->has_failed(); }
  bool is_writable() const { return !writer_->has_failed() && waiting_.size() < kMaxWaiting; }

  // Before a generation of that number is published: its policy, and artifacts that records may
  // refer to from then on. Those of earlier ones are kept: events that are still in the ring name
  // them.
  void attribute(const std::vector<AcceptedArtifact> &artifacts, const Digest &policy,
                 uint64_t generation);
  // It is in force.
  void follow(uint64_t generation) { in_force_ = generation; }

  Json to_json() const;
  uint64_t records() const { return records_; }
  uint64_t lost() const { return lost_; }

 private:
  static constexpr size_t kMaxWaiting = 65536;
  static constexpr size_t kMaxPolicies = 64;
  // A checkpoint that the disk has no room for; in ns.
  static constexpr int64_t kTryAgain = 5'000'000'000;

  Recorder(RecorderOptions options, Origin origin, std::unique_ptr<LogWriter> writer,
           Coverage coverage);
  void append(Record record);
  Digest policy_of(uint64_t generation) const;
  void keep_policy(uint64_t generation, const Digest &policy);
  Status recall_from(RecordReader &reader);
  void recall_generation(const Generation &generation);
  Status checkpoint_if_due();
  Status drain();

  RecorderOptions options_;
  Origin origin_;
  std::unique_ptr<LogWriter> writer_;
  Coverage coverage_;
  CgroupPaths cgroups_;
  std::map<ArtifactId, Attribution> artifacts_;
  std::map<uint64_t, Digest> policies_; // of generations, the last of this boot
  uint64_t in_force_ = 0;               // 0: no generation is known to be
  std::deque<Record> waiting_;          // not yet taken by the writer
  uint64_t records_ = 0;
  uint64_t lost_ = 0;
  int64_t failed_at_ = 0; // boot time of a checkpoint that could not be made; 0: the last one could
  std::string checkpoint_error_;
};

} // namespace warrant
