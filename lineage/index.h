// SPDX-License-Identifier: Apache-2.0
// An index of records for questions that would otherwise read all of a log. A cache: it is made
// from the log at will, goes on where it ended, and proves nothing. Whoever wants proof reads the
// log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "artifacts/result.h"
#include "lineage/line_sequence.h"
#include "lineage/sqlite.h"

namespace warrant {

struct IndexUpdate {
  uint64_t added = 0;           ///< records
  uint64_t total = 0;           ///< records that the index has of these logs now
  uint64_t unreadable = 0;      ///< of them; left out
  std::string first_unreadable; ///< where the first that was found now is, and why
  std::string rebuilt;          ///< why it was made anew; empty: it went on
};

class LineageIndex {
 public:
  using Logs = std::vector<std::unique_ptr<LineSequence>>;

  /// The index in this file, brought up to these logs; "": one in memory. It is made anew, aside
  /// and then put in its place, if it is damaged, of another version or of other logs, if a log
  /// does not continue what was indexed, or if `force`. Errors: a log or the file cannot be read or
  /// written; another process writes it for more than five seconds.
  static Result<LineageIndex> open(const std::string &path, const Logs &logs, bool force = false);

  const IndexUpdate &update() const { return update_; }
  /// A query has failed because the file is damaged: open it again with `force`.
  bool is_damaged() const { return database_->is_damaged(); }
  Database &database() { return *database_; }

 private:
  explicit LineageIndex(std::unique_ptr<Database> database) : database_(std::move(database)) {}
  static Result<LineageIndex> make_anew(const std::string &path, const Logs &logs,
                                        const std::string &why);
  Result<std::string> go_on(const Logs &logs);
  Result<std::string> objection(const Logs &logs);
  void note_unreadable(std::string what);
  Status add(const Logs &logs);
  Status add_log(class IndexWriter &writer, LineSequence &log);

  std::unique_ptr<Database> database_;
  IndexUpdate update_;
};

} // namespace warrant
