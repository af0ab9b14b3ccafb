// SPDX-License-Identifier: Apache-2.0
#include "artifacts/ima_log.h"

#include <algorithm>
#include <string>

#include "artifacts/wire.h"

namespace warrant {
namespace {

constexpr size_t kSha1Size = 20;
constexpr std::string_view kOldTemplate = "ima"; // its data have no length of their own

bool is_zero(ByteView bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

} // namespace

Result<std::vector<ImaEntry>> parse_ima_log(ByteView bytes) {
  if (bytes.size() > kMaxImaLog)
    return Error{"IMA log: larger than " + std::to_string(kMaxImaLog) + " bytes"};
  std::vector<ImaEntry> entries;
  Cursor cursor(bytes, ByteOrder::kLittle);
  const auto broken = [&](const std::string &what) {
    return Error{"IMA log: " + what + " (entry " + std::to_string(entries.size()) +
                 ", before byte " + std::to_string(cursor.at()) + ")"};
  };
  while (cursor.left() > 0) {
    if (entries.size() == kMaxImaEntries)
      return Error{"IMA log: more than " + std::to_string(kMaxImaEntries) + " entries"};
    const auto pcr = cursor.number<uint32_t>();
    const auto sha1 = cursor.take(kSha1Size);
    const auto name = cursor.sized<uint32_t>(kMaxImaTemplateName);
    if (!pcr || !sha1 || !name)
      return broken("cut off, or the name of a template is too long");
    if (*pcr >= kPcrCount)
      return broken("an entry of PCR " + std::to_string(*pcr));
    if (text_of(*name) == kOldTemplate)
      return broken("the template \"ima\" has no SHA-256");
    const auto data = cursor.sized<uint32_t>(kMaxImaEntry);
    if (!data)
      return broken("cut off in an entry, or more than " + std::to_string(kMaxImaEntry) +
                    " bytes of it");
    ImaEntry entry{*pcr, {}};
    if (is_zero(*sha1))
      entry.sha256.fill(0xff);
    else
      entry.sha256 = sha256(*data);
    entries.push_back(entry);
  }
  return entries;
}

Result<size_t> match_ima_log(const std::vector<ImaEntry> &log, uint32_t pcr, const Digest &quoted) {
  Digest value{};
  for (size_t i = 0;; i++) {
    if (value == quoted)
      return i;
    if (i == log.size())
      break;
    if (log[i].pcr == pcr)
      value = extend(value, log[i].sha256);
  }
  return Error{"IMA log: its " + std::to_string(log.size()) + " entries replay PCR " +
               std::to_string(pcr) + " to " + to_hex(value) + ", the TPM quotes " + to_hex(quoted)};
}

} // namespace warrant
