// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "lineage/moment.h"
#include "lineage/text.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

TEST_CASE("text is escaped only where it must be") {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"", ""},
      {"/usr/bin/true", "/usr/bin/true"},
      {"a\\b", "a\\\\b"},
      {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x9f"},
      {"\x1b[31m\n", "\\x1b[31m\\x0a"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b", "\\xc2\\x9b"},                   // C1: CSI
      {"\xe2\x80\xae", "\\xe2\\x80\\xae"},          // right-to-left override
      {"\xc0\xaf", "\\xc0\\xaf"},                   // overlong /
      {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},          // overlong
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},          // surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, // above U+10FFFF
      {"\xe2\x82", "\\xe2\\x82"},                   // cut off
      {"\xff"
       "a",
       "\\xffa"},
  };
  for (const auto &[bytes, escaped] : table) {
    CHECK(Text(bytes).escaped() == escaped);
    CHECK(Text(bytes).bytes() == bytes);
  }
  CHECK(Text(std::string("a\0b", 3)).escaped() == "a\\x00b");
}

TEST_CASE("a text has one escaped form") {
  for (const std::string_view wrong :
       {"\\", "\\x", "\\x1", "\\x1B", "\\x41", "\\n", "\x1b", "\xff", "\\xc3\\xa9", "a\\"})
    CHECK_FALSE(Text::from_escaped(wrong));
  CHECK(Text::from_escaped("\\x1b\\\\")->bytes() == "\x1b\\");
}

TEST_CASE("no byte of a text is lost") {
  Random random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string bytes = random_text(random, 40);
    const Text text(bytes);
    REQUIRE(text.bytes() == bytes);
    REQUIRE(Text::from_escaped(text.escaped()) == text);
    REQUIRE(text.escaped().size() <= 4 * bytes.size());
    const auto is_control = [](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    };
    REQUIRE(std::none_of(text.escaped().begin(), text.escaped().end(), is_control));
  }
}

TEST_CASE("wall time has nine digits and comes back") {
  CHECK(format_wall_time(0) == "1970-01-01T00:00:00.000000000Z");
  CHECK(format_wall_time(kNow.wall_ns) == "2026-11-21T10:00:00.000000005Z");
  CHECK(format_wall_time(-5) == "1970-01-01T00:00:00.000000000Z");
  CHECK(parse_wall_time("2026-11-21T10:00:00Z").value() == kNow.wall_ns - 5);
  Random random(2);
  for (int i = 0; i < 10'000; ++i) {
    const auto wall_ns = static_cast<int64_t>(random() >> 1);
    REQUIRE(parse_wall_time(format_wall_time(wall_ns)).value() == wall_ns);
  }
}

TEST_CASE("what is no wall time is refused") {
  for (const std::string_view wrong :
       {"", "2026-11-21", "2026-11-21T10:00:00", "2026-11-21T10:00:00.5Z", "2026-02-30T10:00:00Z",
        "2026-11-21T10:00:00.00000000xZ", "2026-11-21T10:00:00.000000005z",
        "2026-11-21T10:00:00.000000005+", "2263-01-01T00:00:00Z", "9999-12-31T23:59:59Z"})
    CHECK_FALSE(parse_wall_time(wrong).ok());
}

TEST_CASE("an event's boot time gives its wall time") {
  CHECK(kNow.at_boot_time(kNow.boot_ns) == kNow);
  CHECK(kNow.at_boot_time(90'000000000).wall_ns == kNow.wall_ns - 10'000000000);
  CHECK(kNow.at_boot_time(101'000000000).wall_ns == kNow.wall_ns + 1'000000000);
  CHECK(kNow.at_boot_time(W_FOREVER).wall_ns == INT64_MAX);
  CHECK(Moment{5, 100}.at_boot_time(1).wall_ns == 0);
}
