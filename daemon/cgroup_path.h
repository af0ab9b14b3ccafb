// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace warrant {

// Paths of cgroups by their id (the inode number that kernfs gives them), for records only. A
// cgroup that is gone, or a system without cgroup2, has the empty path.
class CgroupPaths {
 public:
  explicit CgroupPaths(std::string root = "/sys/fs/cgroup") : root_(std::move(root)) {}

  std::string find(uint64_t id);

 private:
  std::string resolve(uint64_t id) const;

  static constexpr size_t kKept = 4096;
  std::string root_;
  std::map<uint64_t, std::string> known_;
};

} // namespace warrant
