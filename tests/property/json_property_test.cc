// SPDX-License-Identifier: Apache-2.0
// Two parsers by different hands say the same of whatever text.
#include <nlohmann/json.hpp>
#include <random>

#include "tests/catch.h"
#include "tests/property/json_oracle.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

constexpr int kRounds = kSanitized ? 20'000 : 300'000;

using Random = std::mt19937_64;

/// Pieces that break or make JSON, more often than bytes by chance would.
constexpr std::string_view kPieces[] = {"{",
                                        "}",
                                        "[",
                                        "]",
                                        ":",
                                        ",",
                                        "\"",
                                        "\\",
                                        "\\u0000",
                                        "-0",
                                        "-",
                                        "0",
                                        "01",
                                        "1.5",
                                        "1e3",
                                        "1E+2",
                                        ".5",
                                        "1.",
                                        "true",
                                        "false",
                                        "null",
                                        "nul",
                                        " ",
                                        "\n",
                                        "\t",
                                        "\r",
                                        "\v",
                                        "\\n",
                                        "\\u00e4",
                                        "\\ud83d\\ude00",
                                        "\\ud83d",
                                        "\\ude00",
                                        "\\x",
                                        "\xc3\xa4",
                                        "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80",
                                        "\xc0\xaf",
                                        "\xed\xa0\x80",
                                        "\xf4\x90\x80\x80",
                                        "\xff",
                                        "\x7f",
                                        "\x1f",
                                        "/*x*/",
                                        "\"a\":1,",
                                        "9223372036854775807",
                                        "9223372036854775808",
                                        "-9223372036854775808",
                                        "-9223372036854775809",
                                        "18446744073709551615",
                                        "18446744073709551616",
                                        "[[[[[[[[[[[[[[[[",
                                        "{\"a\":{\"a\":",
                                        "\"\":"};

std::string change(std::string text, Random &random) {
  const size_t at = text.empty() ? 0 : random() % (text.size() + 1);
  const std::string_view piece = kPieces[random() % std::size(kPieces)];
  switch (random() % 5) {
    case 0:
      return text.insert(at, piece);
    case 1:
      return text.replace(at, random() % 4, piece);
    case 2:
      return text.erase(at, random() % 8);
    case 3:
      return at < text.size() ? (text[at] ^= static_cast<char>(1 << random() % 8), text) : text;
    default:
      return text.substr(0, at) + text.substr(random() % (text.size() + 1));
  }
}

std::vector<std::string> seeds() {
  return {test::payload(test::authorization()),
          test::artifact(test::authorization()),
          test::trust_root_envelope(),
          R"({"a":[1,-2,{"b":[],"c":{}},"x\u00e4",true,null]})",
          "[]",
          "7",
          "\"\""};
}

void compare(const std::string &text) {
  const auto ours = parse_json(view(text), "root");
  const auto other = test::parse_json_slowly(view(text), "root");
  if (ours.ok() != other.ok())
    FAIL((ours.ok() ? "accepted alone: " : "refused alone: ") << printable(text, 400));
  // Between two elements of an array the two count differently; what is no JSON has no field.
  const bool has_field = !ours.ok() && !ours.error().detail.starts_with("not JSON");
  if (ours.ok() ? ours.value() != other.value()
                : has_field && ours.error().field != other.error().field)
    FAIL("another " << (ours.ok() ? "document"
                                  : "field, " + ours.error().field + " not " + other.error().field)
                    << ": " << printable(text, 400));
}

} // namespace

TEST_CASE("the parser agrees with another one on whatever text") {
  Random random(20);
  const std::vector<std::string> valid = seeds();
  size_t accepted = 0;
  for (int i = 0; i < kRounds; i++) {
    std::string text = valid[random() % valid.size()];
    for (uint64_t changes = random() % 4; changes > 0; changes--)
      text = change(std::move(text), random);
    compare(text);
    accepted += parse_json(view(text)).ok() ? 1 : 0;
  }
  CHECK(accepted > kRounds / 10);
  CHECK(accepted < kRounds / 10 * 9);
}

TEST_CASE("every string of two bytes between quotes is judged alike") {
  for (unsigned pair = 0; pair < 0x10000; pair++)
    compare("\"" + std::string{static_cast<char>(pair >> 8), static_cast<char>(pair)} + "\"");
}
