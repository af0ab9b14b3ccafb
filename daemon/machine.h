// SPDX-License-Identifier: Apache-2.0
// A machine as its files tell of it: /proc, /sys and /boot below some root.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct btf;

namespace warrant {

/// What cannot be read is empty: to a check, that is as good as not there.
class Machine {
 public:
  /// Reads the kernel's BTF at once (a few MB); the rest when asked.
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

  /// Types that the kernel's BTF describes; 0: there is none.
  size_t type_count() const;
  /// Searched one by one: a few searches are cheaper than an index of 60 000 functions.
  bool has_function(const std::string &name) const;
  /// Parameters of a function; 0 also when it is not there.
  size_t parameter_count(const std::string &function) const;
  /// Whether a structure has a member of its own (not of an unnamed one inside it) called that.
  bool has_member(const std::string &structure, std::string_view name) const;

 private:
  std::vector<std::string> lines(const std::string &path) const;

  std::string root_;
  struct Free {
    void operator()(btf *types) const;
  };
  std::unique_ptr<btf, Free> types_;
};

std::vector<std::string> split(std::string_view text, char separator);

} // namespace warrant
