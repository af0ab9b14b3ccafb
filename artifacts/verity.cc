// SPDX-License-Identifier: Apache-2.0
#include "artifacts/verity.h"

#include <linux/fsverity.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>

namespace warrant {

std::optional<Digest> verity_of_fd(int fd) {
  constexpr uint16_t kRoom = 64; // of the longest digest that there is
  alignas(fsverity_digest) std::array<uint8_t, sizeof(fsverity_digest) + kRoom> buffer{};
  auto *answer = reinterpret_cast<fsverity_digest *>(buffer.data());
  answer->digest_size = kRoom;
  if (::ioctl(fd, FS_IOC_MEASURE_VERITY, answer) != 0 ||
      answer->digest_algorithm != FS_VERITY_HASH_ALG_SHA256 || answer->digest_size != W_DIGEST_SIZE)
    return std::nullopt;
  Digest digest{};
  std::copy_n(buffer.begin() + sizeof(fsverity_digest), digest.size(), digest.begin());
  return digest;
}

} // namespace warrant
