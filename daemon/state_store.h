// SPDX-License-Identifier: Apache-2.0
// Where the state lies, so that every crash and power loss leaves the old or the new one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "artifacts/result.h"
#include "daemon/state.h"
#include "daemon/unique_fd.h"

namespace warrant {

inline constexpr std::string_view kStateFile = "state.json";

/// Something outside the file system that remembers how far the serial had come, so that an old
/// copy of the file is noticed: a counter in the TPM.
class RollbackGuard {
 public:
  virtual ~RollbackGuard() = default;
  /// Whether a state of this serial may be believed. A crash may have come between saving and
  /// advance(): one more than what was last advanced to must be accepted.
  virtual Status check(uint64_t serial) = 0;
  /// Called once the state of this serial is durable. After failed saves it may skip numbers.
  virtual Status advance(uint64_t serial) = 0;
};

/// Believes every serial.
class NoRollbackGuard final : public RollbackGuard {
 public:
  Status check(uint64_t) override { return {}; }
  Status advance(uint64_t) override { return {}; }
};

/// Called between the steps of a save, in this order. For tests that stop there.
enum class SaveStep { kBeforeWrite, kWritten, kSynced, kRenamed, kDirectorySynced };
using SaveHook = void (*)(SaveStep);

/// What a missing file means.
enum class Missing {
  kIsFirstStart, ///< nothing is armed and there is no older lineage: an empty state
  kIsLoss,       ///< an error: counters would start anew
};

/// The only reader and writer of a state directory. A failed save leaves the file as it was, or, if
/// only the directory could not be synced, new but perhaps not durable: nothing that depends on it
/// may be done until a later save succeeded.
class StateStore {
 public:
  /// The directory must exist, belong to this user and be writable by nobody else. It is locked as
  /// long as the store lives. `guard` must outlive the store.
  static Result<StateStore> open(const std::string &directory, RollbackGuard &guard,
                                 SaveHook hook = nullptr);

  /// Durable by the time that it is returned, also when the one who wrote it did not live to see
  /// that. Errors: missing, not canonical, rolled back.
  Result<State> load(Missing missing);

  /// Gives `state` its serial and makes it durable. On error `state` is as before.
  Status save(State &state);

  const std::string &path() const { return path_; }

 private:
  StateStore(std::string directory, UniqueFd folder, RollbackGuard &guard, SaveHook hook);
  Status replace_with(const State &state);
  Status write_aside(const std::string &text) const;
  Status sync_directory() const;
  void at(SaveStep step) const;

  std::string directory_;
  std::string path_;
  UniqueFd folder_; ///< carries the lock
  RollbackGuard *guard_;
  SaveHook hook_;
  uint64_t serial_ = 0; ///< of the file in place
  bool is_loaded_ = false;
};

} // namespace warrant
