// SPDX-License-Identifier: Apache-2.0
#include "artifacts/lists.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "artifacts/key.h"
#include "artifacts/names.h"

namespace warrant {
namespace {

/// Reads each string with `read_one`, which says std::nullopt where it is not what is `expected`.
template <class T, class ReadOne>
Checked<std::vector<T>> read_set(ObjectReader &reader, std::string_view name, size_t min,
                                 size_t max, std::string_view expected, ReadOne read_one) {
  const Json *list = WARRANT_TRY(reader.array(name, min, max));
  std::set<T> seen;
  for (size_t i = 0; i < list->size(); i++) {
    const Json &value = (*list)[i];
    const std::optional<T> one =
        value.is_string() ? read_one(value.get_ref<const std::string &>()) : std::nullopt;
    if (!one)
      return malformed(reader.at(element(name, i)), std::string(expected) + " expected");
    if (!seen.insert(*one).second)
      return malformed(reader.at(element(name, i)), "given twice");
  }
  return std::vector<T>(seen.begin(), seen.end());
}

} // namespace

std::string element(std::string_view list, size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}

Checked<std::vector<std::string>> read_texts(ObjectReader &reader, std::string_view name,
                                             size_t min, size_t max, size_t max_bytes) {
  return read_set<std::string>(
      reader, name, min, max, "string of 1 to " + std::to_string(max_bytes) + " bytes",
      [max_bytes](const std::string &text) -> std::optional<std::string> {
        return text.empty() || text.size() > max_bytes ? std::nullopt : std::optional(text);
      });
}

Checked<std::vector<std::string>> read_fingerprints(ObjectReader &reader, std::string_view name,
                                                    size_t min, size_t max) {
  return read_set<std::string>(reader, name, min, max,
                               "fingerprint (SHA256: and 43 base64 characters)",
                               [](const std::string &text) -> std::optional<std::string> {
                                 return is_fingerprint(text) ? std::optional(text) : std::nullopt;
                               });
}

Checked<std::vector<Digest>> read_digests(ObjectReader &reader, std::string_view name, size_t min,
                                          size_t max) {
  return read_set<Digest>(reader, name, min, max, "64 lower-case hex characters",
                          [](const std::string &text) -> std::optional<Digest> {
                            Digest digest{};
                            return from_hex(text, digest) ? std::optional(digest) : std::nullopt;
                          });
}

Checked<std::vector<ArtifactKind>> read_kinds(ObjectReader &reader, std::string_view name) {
  return read_set<ArtifactKind>(reader, name, 1, 3, "task, baseline or breakglass", kind_from_name);
}

Checked<uint32_t> read_actions(ObjectReader &reader) {
  const std::vector<uint32_t> bits =
      WARRANT_TRY(read_set<uint32_t>(reader, "actions", 1, action_names().size(),
                                     "exec, map, interpret, update, load or administer",
                                     [](const std::string &word) -> std::optional<uint32_t> {
                                       const std::optional<uint32_t> bit =
                                           bit_from_name(action_names(), word);
                                       return bit && (*bit & W_ACTION_ALL) ? bit : std::nullopt;
                                     }));
  uint32_t actions = 0;
  for (const uint32_t bit : bits)
    actions |= bit;
  return actions;
}

Json digests_json(const std::vector<Digest> &digests) {
  Json list = Json::array();
  for (const Digest &digest : digests)
    list.push_back(to_hex(digest));
  return list;
}

} // namespace warrant
