// SPDX-License-Identifier: Apache-2.0
// The lineage as one HTML page that needs nothing else: no network, no other file, no server.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "artifacts/result.h"
#include "lineage/record.h"

namespace warrant {

/// What the page says of how it was made.
struct ReportFrame {
  std::string title;   ///< any text
  std::string version; ///< of this program
  int64_t made_ns = 0; ///< wall time
  uint64_t unreadable = 0;
};

/// Keeps the last `limit` records; a page tells how many came before them.
class Report {
 public:
  explicit Report(size_t limit) : limit_(limit) {}

  void add(Record record);
  uint64_t left_out() const { return left_out_; }
  /// The whole page. Its script and style are named by their hashes in its content security policy,
  /// which allows nothing else; all that records hold is data, never markup.
  std::string page(const ReportFrame &frame) const;

 private:
  size_t limit_;
  uint64_t left_out_ = 0;
  std::deque<Record> records_;
};

} // namespace warrant
