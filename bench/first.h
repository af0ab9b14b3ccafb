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
                                     size_t bytes);

  /// Another inode with the same content under the same path, its pages in memory and on disk, and
  /// the digest that IMA asks for in security.ima.
  Status renew() const;

 private:
  FirstProgram() = default;

  std::string path_;
  std::vector<uint8_t> content_;
  Digest digest_{};
};

} // namespace warrant::bench
