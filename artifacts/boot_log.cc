// SPDX-License-Identifier: Apache-2.0
#include "artifacts/boot_log.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "artifacts/wire.h"

namespace warrant {
namespace {

constexpr size_t kSha1Size = 20;
constexpr size_t kMaxAlgorithms = 16;
constexpr size_t kMaxDigestSize = 64;
constexpr std::string_view kSpecId{"Spec ID Event03\0", 16};
constexpr std::string_view kStartupLocality{"StartupLocality\0", 16};

struct TypeName {
  uint32_t type;
  std::string_view name;
};
constexpr std::array kTypeNames = std::to_array<TypeName>({
    {0x00000000, "EV_PREBOOT_CERT"},
    {0x00000001, "EV_POST_CODE"},
    {kEvNoAction, "EV_NO_ACTION"},
    {kEvSeparator, "EV_SEPARATOR"},
    {0x00000005, "EV_ACTION"},
    {0x00000006, "EV_EVENT_TAG"},
    {0x00000007, "EV_S_CRTM_CONTENTS"},
    {0x00000008, "EV_S_CRTM_VERSION"},
    {0x00000009, "EV_CPU_MICROCODE"},
    {0x0000000a, "EV_PLATFORM_CONFIG_FLAGS"},
    {0x0000000b, "EV_TABLE_OF_DEVICES"},
    {0x0000000c, "EV_COMPACT_HASH"},
    {kEvIpl, "EV_IPL"},
    {0x0000000e, "EV_IPL_PARTITION_DATA"},
    {0x0000000f, "EV_NONHOST_CODE"},
    {0x00000010, "EV_NONHOST_CONFIG"},
    {0x00000011, "EV_NONHOST_INFO"},
    {0x00000012, "EV_OMIT_BOOT_DEVICE_EVENTS"},
    {kEvEfiVariableDriverConfig, "EV_EFI_VARIABLE_DRIVER_CONFIG"},
    {0x80000002, "EV_EFI_VARIABLE_BOOT"},
    {kEvEfiBootServicesApplication, "EV_EFI_BOOT_SERVICES_APPLICATION"},
    {0x80000004, "EV_EFI_BOOT_SERVICES_DRIVER"},
    {0x80000005, "EV_EFI_RUNTIME_SERVICES_DRIVER"},
    {0x80000006, "EV_EFI_GPT_EVENT"},
    {0x80000007, "EV_EFI_ACTION"},
    {0x80000008, "EV_EFI_PLATFORM_FIRMWARE_BLOB"},
    {0x80000009, "EV_EFI_HANDOFF_TABLES"},
    {0x8000000a, "EV_EFI_PLATFORM_FIRMWARE_BLOB2"},
    {0x8000000b, "EV_EFI_HANDOFF_TABLES2"},
    {0x8000000c, "EV_EFI_VARIABLE_BOOT2"},
    {0x800000e0, "EV_EFI_VARIABLE_AUTHORITY"},
    {0x800000e1, "EV_EFI_SPDM_FIRMWARE_BLOB"},
    {0x800000e2, "EV_EFI_SPDM_FIRMWARE_CONFIG"},
});

struct Algorithm {
  uint16_t id = 0;
  uint16_t size = 0; // bytes of a digest
};

bool begins_with(ByteView bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

class Parser {
 public:
  explicit Parser(ByteView bytes) : cursor_(bytes, ByteOrder::kLittle) {}

  Result<BootLog> run() {
    WARRANT_TRY(read_header());
    // Firmware may hand out its whole buffer: what follows the last event is empty.
    while (cursor_.left() > 0 && !rest_is_empty()) {
      if (log_.events.size() == kMaxBootEvents)
        return Error{"boot log: more than " + std::to_string(kMaxBootEvents) + " events"};
      WARRANT_TRY(read_event());
    }
    return std::move(log_);
  }

 private:
  Error broken(const std::string &what) const {
    return Error{"boot log: " + what + " (event " + std::to_string(log_.events.size()) +
                 ", before byte " + std::to_string(cursor_.at()) + ")"};
  }

  bool rest_is_empty() const {
    Cursor rest = cursor_;
    const ByteView bytes = *rest.take(rest.left());
    return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; }) ||
           std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0xff; });
  }

  // The first event has the form of TPM 1.2, and says how the others look (section 10.4.5.1).
  Status read_header() {
    const auto pcr = cursor_.number<uint32_t>();
    const auto type = cursor_.number<uint32_t>();
    const auto digest = cursor_.take(kSha1Size);
    const auto data = cursor_.sized<uint32_t>(kMaxBootEventData);
    if (!pcr || !type || !digest || !data)
      return broken("cut off in its first event");
    if (*type != kEvNoAction || !begins_with(*data, kSpecId))
      return Error{
          "boot log: it has no SHA-256: the firmware measured by SHA-1 alone, for a TPM 1.2 (fix: "
          "switch the TPM's SHA-256 bank on in the firmware's settings)"};
    Cursor spec(*data, ByteOrder::kLittle);
    spec.take(kSpecId.size() + 4 + 4); // platform class; versions, errata, size of UINTN
    const auto count = spec.number<uint32_t>();
    if (!count || *count == 0 || *count > kMaxAlgorithms)
      return broken("a first event that names no algorithms, or too many");
    for (uint32_t i = 0; i < *count; i++) {
      const auto id = spec.number<uint16_t>();
      const auto size = spec.number<uint16_t>();
      if (!id || !size || *size == 0 || *size > kMaxDigestSize)
        return broken("a first event whose algorithms cannot be read");
      algorithms_.push_back({*id, *size});
    }
    const auto *sha256 = find(kTpmSha256);
    if (sha256 == nullptr || sha256->size != W_DIGEST_SIZE)
      return Error{
          "boot log: it has no SHA-256 (fix: switch the TPM's SHA-256 bank on in the firmware's "
          "settings)"};
    return {};
  }

  const Algorithm *find(uint16_t id) const {
    const auto found = std::find_if(algorithms_.begin(), algorithms_.end(),
                                    [&](const Algorithm &one) { return one.id == id; });
    return found == algorithms_.end() ? nullptr : &*found;
  }

  // TCG_PCR_EVENT2 (section 10.2.2).
  Status read_event() {
    BootEvent event;
    const auto pcr = cursor_.number<uint32_t>();
    const auto type = cursor_.number<uint32_t>();
    const auto count = cursor_.number<uint32_t>();
    if (!pcr || !type || !count)
      return broken("cut off");
    if (*count == 0 || *count > algorithms_.size())
      return broken("an event with " + std::to_string(*count) + " digests");
    event.pcr = *pcr;
    event.type = *type;
    if (event.pcr >= kPcrCount && event.type != kEvNoAction)
      return broken("an event of PCR " + std::to_string(event.pcr));
    bool has_sha256 = false;
    for (uint32_t i = 0; i < *count; i++) {
      const auto id = cursor_.number<uint16_t>();
      const Algorithm *algorithm = id ? find(*id) : nullptr;
      if (algorithm == nullptr)
        return broken("a digest by an algorithm that the first event does not name");
      const auto digest = cursor_.take(algorithm->size);
      if (!digest)
        return broken("cut off in a digest");
      if (algorithm->id != kTpmSha256)
        continue;
      if (has_sha256)
        return broken("an event with two SHA-256 digests");
      has_sha256 = true;
      std::copy(digest->begin(), digest->end(), event.sha256.begin());
    }
    if (!has_sha256)
      return broken("an event without a SHA-256 digest");
    const auto data = cursor_.sized<uint32_t>(kMaxBootEventData);
    if (!data)
      return broken("cut off in what an event says, or more than " +
                    std::to_string(kMaxBootEventData) + " bytes of it");
    event.data.assign(data->begin(), data->end());
    if (event.type == kEvNoAction)
      WARRANT_TRY(note(event));
    log_.events.push_back(std::move(event));
    return {};
  }

  // Section 10.4.5.3. Such an event stands before all that extends PCR 0.
  Status note(const BootEvent &event) {
    if (event.data.size() != kStartupLocality.size() + 1 ||
        !begins_with(event.data, kStartupLocality))
      return {};
    const uint8_t locality = event.data.back();
    if (locality != 0 && locality != 3 && locality != 4)
      return broken("a start at locality " + std::to_string(locality));
    if (std::any_of(log_.events.begin(), log_.events.end(), [](const BootEvent &before) {
          return before.pcr == 0 && before.type != kEvNoAction;
        }))
      return broken("a start after PCR 0 was extended");
    log_.locality = locality;
    return {};
  }

  Cursor cursor_;
  std::vector<Algorithm> algorithms_;
  BootLog log_;
};

} // namespace

std::string boot_event_name(uint32_t type) {
  for (const TypeName &known : kTypeNames)
    if (known.type == type)
      return std::string(known.name);
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "0x00000000";
  for (size_t i = 0; i < 8; i++)
    text[text.size() - 1 - i] = kDigits[type >> (4 * i) & 0xf];
  return text;
}

Result<BootLog> parse_boot_log(ByteView bytes) {
  if (bytes.size() > kMaxBootLog)
    return Error{"boot log: larger than " + std::to_string(kMaxBootLog) + " bytes"};
  return Parser(bytes).run();
}

Digest extend(const Digest &pcr, const Digest &measurement) {
  std::array<uint8_t, 2 * W_DIGEST_SIZE> both;
  std::copy(pcr.begin(), pcr.end(), both.begin());
  std::copy(measurement.begin(), measurement.end(), both.begin() + W_DIGEST_SIZE);
  return sha256(both);
}

PcrValues replay(const BootLog &log, size_t upto) {
  PcrValues values;
  for (size_t i = 0; i < std::min(upto, log.events.size()); i++) {
    const BootEvent &event = log.events[i];
    if (event.type == kEvNoAction)
      continue;
    auto [at, is_first] = values.try_emplace(event.pcr);
    if (is_first && event.pcr == 0)
      at->second.back() = log.locality;
    at->second = extend(at->second, event.sha256);
  }
  return values;
}

} // namespace warrant
