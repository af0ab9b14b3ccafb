// SPDX-License-Identifier: Apache-2.0
// From a draft to a signed document.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "artifacts/key.h"
#include "artifacts/statement.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// Says on standard error what is about to be signed, and with which keys. `what` is the kind of
/// document, `description` what describe() says of it.
void announce(std::string_view what, const std::string &description,
              const std::vector<SecretKey> &keys);

/// A draft: the statement that a signature would be about, indented so that it can be edited.
Try<std::string> draft_text(const Arguments &arguments, const Authorization &authorization);

/// Says on standard error what is about to be signed, signs it with every --key, puts the manifest
/// beside --out if there is one (it is looked for beside `source`), and writes the envelope.
Answer sign_and_write(const Arguments &arguments, const Authorization &authorization,
                      const std::string &source);

/// The same for an envelope that others have signed already: their signatures stay.
Answer add_and_write(const Arguments &arguments, ByteView envelope,
                     const Authorization &authorization, const std::string &source);

} // namespace warrant::cli
