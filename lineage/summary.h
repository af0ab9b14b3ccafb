// SPDX-License-Identifier: Apache-2.0
// What records of every type have in common, for whoever shows or exports them.
#pragma once

#include <string>

#include "artifacts/bytes.h"
#include "lineage/record.h"

namespace warrant {

/// Points into the record, which must outlive it.
struct RecordSummary {
  std::string request;        ///< of a decision: "exec", "map", ...; else empty
  std::string reason;         ///< by its name; empty: none
  std::string detail;         ///< escaped: what a record says that has no file
  Text file;                  ///< empty: about no file
  Digest digest{};            ///< zero: none
  const Task *task = nullptr; ///< who asked, or what was executed
  const w_process *process = nullptr;
  const Attribution *artifact = nullptr;
};

RecordSummary summary_of(const Record &record);
/// One line for a person, without a newline, safe for a terminal: "denied (expired): exec of
/// /usr/bin/id by bash, pid 17, uid 1000".
std::string sentence_of(const Record &record);

} // namespace warrant
