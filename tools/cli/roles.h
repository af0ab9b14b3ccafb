// SPDX-License-Identifier: Apache-2.0
// Roles as people name them on the command line.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "artifacts/trust_root.h"
#include "tools/cli/arguments.h"

namespace warrant::cli {

/// The roles that a word names: one, or for "issuer" both that sign what may run day by day.
std::vector<RoleName> roles_from_word(std::string_view word);

/// "task=4" of an option, as roles and value.
struct RoleWord {
  std::vector<RoleName> roles;
  std::string value;
};
Try<RoleWord> parse_role_word(std::string_view option, const std::string &word);

/// Who is to have which role, and how many of them must sign.
class RolePlan {
 public:
  RolePlan() = default;
  explicit RolePlan(const TrustRoot &root);

  void add(RoleName name, const PublicKey &key);
  /// False if the key does not have the role.
  bool remove(RoleName name, const std::string &fingerprint);
  /// `option` is where the number was given, for the message if it fits nothing.
  void set_threshold(RoleName name, uint64_t threshold, std::string option);
  /// All words of --threshold.
  Try<void> set_thresholds(const Arguments &arguments);

  /// Puts the roles into a trust root. A role whose threshold nobody set has 1.
  Try<void> apply(TrustRoot &root) const;

 private:
  struct Planned {
    std::vector<PublicKey> keys;
    std::optional<uint64_t> threshold;
    std::string option;
  };
  Try<Role> role(RoleName name) const;

  std::array<Planned, kRoleCount> planned_;
};

} // namespace warrant::cli
