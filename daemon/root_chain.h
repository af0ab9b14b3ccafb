// SPDX-License-Identifier: Apache-2.0
// From the trust root that is remembered, here or in the kernel, to the one that lies in the
// configuration directory: one version at a time, or not at all.
#pragma once

#include <cstdint>
#include <string>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "artifacts/trust_root.h"

namespace warrant {

// The trust root that a kernel enforces under, as its configuration names it.
struct RootMark {
  uint64_t version = 0; // 0: it names none
  Digest sha256{};      // of the payload
};

// Follows from the envelope `known` to the envelope `newest`; versions in between lie in `roots/`
// of `config`, by number. Returns the root that it began with. `place` is where `known` is kept,
// for messages.
Result<TrustRoot> follow_root(const std::string &config, const std::string &place, ByteView known,
                              ByteView newest);

// Whether `newest` is the kernel's root, or one that was reached from it step by step. Its envelope
// may be `newest`, what the state remembers (`remembered`; empty: nothing), or lie in `roots/`: the
// kernel's digest says which is the right one. So a daemon that was started with another
// configuration and another state cannot take over, whatever it was told to believe.
Status check_descent(const std::string &config, const RootMark &kernel, ByteView remembered,
                     ByteView newest);

} // namespace warrant
