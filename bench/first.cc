// SPDX-License-Identifier: Apache-2.0
#include "bench/first.h"

#include <fcntl.h>
#include <linux/fsverity.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
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
                                          size_t bytes, bool with_verity) {
  FirstProgram made;
  made.with_verity_ = with_verity;
  made.path_ = path;
  std::ifstream file(program, std::ios::binary);
  made.content_.assign(std::istreambuf_iterator<char>(file), {});
  if (!file || made.content_.empty())
    return Error{"cannot read " + program};
  if (made.content_.size() > bytes)
    return Error{program + ": larger than " + std::to_string(bytes) + " bytes"};
  made.content_.resize(bytes);
  made.digest_ = sha256(ByteView(made.content_.data(), made.content_.size()));
  WARRANT_TRY(made.renew());
  return made;
}

Status FirstProgram::renew() const {
  ::unlink(path_.c_str());
  UniqueFd file(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755));
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
  if (!with_verity_)
    return {};
  // Nobody may have it open for writing.
  file = UniqueFd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  fsverity_enable_arg asked{};
  asked.version = 1;
  asked.hash_algorithm = FS_VERITY_HASH_ALG_SHA256;
  asked.block_size = 4096;
  if (::ioctl(file.get(), FS_IOC_ENABLE_VERITY, &asked) != 0)
    return why("no fs-verity for " + path_);
  return {};
}

Result<Digest> FirstProgram::verity_digest() const {
  const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  alignas(fsverity_digest) std::array<uint8_t, sizeof(fsverity_digest) + sizeof(Digest)> room{};
  auto *told = reinterpret_cast<fsverity_digest *>(room.data());
  told->digest_size = sizeof(Digest);
  if (::ioctl(file.get(), FS_IOC_MEASURE_VERITY, told) != 0)
    return why("no fs-verity digest of " + path_);
  Digest digest;
  std::memcpy(digest.data(), room.data() + sizeof(fsverity_digest), digest.size());
  return digest;
}

} // namespace warrant::bench
