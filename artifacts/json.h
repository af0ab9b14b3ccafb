// SPDX-License-Identifier: Apache-2.0
// Strict JSON: what two readers could understand differently is refused here, before any meaning.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/rejection.h"

namespace warrant {

/// Members sort by name, so dump() is our canonical form: sorted, no white space, UTF-8.
using Json = nlohmann::json;

inline constexpr int kMaxJsonDepth = 16;

/// RFC 8259, and no duplicate members at any depth, no BOM, valid UTF-8, no NUL in any form,
/// numbers that are integers of int64 (no fraction, exponent or -0), at most kMaxJsonDepth levels,
/// nothing after the document. `root` is the path that errors start from ("predicate", "" for a
/// document).
Checked<Json> parse_json(ByteView text, const std::string &root = {});

/// Reads one object member by member and, at the end, refuses what nobody asked for. The object
/// must outlive the reader. Every rejection names the member by its path.
class ObjectReader {
 public:
  /// Refuses a value that is not an object; `path` is where it stands in the document.
  static Checked<ObjectReader> open(const Json &value, std::string path = {});

  /// Whether an optional member is there.
  bool has(std::string_view name) const;
  /// Path of a member of this object.
  std::string at(std::string_view name) const;

  // Each takes a required member of one type; lengths are in bytes, bounds are inclusive.
  Checked<std::string> string(std::string_view name, size_t min, size_t max);
  Checked<int64_t> integer(std::string_view name, int64_t min, int64_t max);
  Checked<bool> boolean(std::string_view name);
  Checked<ObjectReader> object(std::string_view name);
  Checked<const Json *> array(std::string_view name, size_t min, size_t max);
  /// 64 lower-case hex characters.
  Checked<Digest> digest(std::string_view name);
  /// RFC 3339 UTC, as unix seconds.
  Checked<int64_t> time(std::string_view name);
  /// A string that must be exactly `expected`.
  Checked<void> literal(std::string_view name, std::string_view expected);
  /// The object itself, for maps whose names are free; instead of finish().
  const Json &members() const { return *object_; }

  /// Refuses members that are defined but that this version cannot enforce: never silently ignored.
  Checked<void> refuse_unsupported(std::initializer_list<std::string_view> names) const;
  /// Refuses members that were not taken.
  Checked<void> finish() const;

 private:
  ObjectReader(const Json &object, std::string path) : object_(&object), path_(std::move(path)) {}
  Checked<const Json *> take(std::string_view name);

  const Json *object_;
  std::string path_;
  std::vector<std::string_view> taken_;
};

} // namespace warrant
