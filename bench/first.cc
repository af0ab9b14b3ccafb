// SPDX-License-Identifier: Apache-2.0
#include "bench/first.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "artifacts/names.h"
#include "daemon/unique_fd.h"

namespace warrant::bench {
namespace {

// security.ima of a plain digest: its kind and its algorithm, then the digest
// (security/integrity/integrity.h, IMA_XATTR_DIGEST_NG, HASH_ALGO_SHA256).
constexpr uint8_t kPlainDigest = 4;
constexpr uint8_t kSha256 = 4;

Error why(const std::string &what) {
  return Error{what + ": " + std::strerror(errno)};
}

} // namespace

Result<FirstProgram> FirstProgram::create(const std::string &program, const std::string &path,
                                          size_t bytes) {
  FirstProgram made;
  made.path_ = path;
  std::ifstream file(program, std::ios::binary);
  made.content_.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || made.content_.empty())
    return Error{"cannot read " + program};
  // Larger than the smallest size is a program that is linked statically: that one then has its
  // own.
  made.content_.resize(std::max(bytes, made.content_.size()));
  made.digest_ = sha256(ByteView(made.content_.data(), made.content_.size()));
  WARRANT_TRY(made.renew());
  return made;
}

Status FirstProgram::renew() const {
  ::unlink(path_.c_str());
  const UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
  for (size_t at = 0; at < content_.size();) {
    const ssize_t wrote = ::write(file.get(), content_.data() + at, content_.size() - at);
    if (wrote <= 0)
      return why("cannot write " + path_);
    at += static_cast<size_t>(wrote);
  }
  std::vector<uint8_t> label = {kPlainDigest, kSha256};
  label.insert(label.end(), digest_.begin(), digest_.end());
  if (::fsetxattr(file.get(), "security.ima", label.data(), label.size(), 0) != 0)
    return why("cannot label " + path_);
  if (::fsync(file.get()) != 0)
    return why("cannot write " + path_);
  return {};
}

} // namespace warrant::bench
