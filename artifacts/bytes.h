// SPDX-License-Identifier: Apache-2.0
// Bytes, their text forms, their digests, and how they come from and go to files.
#pragma once

#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/result.h"
#include "bpf/abi.h"

namespace warrant {

using Bytes = std::vector<uint8_t>;
using ByteView = std::span<const uint8_t>;
using Digest = std::array<uint8_t, W_DIGEST_SIZE>;
using ArtifactId = std::array<uint8_t, W_ID_SIZE>;

ByteView view(std::string_view text);
std::string_view text_of(ByteView bytes);

/// Lower-case hex.
std::string to_hex(ByteView bytes);
/// Exactly `out.size()` bytes from lower-case hex; false for anything else (upper case included:
/// one digest has one spelling), and then `out` is undefined. For digests and ids, nothing secret:
/// its time tells of the digits.
bool from_hex(std::string_view hex, std::span<uint8_t> out);

enum class Base64 { kStandard, kUrlSafe };

/// Padded standard alphabet (RFC 4648 section 4).
std::string to_base64(ByteView bytes);
/// Strict: padding required, no white space, unused bits zero, nothing after the end.
Result<Bytes> from_base64(std::string_view text, Base64 alphabet = Base64::kStandard);

/// Text of unknown origin made fit for a terminal: printable ASCII, the rest as \xNN, cut at
/// `limit`.
std::string printable(std::string_view text, size_t limit = 96);

Digest sha256(ByteView bytes);
/// Digest of everything from offset 0 to the end of `fd`, read in pieces; the offset is not moved.
Result<Digest> sha256_of_fd(int fd);
Result<Digest> sha256_of_file(const std::string &path);

/// Looks at the file that was opened, so that what is checked is what is read.
using FileCheck = std::function<Status(const struct stat &)>;

/// The whole of a regular file of at most `limit` bytes. A larger file, or one that is no regular
/// file, or that `check` refuses, is refused before anything is allocated for it. Errors name the
/// file. The buffer is not copied about, so that a caller can wipe a secret.
Result<Bytes> read_file(const std::string &path, size_t limit, const FileCheck &check = {});

enum class Existing { kReplace, kRefuse };

/// All or nothing, also across a crash: a temporary file in the same directory, fsync, rename,
/// fsync of the directory. With kRefuse an existing `path` is an error and stays as it is.
Status write_file_atomic(const std::string &path, ByteView bytes, mode_t mode,
                         Existing existing = Existing::kReplace);

} // namespace warrant
