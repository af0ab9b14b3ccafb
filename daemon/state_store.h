// SPDX-License-Identifier: Apache-2.0
// Where the state lies, so that every crash and power loss leaves the old or the new one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "artifacts/bytes.h"
#include "artifacts/result.h"
#include "daemon/state.h"
#include "daemon/unique_fd.h"

namespace warrant {

inline constexpr std::string_view kStateFile = "state.json";

/// Called between the steps of a save, in this order. For tests that stop there.
enum class SaveStep { kBeforeWrite, kWritten, kSynced, kRenamed, kDirectorySynced };
using SaveHook = void (*)(SaveStep);

/// Told of a state before its file takes the place of another one, by the SHA-256 of both, and
/// afterwards, by its own twice; zeros: there is none. If it fails so does the save.
using StateWitness = std::function<Status(const Digest &in_place, const Digest &next)>;

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
  /// long as the store lives.
  static Result<StateStore> open(const std::string &directory, SaveHook hook = nullptr);

  /// Durable by the time that it is returned, also when the one who wrote it did not live to see
  /// that. Errors: missing, not canonical. Whether it is the newest, check_epoch() tells.
  Result<State> load(Missing missing);

  /// Gives `state` its serial and makes it durable. On error `state` is as before.
  Status save(State &state);

  /// From now on `witness` is told of every save; at once, of what is in place.
  Status tie(StateWitness witness);

  const std::string &path() const { return path_; }
  /// Of the file in place, as it was loaded or saved.
  const Digest &digest() const { return digest_; }

 private:
  StateStore(std::string directory, UniqueFd folder, SaveHook hook);
  Status replace_with(const State &state);
  Status tell(const Digest &next) const;
  Status write_aside(const std::string &text) const;
  Status sync_directory() const;
  void at(SaveStep step) const;

  std::string directory_;
  std::string path_;
  UniqueFd folder_; ///< carries the lock
  SaveHook hook_;
  uint64_t serial_ = 0; ///< of the file in place
  Digest digest_{};     ///< the same
  StateWitness witness_;
  bool is_loaded_ = false;
};

} // namespace warrant
