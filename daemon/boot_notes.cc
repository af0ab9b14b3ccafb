// SPDX-License-Identifier: Apache-2.0
#include "daemon/boot_notes.h"

#include <unistd.h>

#include <cerrno>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "lineage/record.h"

namespace warrant {
namespace {

constexpr size_t kMaxNotes = 1u << 20; // bytes
constexpr mode_t kMode = 0600;

} // namespace

std::string serialize_notes(const BootNotes &notes) {
  Json json = {{"boot", notes.boot}, {"measurements", measurements_json(notes.measurements)}};
  if (notes.tpm_resets)
    json["tpmResets"] = *notes.tpm_resets;
  return json.dump();
}

Checked<BootNotes> parse_notes(ByteView text) {
  const Json document = WARRANT_TRY(parse_json(text));
  ObjectReader reader = WARRANT_TRY(ObjectReader::open(document));
  BootNotes notes;
  notes.boot = WARRANT_TRY(reader.string("boot", 36, 36));
  if (!is_boot_id(notes.boot))
    return malformed("boot", "boot id expected");
  if (reader.has("tpmResets"))
    notes.tpm_resets =
        static_cast<uint32_t>(WARRANT_TRY(reader.integer("tpmResets", 0, UINT32_MAX)));
  notes.measurements = WARRANT_TRY(read_measurements(reader, "measurements"));
  WARRANT_TRY(reader.finish());
  return notes;
}

Result<BootNotes> load_notes(const std::string &path, const std::string &boot) {
  BootNotes fresh;
  fresh.boot = boot;
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT)
    return fresh;
  const Bytes text = WARRANT_TRY(read_file(path, kMaxNotes));
  Checked<BootNotes> notes = parse_notes(text);
  if (!notes.ok())
    return Error{path + ": " + notes.error().text()};
  return notes.value().boot == boot ? std::move(notes).value() : fresh;
}

Status save_notes(const std::string &path, const BootNotes &notes) {
  return write_file_atomic(path, view(serialize_notes(notes)), kMode);
}

} // namespace warrant
