// SPDX-License-Identifier: Apache-2.0
// A machine as its files tell of it: /proc, /sys and /boot below some root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace warrant {

/// What cannot be read is empty: to a check, that is as good as not there.
class Machine {
 public:
  /// Reads the names of the kernel's functions at once (a few MB of BTF); the rest when asked.
  explicit Machine(std::string root);

  /// Without its newline; text that came from elsewhere is made fit for a terminal.
  std::string first_line(const std::string &path) const;
  /// The value of `name=value` on the kernel command line; the last one counts.
  std::string boot_option(std::string_view name) const;
  /// The value of an option in /boot/config-<release>, without quotes.
  std::string build_option(std::string_view name) const;
  /// Of this process.
  uint64_t effective_capabilities() const;
  bool is_mounted(std::string_view where, std::string_view type) const;

  /// All functions that the kernel's BTF describes.
  const std::unordered_set<std::string> &kernel_functions() const { return functions_; }
  bool has_function(const std::string &name) const { return functions_.count(name) != 0; }

 private:
  std::vector<std::string> lines(const std::string &path) const;

  std::string root_;
  std::unordered_set<std::string> functions_;
};

std::vector<std::string> split(std::string_view text, char separator);

} // namespace warrant
