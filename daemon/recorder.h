// SPDX-License-Identifier: Apache-2.0
// From kernel events and the daemon's own doings to durable records.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "artifacts/result.h"
#include "daemon/cgroup_path.h"
#include "daemon/source.h"
#include "lineage/attribution.h"
#include "lineage/coverage.h"
#include "lineage/record.h"
#include "lineage/writer.h"

namespace warrant {

// Of the running kernel.
Result<std::string> read_boot_id();

class Recorder {
 public:
  // Opens this boot's file in `directory` and finds out which events are recorded already.
  static Result<Recorder> open(const std::string &directory, const std::string &host);

  // One raw event of the ring, unless it is recorded already. Bytes that are no event become a gap
  // record that says why.
  void take(ByteView event);
  // The artifacts and the policy that this boot's own records tell of: events that waited in the
  // ring for a daemon were decided under them.
  Status recall();
  // Numbers that records of this boot have already; what is armed next goes on behind them.
  uint64_t last_event() const { return coverage_.last_event(); }
  uint64_t last_lineage() const { return coverage_.last_lineage(); }
  // What waited in the ring when this daemon came has been taken.
  void settle() { coverage_.settle(); }
  // What the daemon itself did.
  void note(Body body);
  // Makes everything durable; adds a gap record when event numbers are missing.
  Status commit();

  // While the disk refuses records, events are left in the ring: it is bounded, and the kernel
  // counts what finds no room.
  // A failed sync: nothing more can be written to this file, and none is tried.
  bool has_failed() const { return writer_->has_failed(); }
  bool is_writable() const { return !writer_->has_failed() && waiting_.size() < kMaxWaiting; }

  // Artifacts that records may refer to from now on. Those of earlier generations are kept: events
  // that are still in the ring name them.
  void attribute(const std::vector<AcceptedArtifact> &artifacts, const Digest &policy);

  const std::string &path() const { return writer_->path(); }
  uint64_t records() const { return records_; }
  uint64_t lost() const { return lost_; }

 private:
  static constexpr size_t kMaxWaiting = 65536;

  Recorder(Origin origin, std::unique_ptr<JsonLinesWriter> writer, Coverage coverage);
  void append(Record record);
  Status drain();

  Origin origin_;
  std::unique_ptr<JsonLinesWriter> writer_;
  Coverage coverage_;
  CgroupPaths cgroups_;
  std::map<ArtifactId, Attribution> artifacts_;
  Digest policy_{};
  std::deque<Record> waiting_; // not yet taken by the writer
  uint64_t records_ = 0;
  uint64_t lost_ = 0;
};

} // namespace warrant
