// SPDX-License-Identifier: Apache-2.0
// Records as numbers, in the text format of OpenMetrics 1.0.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "lineage/record.h"

namespace warrant {

class Metrics {
 public:
  void add(const Record &record);
  /// A record that is there but cannot be read.
  void add_unreadable() { unreadable_++; }
  /// Bytes of the log on disk.
  void set_size(uint64_t bytes) { bytes_ = bytes; }

  /// The whole exposition, with "# EOF". `now_boot_ns` of the boot `boot`, for leases that have run
  /// out since; of other boots no lease is open.
  std::string text(const std::string &boot, uint64_t now_boot_ns) const;

 private:
  struct Decided {
    std::string verdict;
    std::string reason;
    std::string request;
    auto operator<=>(const Decided &) const = default;
  };
  struct Open {
    bool is_open = false;
    std::string boot;
    uint64_t until = 0;
  };

  std::map<std::string, uint64_t> types_;
  std::map<Decided, uint64_t> decided_;
  std::map<Text, Open> leases_;
  uint64_t lost_ = 0;
  uint64_t gaps_ = 0;
  uint64_t unreadable_ = 0;
  uint64_t bytes_ = 0;
  int64_t last_ns_ = 0;
};

} // namespace warrant
