// SPDX-License-Identifier: Apache-2.0
// The key that signs this host's log, and beside it the verifier key by which others know it.
#pragma once

#include <string>

#include "artifacts/result.h"
#include "lineage/note.h"

namespace warrant {

struct LogKeyFiles {
  std::string secret;   // as SecretKey::save() writes it
  std::string verifier; // one line, c2sp.org/signed-note
};

// `origin`: the name of a log that is made here; "": warrant.invalid/HOST. A log keeps its name,
// whatever the host is called later. `may_make`: there is no log yet, so a missing key is made and
// durable before this returns. Errors: a key that is missing or not the one beside it; another
// origin than it has.
Result<NoteSigner> open_log_key(const LogKeyFiles &files, const std::string &origin,
                                const std::string &host, bool may_make);

} // namespace warrant
