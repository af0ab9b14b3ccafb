// SPDX-License-Identifier: Apache-2.0
#include "artifacts/boot_facts.h"

#include <algorithm>
#include <array>
#include <set>

#include "artifacts/wire.h"

namespace warrant {
namespace {

constexpr std::string_view kBootImage = "BOOT_IMAGE=";

/// EFI_GLOBAL_VARIABLE (UEFI 2.10, 3.3), as it lies in memory.
constexpr std::array<uint8_t, 16> kGlobalVariable = {
    0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};

/// UTF-16, little-endian, of ASCII; other bytes become what they would be in Latin-1.
Bytes utf16(std::string_view text) {
  Bytes wide;
  wide.reserve(2 * text.size());
  for (const char character : text) {
    wide.push_back(static_cast<uint8_t>(character));
    wide.push_back(0);
  }
  return wide;
}

/// UEFI_VARIABLE_DATA (PC Client profile, 10.4.2.6): the value, if it is that of SecureBoot.
std::optional<ByteView> secure_boot_value(const BootEvent &event) {
  Cursor cursor(event.data, ByteOrder::kLittle);
  const auto vendor = cursor.take(kGlobalVariable.size());
  const auto name_length = cursor.number<uint64_t>();
  const auto size = cursor.number<uint64_t>();
  if (!vendor || !name_length || !size || *name_length > cursor.left() / 2)
    return std::nullopt;
  const auto name = cursor.take(2 * *name_length);
  const auto value = cursor.take(*size);
  if (!name || !value || cursor.left() != 0)
    return std::nullopt;
  const Bytes expected = utf16("SecureBoot");
  if (!std::equal(vendor->begin(), vendor->end(), kGlobalVariable.begin()) ||
      !std::equal(name->begin(), name->end(), expected.begin(), expected.end()))
    return std::nullopt;
  return value;
}

/// All spellings in which a command line gets measured.
std::set<Digest> digests_of_command_line(std::string_view line) {
  std::set<Digest> all;
  const auto add = [&](std::string_view text) {
    Bytes narrow(text.begin(), text.end());
    Bytes wide = utf16(text);
    all.insert({sha256(narrow), sha256(wide)});
    narrow.push_back(0);
    wide.insert(wide.end(), 2, 0);
    all.insert({sha256(narrow), sha256(wide)});
  };
  add(line);
  // GRUB measures what was typed; the kernel is told the image's name in front of it.
  if (line.starts_with(kBootImage))
    add(line.substr(kBootImage.size()));
  return all;
}

bool may_hold_command_line(const BootEvent &event) {
  return (event.type == kEvIpl && (event.pcr == 8 || event.pcr == 12)) ||
         (event.type == kEvEventTag && event.pcr == 9);
}

} // namespace

std::string event_text(const BootLog &log, size_t index) {
  const BootEvent &event = log.events.at(index);
  return "event " + std::to_string(index) + " (" + boot_event_name(event.type) + " of PCR " +
         std::to_string(event.pcr) + ")";
}

Result<bool> secure_boot(const BootLog &log) {
  std::optional<bool> is_on;
  for (size_t i = 0; i < log.events.size(); i++) {
    const BootEvent &event = log.events[i];
    if (event.pcr != kPcrSecureBoot || event.type != kEvEfiVariableDriverConfig)
      continue;
    const std::optional<ByteView> value = secure_boot_value(event);
    if (!value)
      continue;
    if (is_on)
      return Error{event_text(log, i) + " tells of SecureBoot once more"};
    if (sha256(event.data) != event.sha256)
      return Error{event_text(log, i) + " says something else than was measured"};
    is_on = value->size() == 1 && value->front() == 1;
  }
  if (!is_on)
    return Error{"no event tells of SecureBoot"};
  return *is_on;
}

std::vector<size_t> loaded_applications(const BootLog &log) {
  std::vector<size_t> found;
  for (size_t i = 0; i < log.events.size(); i++)
    if (log.events[i].type == kEvEfiBootServicesApplication && log.events[i].pcr == kPcrBootLoader)
      found.push_back(i);
  return found;
}

std::optional<size_t> find_command_line(const BootLog &log, std::string_view command_line) {
  const std::set<Digest> digests = digests_of_command_line(command_line);
  for (size_t i = 0; i < log.events.size(); i++)
    if (may_hold_command_line(log.events[i]) && digests.contains(log.events[i].sha256))
      return i;
  return std::nullopt;
}

std::string normal_parameter(std::string_view word) {
  std::string normal(word);
  std::replace(normal.begin(),
               normal.begin() + static_cast<ptrdiff_t>(std::min(word.find('='), word.size())), '-',
               '_');
  return normal;
}

std::vector<std::string> command_line_words(std::string_view command_line) {
  std::vector<std::string> words;
  std::string word;
  bool is_word = false;
  bool is_quoted = false;
  const auto finish = [&] {
    if (is_word)
      words.push_back(normal_parameter(word));
    word.clear();
    is_word = false;
  };
  for (const char character : command_line) {
    const bool is_space = character == ' ' || (character >= '\t' && character <= '\r');
    if (is_space && !is_quoted) {
      finish();
      continue;
    }
    is_word = true;
    if (character == '"')
      is_quoted = !is_quoted;
    else
      word.push_back(character);
  }
  finish();
  return words;
}

} // namespace warrant
