// SPDX-License-Identifier: Apache-2.0
#include "artifacts/json.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "artifacts/time.h"

namespace warrant {
namespace {

std::string join(const std::string &path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

} // namespace

Checked<ObjectReader> ObjectReader::open(const Json &value, std::string path) {
  if (!value.is_object())
    return malformed(std::move(path), "object expected");
  return ObjectReader(value, std::move(path));
}

bool ObjectReader::has(std::string_view name) const {
  return object_->contains(name);
}

std::string ObjectReader::at(std::string_view name) const {
  return join(path_, name);
}

Checked<const Json *> ObjectReader::take(std::string_view name) {
  const auto member = object_->find(name);
  if (member == object_->end())
    return malformed(at(name), "missing");
  taken_.push_back(name);
  return &*member;
}

Checked<std::string> ObjectReader::string(std::string_view name, size_t min, size_t max) {
  const Json *value = WARRANT_TRY(take(name));
  if (!value->is_string())
    return malformed(at(name), "string expected");
  const auto &text = value->get_ref<const std::string &>();
  if (text.size() < min || text.size() > max)
    return malformed(at(name),
                     std::to_string(min) + " to " + std::to_string(max) + " bytes expected");
  return text;
}

Checked<int64_t> ObjectReader::integer(std::string_view name, int64_t min, int64_t max) {
  const Json *value = WARRANT_TRY(take(name));
  if (!value->is_number_integer())
    return malformed(at(name), "integer expected");
  const auto number = value->get<int64_t>();
  if (number < min || number > max)
    return malformed(at(name), std::to_string(min) + " to " + std::to_string(max) + " expected");
  return number;
}

Checked<bool> ObjectReader::boolean(std::string_view name) {
  const Json *value = WARRANT_TRY(take(name));
  if (!value->is_boolean())
    return malformed(at(name), "true or false expected");
  return value->get<bool>();
}

Checked<ObjectReader> ObjectReader::object(std::string_view name) {
  return open(*WARRANT_TRY(take(name)), at(name));
}

Checked<const Json *> ObjectReader::array(std::string_view name, size_t min, size_t max) {
  const Json *value = WARRANT_TRY(take(name));
  if (!value->is_array())
    return malformed(at(name), "array expected");
  if (value->size() < min || value->size() > max)
    return malformed(at(name),
                     std::to_string(min) + " to " + std::to_string(max) + " elements expected");
  return value;
}

Checked<Digest> ObjectReader::digest(std::string_view name) {
  const Json *value = WARRANT_TRY(take(name));
  Digest digest{};
  if (!value->is_string() || !from_hex(value->get_ref<const std::string &>(), digest))
    return malformed(at(name), "64 lower-case hex characters expected");
  return digest;
}

Checked<int64_t> ObjectReader::time(std::string_view name) {
  const Json *value = WARRANT_TRY(take(name));
  if (!value->is_string())
    return malformed(at(name), "string expected");
  const Result<int64_t> seconds = parse_time(value->get_ref<const std::string &>());
  if (!seconds.ok())
    return malformed(at(name), seconds.error().message);
  return seconds.value();
}

Checked<void> ObjectReader::literal(std::string_view name, std::string_view expected) {
  const Json *value = WARRANT_TRY(take(name));
  if (!value->is_string() || value->get_ref<const std::string &>() != expected)
    return malformed(at(name), "exactly \"" + std::string(expected) + "\" expected");
  return {};
}

Checked<void> ObjectReader::refuse_unsupported(
    std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names)
    if (has(name))
      return malformed(at(name), "not supported by this version",
                       "use a version that enforces it, or issue the document without it");
  return {};
}

Checked<void> ObjectReader::finish() const {
  for (const auto &member : object_->items())
    if (std::find(taken_.begin(), taken_.end(), member.key()) == taken_.end())
      return malformed(join(path_, printable(member.key())), "unknown member");
  return {};
}

} // namespace warrant
