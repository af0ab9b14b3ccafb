// SPDX-License-Identifier: Apache-2.0
#include "artifacts/boot_log.h"

#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/wire_writer.h"

using namespace warrant;

namespace {

constexpr uint16_t kSha1 = 0x0004;
constexpr uint16_t kSha384 = 0x000c;

struct Bank {
  uint16_t id;
  uint16_t size;
};
const std::vector<Bank> kBanks = {{kSha1, 20}, {kTpmSha256, 32}};

Bytes header(const std::vector<Bank> &banks,
             std::string_view signature = {"Spec ID Event03\0", 16}) {
  WireWriter spec(ByteOrder::kLittle);
  spec.bytes(view(signature)).number(uint32_t{0}).number(uint32_t{0x02000200});
  spec.number(static_cast<uint32_t>(banks.size()));
  for (const Bank &bank : banks)
    spec.number(bank.id).number(bank.size);
  spec.number(uint8_t{0});
  WireWriter out(ByteOrder::kLittle);
  out.number(uint32_t{0}).number(kEvNoAction).bytes(Bytes(20, 0)).sized<uint32_t>(spec.done());
  return out.done();
}

struct Measured {
  uint32_t pcr;
  uint32_t type;
  std::string text;
};

void append(Bytes &log, const Measured &event, const std::vector<Bank> &banks = kBanks) {
  WireWriter out(ByteOrder::kLittle);
  out.number(event.pcr).number(event.type).number(static_cast<uint32_t>(banks.size()));
  for (const Bank &bank : banks) {
    out.number(bank.id);
    if (bank.id == kTpmSha256)
      out.bytes(sha256(view(event.text)));
    else
      out.bytes(Bytes(bank.size, 0x11));
  }
  out.sized<uint32_t>(view(event.text));
  log.insert(log.end(), out.done().begin(), out.done().end());
}

Bytes log_of(const std::vector<Measured> &events) {
  Bytes log = header(kBanks);
  for (const Measured &event : events)
    append(log, event);
  return log;
}

const std::vector<Measured> kBoot = {{0, 8, "firmware"},
                                     {7, kEvEfiVariableDriverConfig, "SecureBoot"},
                                     {0, kEvSeparator, std::string(4, '\0')},
                                     {8, kEvIpl, "linux root=/dev/vda"}};

std::string problem(ByteView bytes) {
  const Result<BootLog> log = parse_boot_log(bytes);
  return log.ok() ? "" : log.error().message;
}

std::string startup(char locality) {
  return std::string("StartupLocality\0", 16) + locality;
}

} // namespace

TEST_CASE("a boot log is read event by event") {
  const BootLog log = parse_boot_log(log_of(kBoot)).value();
  REQUIRE(log.events.size() == 4);
  CHECK(log.events[1].pcr == 7);
  CHECK(boot_event_name(log.events[1].type) == "EV_EFI_VARIABLE_DRIVER_CONFIG");
  CHECK(text_of(log.events[3].data) == "linux root=/dev/vda");
  CHECK(log.events[3].sha256 == sha256(view("linux root=/dev/vda")));
  CHECK(boot_event_name(0x80000099) == "0x80000099");
}

TEST_CASE("a replay is the digest of the digests, in order, and of no other event") {
  const BootLog log = parse_boot_log(log_of(kBoot)).value();
  const PcrValues values = replay(log);
  CHECK(values.size() == 3);
  CHECK(values.at(0) ==
        extend(extend(Digest{}, sha256(view("firmware"))), sha256(view({"\0\0\0\0", 4}))));
  CHECK(values.at(7) == extend(Digest{}, sha256(view("SecureBoot"))));
  CHECK(replay(log, 1).size() == 1);
  CHECK(replay(log, 1).at(0) == extend(Digest{}, sha256(view("firmware"))));
  // SHA-256 of 64 zeros: the first extension of a PCR by nothing.
  CHECK(to_hex(extend(Digest{}, Digest{})) ==
        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
}

TEST_CASE("PCR 0 begins with the locality that the TPM was started at") {
  std::vector<Measured> events = kBoot;
  events.insert(events.begin(), {0, kEvNoAction, startup(3)});
  const BootLog log = parse_boot_log(log_of(events)).value();
  CHECK(log.locality == 3);
  Digest begin{};
  begin.back() = 3;
  CHECK(replay(log, 2).at(0) == extend(begin, sha256(view("firmware"))));
  CHECK(replay(log).at(7) == extend(Digest{}, sha256(view("SecureBoot"))));

  events.front().text = startup(1);
  CHECK(problem(log_of(events)).find("a start at locality 1") != std::string::npos);
  events = kBoot;
  events.push_back({0, kEvNoAction, startup(3)});
  CHECK(problem(log_of(events)).find("after PCR 0 was extended") != std::string::npos);
}

TEST_CASE("a log of SHA-1 alone says so, and what to do") {
  Bytes old;
  WireWriter out(ByteOrder::kLittle);
  out.number(uint32_t{0}).number(uint32_t{8}).bytes(Bytes(20, 1)).sized<uint32_t>(view("firmware"));
  CHECK(problem(out.done()).find("no SHA-256") != std::string::npos);
  Bytes other = header({{kSha1, 20}, {kSha384, 48}});
  CHECK(problem(other).find("SHA-256 bank") != std::string::npos);
}

TEST_CASE("a log that is cut anywhere but between events is none") {
  const Bytes whole = log_of(kBoot);
  std::vector<size_t> ends = {header(kBanks).size()};
  for (size_t i = 1; i <= kBoot.size(); i++)
    ends.push_back(log_of({kBoot.begin(), kBoot.begin() + static_cast<long>(i)}).size());
  for (size_t size = 0; size < whole.size(); size++) {
    const bool is_end = std::find(ends.begin(), ends.end(), size) != ends.end();
    CAPTURE(size);
    const Result<BootLog> log = parse_boot_log(ByteView(whole).first(size));
    // An event's first bytes may all be zero, which is an empty rest.
    if (log.ok() && !is_end)
      CHECK(log.value().events.size() < kBoot.size());
    else
      CHECK(log.ok() == is_end);
  }
}

TEST_CASE("what stands behind the last event must be empty") {
  Bytes log = log_of(kBoot);
  log.insert(log.end(), 100, 0xff);
  CHECK(problem(log).empty());
  log.back() = 1;
  CHECK(!problem(log).empty());
}

TEST_CASE("what no firmware writes is refused") {
  const auto with = [](const Measured &event, const std::vector<Bank> &banks) {
    Bytes log = header(kBanks);
    append(log, event, banks);
    return problem(log);
  };
  CHECK(with({24, kEvIpl, "x"}, kBanks).find("PCR 24") != std::string::npos);
  CHECK(with({8, kEvIpl, "x"}, {{kSha1, 20}}).find("without a SHA-256") != std::string::npos);
  CHECK(with({8, kEvIpl, "x"}, {{kTpmSha256, 32}, {kTpmSha256, 32}}).find("two SHA-256") !=
        std::string::npos);
  CHECK(with({8, kEvIpl, "x"}, {{kSha384, 48}}).find("does not name") != std::string::npos);
  CHECK(with({8, kEvIpl, "x"}, {}).find("0 digests") != std::string::npos);
  CHECK(problem(header({})).find("no algorithms") != std::string::npos);
  CHECK(problem(header({{kTpmSha256, 31}})).find("no SHA-256") != std::string::npos);
  CHECK(problem(Bytes(kMaxBootLog + 1, 0)).find("larger than") != std::string::npos);
}

TEST_CASE("more events than there can be are refused") {
  Bytes log = header({{kTpmSha256, 32}});
  for (size_t i = 0; i <= kMaxBootEvents; i++)
    append(log, {8, kEvIpl, ""}, {{kTpmSha256, 32}});
  CHECK(problem(log).find("more than 16384 events") != std::string::npos);
}
