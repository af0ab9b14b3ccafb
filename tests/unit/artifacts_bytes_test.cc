// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>

#include "artifacts/bytes.h"
#include "artifacts/json.h"
#include "artifacts/names.h"
#include "artifacts/public_base64.h"
#include "artifacts/time.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

TEST_CASE("hex has one spelling") {
  std::array<uint8_t, 2> out{};
  CHECK(to_hex(std::array<uint8_t, 2>{0x0f, 0xa0}) == "0fa0");
  CHECK(from_hex("0fa0", out));
  CHECK(out == std::array<uint8_t, 2>{0x0f, 0xa0});
  for (const char *bad : {"", "0fa", "0fa00", "0FA0", "0fg0", "0f:0", " fa0", "0f a"})
    CHECK_FALSE(from_hex(bad, out));
}

TEST_CASE("base64 is strict") {
  // RFC 4648 section 10
  const std::pair<const char *, const char *> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
  for (const auto &[plain, text] : vectors) {
    CHECK(to_base64(view(plain)) == text);
    const auto decoded = from_base64(text);
    REQUIRE(decoded.ok());
    CHECK(text_of(decoded.value()) == plain);
  }
  for (const char *bad : {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zg==\n",
                          " Zg==", "Z g==", "Zg==Zg==", "-_-_", "=", "Z"})
    CHECK_FALSE(from_base64(bad).ok());
  CHECK(from_base64("-_-_", Base64::kUrlSafe).ok());
  CHECK_FALSE(from_base64("+/+/", Base64::kUrlSafe).ok());
}

TEST_CASE("text of unknown origin is fit for a terminal") {
  CHECK(printable("plain text") == "plain text");
  CHECK(printable("\x1b[31m\n\xff\\") == "\\x1b[31m\\x0a\\xff\\x5c");
  CHECK(printable("abcdef", 3) == "abc...");
}

TEST_CASE("sha256 of bytes and of files agree") {
  // FIPS 180-4, "abc"
  CHECK(to_hex(sha256(view("abc"))) ==
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const test::TemporaryDirectory directory;
  const Bytes large(200001, 7);
  const std::string path = directory.file("large");
  REQUIRE(write_file_atomic(path, large, 0600).ok());
  REQUIRE(sha256_of_file(path).ok());
  CHECK(sha256_of_file(path).value() == sha256(large));
  CHECK_FALSE(sha256_of_file(directory.file("absent")).ok());
  CHECK_FALSE(sha256_of_fd(-1).ok());
}

TEST_CASE("files are read whole or refused") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("file");
  REQUIRE(write_file_atomic(path, view("0123456789"), 0640).ok());

  REQUIRE(read_file(path, 10).ok());
  CHECK(text_of(read_file(path, 10).value()) == "0123456789");
  REQUIRE_FALSE(read_file(path, 9).ok());
  CHECK(read_file(path, 9).error().message == path + ": larger than 9 bytes");

  const std::string fifo = directory.file("fifo");
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(read_file(fifo, 10).error().message == fifo + ": not a regular file");
  CHECK(read_file(directory.file(""), 10).error().message.find("not a regular file") !=
        std::string::npos);
  CHECK(read_file("/dev/zero", 10).error().message == "/dev/zero: not a regular file");
  CHECK(read_file(directory.file("absent"), 10).error().message.find("No such file") !=
        std::string::npos);

  SECTION("a sparse terabyte is refused before anything is allocated") {
    REQUIRE(truncate(path.c_str(), off_t{1} << 40) == 0);
    CHECK(read_file(path, 4096).error().message == path + ": larger than 4096 bytes");
  }
  SECTION("files that say they are empty are read too") {
    const auto status = read_file("/proc/self/status", 1 << 16);
    REQUIRE(status.ok());
    CHECK(status.value().size() > 100);
    CHECK_FALSE(read_file("/proc/self/status", 100).ok());
  }
  SECTION("a check sees the opened file") {
    const auto refuse = [](const struct stat &status) -> Status {
      return Error{"mode " + std::to_string(status.st_mode & 0777u)};
    };
    CHECK(read_file(path, 10, refuse).error().message == "mode " + std::to_string(0640));
  }
}

TEST_CASE("files are written whole or not at all") {
  const test::TemporaryDirectory directory;
  const std::string path = directory.file("file");
  REQUIRE(write_file_atomic(path, view("one"), 0600).ok());
  REQUIRE(write_file_atomic(path, view("two"), 0644).ok());
  CHECK(text_of(read_file(path, 10).value()) == "two");
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777u) == 0644);

  const Status refused = write_file_atomic(path, view("three"), 0600, Existing::kRefuse);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().message.find(path + ": exists already") == 0);
  CHECK(text_of(read_file(path, 10).value()) == "two");
  CHECK_FALSE(write_file_atomic(directory.file("absent/file"), view("x"), 0600).ok());
  CHECK_FALSE(write_file_atomic(directory.file(""), view("x"), 0600).ok());

  // Nothing temporary is left behind, also by those that failed.
  REQUIRE(unlink(path.c_str()) == 0);
  const std::string self = directory.file("");
  CHECK(rmdir(self.c_str()) == 0);
}

TEST_CASE("times are RFC 3339, UTC, whole seconds") {
  const std::pair<const char *, int64_t> vectors[] = {{"1970-01-01T00:00:00Z", 0},
                                                      {"2000-02-29T12:34:56Z", 951827696},
                                                      {"2026-11-21T10:00:00Z", test::kNow},
                                                      {"2038-01-19T03:14:08Z", int64_t{1} << 31},
                                                      {"9999-12-31T23:59:59Z", kMaxTime}};
  for (const auto &[text, seconds] : vectors) {
    REQUIRE(parse_time(text).ok());
    CHECK(parse_time(text).value() == seconds);
    CHECK(format_time(seconds) == text);
  }
  for (const char *bad : {"",
                          "2026-11-21",
                          "2026-11-21T10:00:00",
                          "2026-11-21T10:00:00z",
                          "2026-11-21t10:00:00Z",
                          "2026-11-21 10:00:00Z",
                          "2026-11-21T10:00:00.0Z",
                          "2026-11-21T10:00:00+00:00",
                          "2026-11-21T10:00:00ZZ",
                          "2026-11-21T24:00:00Z",
                          "2026-11-21T10:60:00Z",
                          "2026-11-21T10:00:60Z",
                          "2016-12-31T23:59:60Z",
                          "2025-02-29T00:00:00Z",
                          "2100-02-29T00:00:00Z",
                          "2026-13-01T00:00:00Z",
                          "2026-00-01T00:00:00Z",
                          "2026-01-00T00:00:00Z",
                          "2026-04-31T00:00:00Z",
                          "1969-12-31T23:59:59Z",
                          "+026-11-21T10:00:00Z",
                          "10000-01-01T00:00:00Z",
                          "2026-11-21T1 :00:00Z"})
    CHECK_FALSE(parse_time(bad).ok());
  CHECK(format_time(-1) == "1970-01-01T00:00:00Z");
  CHECK(format_time(INT64_MAX) == "9999-12-31T23:59:59Z");
}

TEST_CASE("names go both ways") {
  for (int i = 0; i < W_REASON_COUNT; i++)
    CHECK(reason_from_name(reason_name(static_cast<w_reason>(i))) == static_cast<w_reason>(i));
  for (int i = 0; i < W_HOOK_COUNT; i++)
    CHECK(hook_from_name(hook_name(static_cast<w_hook>(i))) == static_cast<w_hook>(i));
  for (int i = 0; i < W_REQUEST_COUNT; i++)
    CHECK(request_from_name(request_name(static_cast<w_request>(i))) == static_cast<w_request>(i));
  for (int i = 0; i < W_MEASURE_COUNT; i++)
    CHECK(measure_from_name(measure_name(static_cast<w_measure>(i))) == static_cast<w_measure>(i));
  for (int i = 0; i < W_MODE_COUNT; i++)
    CHECK(mode_from_name(mode_name(static_cast<w_mode>(i))) == static_cast<w_mode>(i));
  for (int i = 0; i < W_AUDIT_COUNT; i++)
    CHECK(audit_from_name(audit_name(static_cast<w_audit>(i))) == static_cast<w_audit>(i));
  CHECK(reason_name(W_REASON_POLICY_MISMATCH) == "policy mismatch");
  CHECK(reason_name(static_cast<w_reason>(W_REASON_COUNT)) == "unknown");
  CHECK_FALSE(reason_from_name("unknown"));
  CHECK(names_of_bits(action_names(), W_ACTION_EXEC | W_ACTION_LOAD) ==
        std::vector<std::string>{"exec", "load"});
  CHECK(bit_from_name(fact_names(), "wasNamed") == W_FACT_WAS_NAMED);
  CHECK(bit_from_name(candidate_names(), "usedUp") == W_CANDIDATE_USED_UP);
  CHECK_FALSE(bit_from_name(action_names(), "execute"));
}

TEST_CASE("JSON that two readers could understand differently is refused") {
  const std::string valid = R"({"member":"value","list":[1,{"x":true}]})";
  REQUIRE(parse_json(view(valid)).ok());
  REQUIRE(parse_json(view(" \t\r\n" + valid + "\n")).ok());
  for (const test::BrokenText &broken : test::broken_texts(valid, "member")) {
    INFO(broken.name);
    if (broken.detail == "object expected" || broken.detail == "unknown member") {
      CHECK(parse_json(view(broken.text)).ok()); // JSON, though not the document wanted
      continue;
    }
    const auto parsed = parse_json(view(broken.text), "root");
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().reason == W_REASON_MALFORMED);
    CHECK(parsed.error().field.find("root") == 0);
    CHECK(parsed.error().detail.find(broken.detail) != std::string::npos);
  }
  for (size_t length = 0; length < valid.size(); length++)
    CHECK_FALSE(parse_json(view(valid.substr(0, length))).ok());
}

TEST_CASE("JSON errors name the member by its path") {
  const auto field_of = [](std::string_view text) {
    const auto parsed = parse_json(view(text));
    return parsed.ok() ? "accepted" : parsed.error().field;
  };
  CHECK(field_of(R"({"a":{"b":[1,2,{"c":1.5}]}})") == "a.b[2].c");
  CHECK(field_of(R"({"a":{"b":1,"b":2}})") == "a.b");
  CHECK(field_of("{\"a\\u001b\":1.5}") == "a\\x1b");
  CHECK(field_of("[1.5]") == "[0]");
}

TEST_CASE("the limits of JSON numbers and depth are exact") {
  const auto number = parse_json(view("[9223372036854775807,-9223372036854775808,0,-1]"));
  REQUIRE(number.ok());
  CHECK(number.value()[0] == INT64_MAX);
  CHECK(number.value()[1] == INT64_MIN);
  const std::string open(kMaxJsonDepth, '[');
  const std::string close(kMaxJsonDepth, ']');
  CHECK(parse_json(view(open + close)).ok());
  CHECK_FALSE(parse_json(view("[" + open + close + "]")).ok());
}

TEST_CASE("public base64 is read as libsodium reads it") {
  const std::string_view alphabet = "AQZagz059+/-_=\n*";
  std::string text;
  const std::function<void(size_t)> try_all = [&](size_t left) {
    if (left == 0) {
      const auto standard = from_base64(text, Base64::kStandard);
      const auto url_safe = from_base64(text, Base64::kUrlSafe);
      const auto decoded = decode_public_base64(text);
      REQUIRE(decoded.has_value() == (standard.ok() || url_safe.ok()));
      if (decoded)
        REQUIRE(*decoded == (standard.ok() ? standard : url_safe).value());
      return;
    }
    for (const char c : alphabet) {
      text.push_back(c);
      try_all(left - 1);
      text.pop_back();
    }
  };
  for (const size_t size : {1u, 2u, 3u, 4u, 5u})
    try_all(size);
  text = "AAAA";
  try_all(4);
  CHECK_FALSE(decode_public_base64("").has_value());
}
