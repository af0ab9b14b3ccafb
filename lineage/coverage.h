// SPDX-License-Identifier: Apache-2.0
// Which events of a boot are recorded already: a fold over its records that goes on with new
// events, so that a daemon that takes over neither repeats a record nor forgets a loss.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "artifacts/result.h"
#include "lineage/reader.h"
#include "lineage/record.h"
#include "lineage/sequence.h"

namespace warrant {

class Coverage {
 public:
  /// More events than the kernel's ring can hold: what an unclean end may let arrive twice.
  static constexpr uint64_t kRecent = 65536;
  /// A number that is still missing after so long, or a fifth more, is lost, however few came after
  /// it.
  static constexpr uint64_t kPatienceNs = 5'000'000'000;

  Coverage() = default;
  /// Takes in the records of one boot that an earlier daemon wrote. Fast (lines of events are not
  /// parsed), and not hindered by damaged lines. Behind a record that enforcement was armed nothing
  /// is missing of what was before.
  Status read(RecordReader &records);

  /// An event that is about to be recorded. False: a record has it already.
  bool saw(uint64_t sequence);
  /// What waited in the ring when this daemon came has been seen: from here on nothing comes twice.
  void settle() { recent_.clear(); }
  /// Enforcement is armed anew, and the kernel goes on behind last_event(): what was before it has
  /// come, or never will.
  void renew();
  /// The kernel has given out event numbers up to `last` and gives out no more: what is missing is
  /// lost.
  void close(uint64_t last);
  /// The highest numbers that a record has of events and of execs: what is armed next in this boot
  /// goes on behind them, so that none ever means two things.
  uint64_t last_event() const { return last_event_; }
  uint64_t last_lineage() const { return last_lineage_; }
  /// What is lost and not yet noted, if anything; counts as noted from here on. `boot_ns`: now.
  std::optional<Gap> lost(uint64_t boot_ns);

 private:
  void take_line(std::string_view line);
  void keep_recent(uint64_t sequence);
  void add(const Gap &gap);

  SequenceTracker numbers_;
  std::set<uint64_t> recent_;
  uint64_t last_event_ = 0;
  uint64_t last_lineage_ = 0;
  uint64_t lost_ = 0;
  uint64_t noted_ = 0;
  // While numbers are missing: what the highest was at which time, oldest first.
  struct Look {
    uint64_t boot_ns;
    uint64_t highest;
  };
  std::deque<Look> looks_;
  Text cause_;
};

/// The event number that a record's line gives, 0 if none, without the cost of parsing it.
uint64_t sequence_in(std::string_view line);
/// Of a line that has one: the highest lineage id that it gives to a task.
uint64_t lineage_in(std::string_view line);

} // namespace warrant
