// SPDX-License-Identifier: Apache-2.0
// Facts, decisions and process contexts of bpf/abi.h <-> JSON, exactly: every bit pattern comes
// back as it was, so that decide() can be asked again anywhere.
#pragma once

#include <string>

#include "artifacts/json.h"
#include "bpf/abi.h"
#include "lineage/json_text.h"

namespace warrant {

/// Every field. Candidates are written up to candidate_count, and beyond it up to the last that is
/// not all zero (the kernel sends none there).
void write_facts(JsonText &out, const w_facts &facts);
void write_decision(JsonText &out, const w_decision &decision);
void write_process(JsonText &out, const w_process &process);

/// The same as documents, for output that is not a record.
Json facts_to_json(const w_facts &facts);
Json decision_to_json(const w_decision &decision);

/// The inverses. `path` is where the value stands in its document; MALFORMED names the member.
Checked<w_facts> facts_from_json(const Json &json, const std::string &path = "facts");
Checked<w_decision> decision_from_json(const Json &json, const std::string &path = "decision");
Checked<w_process> process_from_json(const Json &json, const std::string &path = "process");

} // namespace warrant
