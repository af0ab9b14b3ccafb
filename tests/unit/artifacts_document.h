// SPDX-License-Identifier: Apache-2.0
// Breaks a signed document at every field that it has, one at a time, and says where a reader must
// notice.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/rejection.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant::test {

/// Applies a patch (RFC 6902) to a document whose subject names its predicate, and makes the
/// subject fit again.
std::string repaired(const std::string &payload, const std::string &patch);

/// What is special about some members, by path ("predicate.roles.root.keys[0]").
struct FieldRules {
  std::set<std::string> optional;            ///< may be missing
  std::map<std::string, std::string> blamed; ///< missing: this field is named instead
  std::set<std::string> may_be_empty;
  /// Where a list with its first element twice is refused; "" where it is not.
  std::map<std::string, std::string> doubled;
};

struct BrokenDocument {
  std::string what; ///< was done, and to which field
  std::string payload;
  std::string field;  ///< that must be named; empty: the document is still good
  bool below = false; ///< or any field below it
  std::string detail; ///< part of what must be said
};

/// Each field: missing, of each other type, empty, huge, twice, with an unknown sibling.
std::vector<BrokenDocument> broken_documents(const std::string &payload, const FieldRules &rules);

template <class Parse>
void check_broken_documents(Parse parse, const std::string &payload, const FieldRules &rules) {
  REQUIRE(parse(view(payload)).ok());
  for (const BrokenDocument &broken : broken_documents(payload, rules)) {
    INFO(broken.what);
    const auto parsed = parse(view(broken.payload));
    if (parsed.ok() || broken.field.empty()) {
      CHECK(parsed.ok() == broken.field.empty());
      continue;
    }
    const Rejection &rejection = parsed.error();
    CHECK(rejection.reason == W_REASON_MALFORMED);
    if (!broken.below || !rejection.field.starts_with(broken.field))
      CHECK(rejection.field == broken.field);
    CHECK(rejection.detail.find(broken.detail) != std::string::npos);
  }
}

/// One bit of each byte, a different one each time: refused, or of no consequence.
template <class Parse>
void check_flipped_bits(Parse parse, const std::string &payload) {
  const auto meant = parse(view(payload)).value();
  for (size_t i = 0; i < payload.size(); i++) {
    std::string flipped = payload;
    flipped[i] = static_cast<char>(flipped[i] ^ (1 << i * 3 % 8));
    const auto parsed = parse(view(flipped));
    if (parsed.ok() ? !(parsed.value() == meant) : parsed.error().detail.empty())
      FAIL("byte " << i << " of " << payload);
  }
}

template <class Parse>
void check_broken_texts(Parse parse, const std::string &payload) {
  for (const BrokenText &broken : broken_texts(payload, "_type")) {
    INFO(broken.name);
    const auto parsed = parse(view(broken.text));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    CHECK(parsed.error().detail.find(broken.detail) != std::string::npos);
  }
  for (size_t length = 0; length < payload.size(); length++)
    if (parse(view(payload.substr(0, length))).ok())
      FAIL("cut to " << length << " bytes");
}

/// A document that is right but for what one patch says.
struct FieldCase {
  const char *patch;
  const char *field;
  const char *detail = "";
};

template <class Parse>
void check_field_cases(Parse parse, const std::string &payload, std::span<const FieldCase> cases) {
  for (const FieldCase &c : cases) {
    INFO(c.patch);
    const auto parsed = parse(view(repaired(payload, c.patch)));
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    CHECK(parsed.error().field == c.field);
    CHECK(parsed.error().detail.find(c.detail) != std::string::npos);
  }
}

} // namespace warrant::test
