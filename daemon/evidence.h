// SPDX-License-Identifier: Apache-2.0
// What the machine says of itself, collected from the kernel's files.
#pragma once

#include <string>

#include "artifacts/judgement.h"

namespace warrant {

// Everything but the PCRs, below some root ("" for this machine). What cannot be read is an error
// in its place: whoever asks for it is told why. `with_ima_log`: it may be long.
Evidence read_evidence(const std::string &root, bool with_ima_log);

// As they lie there, for others to judge. Error: cannot be read.
Result<Bytes> read_boot_log(const std::string &root);
Result<Bytes> read_ima_log(const std::string &root);

// 32 hex characters of /etc/machine-id; empty: there is none.
std::string machine_id(const std::string &root);

} // namespace warrant
