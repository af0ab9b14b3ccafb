// SPDX-License-Identifier: Apache-2.0
#include "lineage/disarmed.h"
#include "lineage_fixture.h"
#include "tests/catch.h"

using namespace warrant;
using namespace warrant::lineage_test;

namespace {

std::string line_of(const Body &body) {
  return record_to_line(make_record(origin(), kNow, body)) + "\n";
}

const Disarm kAllowed{attribution(), {812, 0, 1000}, "about to"};
const Disarm kRefused{std::nullopt, {813, 0, UINT32_MAX}, "no artifact"};
const Start kStart{{1, "x", "x", "x"}};
const Adopt kAdopt{{2, "x", "x", "x"}};

std::optional<Record> found_in(const std::vector<std::string> &contents) {
  const Scratch scratch;
  std::vector<std::string> files;
  for (size_t i = 0; i < contents.size(); i++)
    files.push_back(scratch.file("records-" + std::to_string(i), contents[i]));
  return find_disarm(files).value();
}

} // namespace

TEST_CASE("enforcement is ended by the last word of the records") {
  CHECK_FALSE(found_in({}));
  CHECK_FALSE(found_in({line_of(kStart)}));
  CHECK_FALSE(found_in({line_of(kStart) + line_of(kRefused)}));
  CHECK(found_in({line_of(kStart) + line_of(kAllowed)}));
  // A refused one after it, or another boot in which nothing was armed, changes nothing.
  CHECK(found_in({line_of(kStart) + line_of(kAllowed) + line_of(kRefused)}));
  CHECK(found_in({line_of(kStart) + line_of(kAllowed), ""}));
  CHECK_FALSE(found_in({line_of(kAllowed) + line_of(kStart)}));
  CHECK_FALSE(found_in({line_of(kAllowed), line_of(kStart) + line_of(kAdopt)}));
  CHECK(found_in({line_of(kAllowed) + "damaged\n" + "torn"}));
  CHECK_FALSE(find_disarm({"/nonexistent"}).ok());
}

TEST_CASE("who ended it is said in a line") {
  const std::string text = disarm_text(*found_in({line_of(kAllowed)}));
  for (const std::string &part :
       {std::string("disarmed at 2026-11-21T10:00:00"), "by artifact " + to_hex(attribution().id),
        std::string("ticket OPS-1"), std::string("asked by uid 0 (login uid 1000), pid 812"),
        std::string("record 3f2a9c1d-r")})
    CHECK(text.find(part) != std::string::npos);
  CHECK(disarm_text(make_record(origin(), kNow, kRefused)).empty());
  CHECK(disarm_text(make_record(origin(), kNow, kStart)).empty());
}
