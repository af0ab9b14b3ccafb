// SPDX-License-Identifier: Apache-2.0
// Why a request was allowed or denied, in plain words.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/result.h"
#include "lineage/record.h"

namespace warrant {

/// What a reason means and what to do about it.
struct ReasonHelp {
  std::string_view meaning;
  std::string_view fix;
};
/// For every number; those without a name share one answer.
ReasonHelp reason_help(uint8_t reason);

/// An artifact that names the digest and that the daemon refused.
struct NamedRejection {
  Text source;
  uint8_t reason = 0; ///< enum w_reason
  Text detail;
};

/// Sentences without a trailing newline, safe for a terminal.
struct Explanation {
  std::string id;
  std::string when;
  std::string asked;   ///< who asked for what
  std::string verdict; ///< "denied (expired)", "would be denied (...)", "allowed (...)"
  std::string fact;    ///< the fact that decided
  std::string grant;   ///< the grant that authorized or came nearest; empty: none
  std::string meaning; ///< of the reason
  std::string fix;     ///< empty: nothing to do
  std::vector<std::string> rejections; ///< artifacts that would have mattered, and why they do not
};

/// An error if the record is not of a decision; it says of what it is. `rejections` are those whose
/// artifacts name the digest of the request (RejectionQuery::naming).
Result<Explanation> explain(const Record &record,
                            const std::vector<NamedRejection> &rejections = {});

std::string explanation_to_text(const Explanation &explanation);
Json explanation_to_json(const Explanation &explanation);

/// Folds records into the rejections that are in force at the end: a source that was accepted,
/// rejected anew or withdrawn later no longer counts.
class RejectionQuery {
 public:
  void add(const Record &record);
  /// Those whose artifact claims this digest among the subjects that its record lists.
  std::vector<NamedRejection> naming(const Digest &digest) const;

 private:
  std::map<Text, Rejected> by_source_;
};

} // namespace warrant
