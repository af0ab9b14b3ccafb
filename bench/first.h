// SPDX-License-Identifier: Apache-2.0
// Programs that no enforcer has seen before: the content is known, the inode is new.
#pragma once

#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

namespace warrant::bench {

class FirstProgram {
 public:
  /// `program` and zeroes up to `bytes`, at `path`, which exists from now on. Error: it cannot be
  /// read or written, or is empty.
  static Result<FirstProgram> create(const std::string &program, const std::string &path,
                                     size_t bytes, bool with_verity);

  /// Another inode with the same content under the same path, its pages in memory and on disk, and
  /// the digest that IMA asks for in security.ima; with fs-verity, if it was created so.
  Status renew() const;

  /// What the kernel tells of it; only with fs-verity.
  Result<Digest> verity_digest() const;

 private:
  FirstProgram() = default;

  std::string path_;
  bool with_verity_ = false;
  std::vector<uint8_t> content_;
  Digest digest_{};
};

} // namespace warrant::bench
