// SPDX-License-Identifier: Apache-2.0
#include "lineage/proof_extra.h"

#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

Checked<ProofExtra> parsed(std::string_view text) {
  return parse_proof_extra(view(text));
}

} // namespace

TEST_CASE("what a proof carries comes back as it was") {
  for (const auto &root : {std::optional<std::string>(), std::optional<std::string>("{\"r\":1}")}) {
    const ProofExtra extra{record_to_line(gap(1)), {"{}", "\"\n"}, root};
    CHECK(parsed(serialize_proof_extra(extra)).value() == extra);
  }
}

TEST_CASE("any other spelling is refused") {
  const std::string good = serialize_proof_extra({"r", {"a"}, "t"});
  REQUIRE(parsed(good).ok());
  for (size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(parsed(good.substr(0, size)).ok());
  for (const char *bad : {R"({"artifacts":[],"record":"r","type":"warrant-proof-v1","x":1})",
                          R"({"artifacts":[1],"record":"r","type":"warrant-proof-v1"})",
                          R"({"artifacts":[],"record":"","type":"warrant-proof-v1"})",
                          R"({"artifacts":[],"record":"r","type":"warrant-proof-v2"})",
                          R"({"record":"r","type":"warrant-proof-v1"})",
                          R"({"record":"r","artifacts":[],"type":"warrant-proof-v1"})",
                          R"({"artifacts": [],"record":"r","type":"warrant-proof-v1"})"})
    CHECK_FALSE(parsed(bad).ok());
}
