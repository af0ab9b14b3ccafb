// SPDX-License-Identifier: Apache-2.0
#include "daemon/cgroup_path.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstring>

#include "daemon/unique_fd.h"

namespace warrant {
namespace {

constexpr int kKernfsHandle = 0xfe; // FILEID_KERNFS, include/linux/exportfs.h

} // namespace

std::string CgroupPaths::find(uint64_t id) {
  auto place = known_.find(id);
  if (place != known_.end())
    return place->second;
  // Ids are not used twice in a boot, so what is dropped here can only cost time.
  if (known_.size() >= kKept)
    known_.clear();
  return known_.emplace(id, resolve(id)).first->second;
}

std::string CgroupPaths::resolve(uint64_t id) const {
  alignas(file_handle) std::array<unsigned char, sizeof(file_handle) + sizeof(id)> room{};
  auto *handle = reinterpret_cast<file_handle *>(room.data());
  int mount = ::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (mount < 0)
    return {};
  UniqueFd owner(mount);
  handle->handle_bytes = sizeof(id);
  handle->handle_type = kKernfsHandle;
  std::memcpy(room.data() + sizeof(file_handle), &id, sizeof(id));
  int fd = ::open_by_handle_at(mount, handle, O_PATH | O_CLOEXEC);
  if (fd < 0)
    return {};
  UniqueFd opened(fd);
  std::array<char, PATH_MAX> path{};
  ssize_t length =
      ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path.data(), path.size());
  if (length < 0 || static_cast<size_t>(length) < root_.size())
    return {};
  std::string found(path.data() + root_.size(), static_cast<size_t>(length) - root_.size());
  return found.empty() ? "/" : found;
}

} // namespace warrant
