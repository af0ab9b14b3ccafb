// SPDX-License-Identifier: Apache-2.0
// What holds for every document whose subject names its predicate.
#pragma once

#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/self_statement.h"
#include "tests/fuzz/require.h"

namespace warrant {

/// What is refused is refused by name; what is accepted has one canonical form that means the same.
template <class Parse, class Serialize, class CheckMeaning>
void check_payload(ByteView payload, Parse parse, Serialize serialize, CheckMeaning check_meaning) {
  const auto parsed = parse(payload);
  if (!parsed.ok()) {
    require(parsed.error().reason == W_REASON_MALFORMED && !parsed.error().detail.empty());
    return;
  }
  check_meaning(parsed.value());
  const auto canonical = serialize(parsed.value());
  require(canonical.ok());
  require(parse(view(canonical.value())).value() == parsed.value());
}

/// The bytes as a payload, and as a predicate in a frame whose subject fits, since no fuzzer finds
/// a SHA-256.
template <class Parse, class Serialize, class CheckMeaning>
void check_document(ByteView bytes, std::string_view type, std::string_view name, Parse parse,
                    Serialize serialize, CheckMeaning check_meaning) {
  check_payload(bytes, parse, serialize, check_meaning);
  auto predicate = parse_json(bytes);
  if (!predicate.ok() || !predicate.value().is_object())
    return;
  const std::string framed = serialize_self_statement(type, name, std::move(predicate).value());
  check_payload(view(framed), parse, serialize, check_meaning);
}

} // namespace warrant
