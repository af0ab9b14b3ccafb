// SPDX-License-Identifier: Apache-2.0
// base64 of what everybody may see, by table. from_base64() of bytes.h takes the same time for all
// texts of one length, as secrets need, and several times longer.
#pragma once

#include <optional>
#include <string_view>

#include "artifacts/bytes.h"

namespace warrant {

/// RFC 4648 section 4 or section 5, as DSSE v1 demands of verifiers, never a mixture; padded, the
/// bits behind the end zero, not empty. Memory: three quarters of the text.
std::optional<Bytes> decode_public_base64(std::string_view text);

} // namespace warrant
