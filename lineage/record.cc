// SPDX-License-Identifier: Apache-2.0
#include "lineage/record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lineage/body_json.h"
#include "lineage/words.h"

namespace warrant {
namespace {

constexpr size_t kBootIdSize = 36;
constexpr size_t kShortBoot = 8;
constexpr size_t kShortDigest = 12;
constexpr size_t kMaxIdSize = 64;

Checked<Record> read_record(const Json &json) {
  ObjectReader in = WARRANT_TRY(ObjectReader::open(json));
  const int64_t version = WARRANT_TRY(in.integer("v", 1, INT64_MAX));
  if (version > kRecordVersion)
    return malformed("v",
                     "record version " + std::to_string(version) + " is newer than " +
                         std::to_string(kRecordVersion),
                     "read it with a newer warrant");
  Record record;
  const std::string type = WARRANT_TRY(in.string("type", 1, 64));
  record.id = WARRANT_TRY(in.string("id", 1, kMaxIdSize));
  record.origin.host = WARRANT_TRY(read_text(in, "host"));
  record.origin.boot = WARRANT_TRY(in.string("boot", kBootIdSize, kBootIdSize));
  if (!is_boot_id(record.origin.boot))
    return malformed("boot", "not a boot id");
  const std::string wall = WARRANT_TRY(in.string("time", 1, 64));
  const Result<int64_t> wall_ns = parse_wall_time(wall);
  if (!wall_ns.ok())
    return malformed("time", wall_ns.error().message);
  record.time = {wall_ns.value(), WARRANT_TRY(read_wide(in, "boottime"))};
  record.body = WARRANT_TRY(read_body(type, in));
  WARRANT_TRY(in.finish());
  return record;
}

std::string text_of_record(const Record &record, bool with_id) {
  JsonText text;
  write_record(text, record, with_id);
  return std::move(text).take();
}

std::optional<uint64_t> sequence_of(const Body &body) {
  if (const auto *decision = std::get_if<Decision>(&body))
    return decision->sequence;
  if (const auto *commit = std::get_if<Commit>(&body))
    return commit->sequence;
  return std::nullopt;
}

} // namespace

bool is_boot_id(std::string_view boot) {
  if (boot.size() != kBootIdSize)
    return false;
  for (size_t i = 0; i < boot.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (boot[i] >= '0' && boot[i] <= '9') || (boot[i] >= 'a' && boot[i] <= 'f');
    if (dash ? boot[i] != '-' : !hex)
      return false;
  }
  return true;
}

std::string record_id(const Record &record) {
  const std::string boot = record.origin.boot.substr(0, kShortBoot);
  if (const std::optional<uint64_t> sequence = sequence_of(record.body))
    return boot + "-" + std::to_string(*sequence);
  const Digest digest = sha256(view(text_of_record(record, false)));
  return boot + "-r" + to_hex(digest).substr(0, kShortDigest);
}

Record make_record(const Origin &origin, const Moment &time, Body body) {
  Record record{{}, origin, time, std::move(body)};
  record.id = record_id(record);
  return record;
}

std::string record_to_line(const Record &record) {
  return text_of_record(record, true);
}

Json record_to_json(const Record &record) {
  return Json::parse(record_to_line(record));
}

Result<Record> parse_record(std::string_view line) {
  if (line.size() > kMaxRecordSize)
    return Error{"longer than " + std::to_string(kMaxRecordSize) + " bytes"};
  const Checked<Json> json = parse_json(view(line));
  if (!json.ok())
    return json.error().to_error();
  Checked<Record> record = read_record(json.value());
  if (!record.ok())
    return record.error().to_error();
  const std::string canonical = record_to_line(record.value());
  if (canonical != line) {
    const auto differs =
        std::mismatch(canonical.begin(), canonical.end(), line.begin(), line.end());
    return Error{"not canonical JSON at byte " + std::to_string(differs.second - line.begin())};
  }
  return std::move(record).value();
}

} // namespace warrant
