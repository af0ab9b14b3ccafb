// SPDX-License-Identifier: Apache-2.0
#include "artifacts/manifest.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

constexpr uint32_t kActions = W_ACTION_EXEC | W_ACTION_MAP;

ManifestRecord record(uint8_t fill, uint32_t actions = W_ACTION_EXEC) {
  return {test::digest(fill), std::nullopt, actions};
}

Manifest written(std::vector<ManifestRecord> records) {
  const auto manifest = write_manifest(std::move(records));
  REQUIRE(manifest.ok());
  return manifest.value();
}

/// Whatever the bytes, read as if they had been signed for.
Checked<std::vector<ManifestRecord>> read(const Bytes &file, std::optional<ManifestRef> ref = {}) {
  return read_manifest(source_of_bytes(file),
                       ref.value_or(ManifestRef{sha256(file), file.size() / kManifestRecordSize}),
                       kActions);
}

} // namespace

TEST_CASE("manifests are sorted, merged and survive the way through a file") {
  ManifestRecord with_verity = record(7, W_ACTION_MAP);
  with_verity.verity = test::digest(0x77);
  const Manifest manifest = written({record(9), record(7), record(1), with_verity});
  CHECK(manifest.ref.count == 3);
  CHECK(manifest.file.size() == 3 * kManifestRecordSize);
  CHECK(manifest.ref.sha256 == sha256(manifest.file));

  ManifestRecord merged = with_verity;
  merged.actions = W_ACTION_EXEC | W_ACTION_MAP;
  const std::vector<ManifestRecord> expected = {record(1), merged, record(9)};
  CHECK(read(manifest.file).value() == expected);

  const test::TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory.file(manifest_file_name(manifest.ref)), manifest.file, 0600)
              .ok());
  const auto source = manifests_in(directory.file(""))(manifest.ref);
  REQUIRE(source.ok());
  CHECK(read_manifest(source.value(), manifest.ref, kActions).value() == expected);
  CHECK_FALSE(manifests_in(directory.file(""))(ManifestRef{test::digest(1), 1}).ok());
  CHECK_FALSE(source_of_file(directory.file("")).ok());
  CHECK_FALSE(no_manifests()(manifest.ref).ok());
}

TEST_CASE("the layout of a record is fixed") {
  ManifestRecord one = record(0xab, W_ACTION_EXEC | W_ACTION_LOAD);
  one.verity = test::digest(0xcd);
  std::string expected;
  for (int i = 0; i < 32; i++)
    expected += "ab";
  for (int i = 0; i < 32; i++)
    expected += "cd";
  CHECK(to_hex(written({one}).file) == expected + "1100000000000000");
}

TEST_CASE("records come in pieces of any size") {
  std::vector<ManifestRecord> records;
  for (uint8_t fill = 0; fill < 50; fill++)
    records.push_back(record(fill));
  const Manifest manifest = written(records);
  for (const size_t size : {1u, 7u, 71u, 72u, 73u, 1000u}) {
    ByteSource whole = source_of_bytes(manifest.file);
    const ByteSource pieces = [&](std::span<uint8_t> buffer) {
      return whole(buffer.first(std::min(size, buffer.size())));
    };
    CHECK(read_manifest(pieces, manifest.ref, kActions).value() == records);
  }
}

TEST_CASE("writing refuses what could not be read") {
  CHECK_FALSE(write_manifest({}).ok());
  CHECK_FALSE(write_manifest({record(1, 0)}).ok());
  CHECK_FALSE(write_manifest({record(1, W_ACTION_SCRIPT)}).ok());
  ManifestRecord one = record(1);
  ManifestRecord other = record(1);
  one.verity = test::digest(1);
  other.verity = test::digest(2);
  CHECK(write_manifest({one, one}).ok());
  CHECK_FALSE(write_manifest({one, other}).ok());
}

TEST_CASE("a broken manifest is refused by name") {
  const Manifest valid = written({record(1), record(2), record(3)});
  const auto changed = [&](size_t offset, uint8_t value) {
    Bytes file = valid.file;
    file[offset] = value;
    return file;
  };
  const auto joined = [&](std::initializer_list<uint8_t> fills) {
    Bytes file;
    for (const uint8_t fill : fills) {
      const Bytes part = written({record(fill)}).file;
      file.insert(file.end(), part.begin(), part.end());
    }
    return file;
  };
  const Bytes cut(valid.file.begin(), valid.file.end() - 1);
  const Bytes shorter(valid.file.begin(), valid.file.end() - kManifestRecordSize);
  Bytes longer = valid.file;
  longer.push_back(0);
  const auto longest = joined({1, 2, 3, 4});
  ManifestRef other = valid.ref;
  other.sha256[31] ^= 1;

  struct Case {
    const char *name;
    Bytes file;
    ManifestRef ref;
    w_reason reason;
    const char *field;
  };
  const auto as_signed = [](const Bytes &file) {
    return ManifestRef{sha256(file), file.size() / kManifestRecordSize};
  };
  const Case cases[] = {
      {"empty", {}, valid.ref, W_REASON_CONTENT_MISMATCH, "predicate.manifest.count"},
      {"cut", cut, valid.ref, W_REASON_CONTENT_MISMATCH, "predicate.manifest.count"},
      {"a record less", shorter, valid.ref, W_REASON_CONTENT_MISMATCH, "predicate.manifest.count"},
      {"a byte more", longer, valid.ref, W_REASON_CONTENT_MISMATCH, "predicate.manifest.count"},
      {"a record more", longest, valid.ref, W_REASON_CONTENT_MISMATCH, "predicate.manifest.count"},
      {"another digest signed", valid.file, other, W_REASON_CONTENT_MISMATCH,
       "predicate.manifest.sha256"},
      {"another file", joined({1, 2, 4}), valid.ref, W_REASON_CONTENT_MISMATCH,
       "predicate.manifest.sha256"},
      {"unsorted", joined({1, 3, 2}), as_signed(joined({1, 3, 2})), W_REASON_MALFORMED,
       "manifest[2].sha256"},
      {"twice", joined({1, 1, 2}), as_signed(joined({1, 1, 2})), W_REASON_MALFORMED,
       "manifest[1].sha256"},
      {"no action", changed(64, 0), as_signed(changed(64, 0)), W_REASON_MALFORMED,
       "manifest[0].actions"},
      {"action that the artifact lacks", changed(64 + 72, W_ACTION_LOAD),
       as_signed(changed(64 + 72, W_ACTION_LOAD)), W_REASON_MALFORMED, "manifest[1].actions"},
      {"unknown action", changed(67, 1), as_signed(changed(67, 1)), W_REASON_MALFORMED,
       "manifest[0].actions"},
      {"reserved", changed(71, 1), as_signed(changed(71, 1)), W_REASON_MALFORMED,
       "manifest[0].reserved"},
      {"text", Bytes(72, 'x'), as_signed(Bytes(72, 'x')), W_REASON_MALFORMED,
       "manifest[0].actions"},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const auto result = read(c.file, c.ref);
    REQUIRE_FALSE(result.ok());
    CHECK(result.error().reason == c.reason);
    CHECK(result.error().field == c.field);
  }
  for (size_t bit = 0; bit < valid.file.size() * 8; bit++)
    CHECK_FALSE(
        read(changed(bit / 8, valid.file[bit / 8] ^ static_cast<uint8_t>(1 << bit % 8)), valid.ref)
            .ok());
}

TEST_CASE("reading stops at the count that was signed") {
  size_t given = 0;
  Digest next{};
  const ByteSource endless = [&](std::span<uint8_t> buffer) -> Result<size_t> {
    if (given > 20000) // a reader that does not stop fails this test, and does not hang it
      return size_t{0};
    const size_t whole = buffer.size() / kManifestRecordSize;
    for (size_t i = 0; i < whole; i++) {
      for (size_t digit = next.size(); digit-- > 0 && ++next[digit] == 0;)
        continue;
      const Bytes file = written({{next, std::nullopt, W_ACTION_EXEC}}).file;
      std::copy(file.begin(), file.end(), buffer.begin() + i * kManifestRecordSize);
    }
    given += whole;
    return whole * kManifestRecordSize;
  };
  const auto result = read_manifest(endless, ManifestRef{Digest{}, 3000}, kActions);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().field == "predicate.manifest.count");
  CHECK(given < 6000);
}

TEST_CASE("a source that fails is no empty manifest") {
  const ByteSource failing = [](std::span<uint8_t>) -> Result<size_t> {
    return Error{"disk on fire"};
  };
  const auto result = read_manifest(failing, ManifestRef{sha256({}), 1}, kActions);
  REQUIRE_FALSE(result.ok());
  CHECK(result.error().detail == "disk on fire");
}
