// SPDX-License-Identifier: Apache-2.0
// A disk in memory that keeps apart what programs see and what would be there after the power
// failed. It dies at a given step, fails at a given sync, and tears what was not synced.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>

#include "lineage/log_files.h"

namespace warrant::lineage_test {

using Random = std::mt19937_64;

class SimulatedDisk final : public LogFiles {
 public:
  struct Node {
    bool is_directory = false;
    // Of a file: as programs see it, and as it is on the medium.
    Bytes content;
    Bytes durable;
    bool is_spoilt = false; ///< a sync failed: later ones succeed without writing
    // Of a directory, likewise.
    std::map<std::string, std::shared_ptr<Node>> names;
    std::map<std::string, std::shared_ptr<Node>> durable_names;
  };

  explicit SimulatedDisk(uint64_t seed);

  Status lock() override;
  Result<std::optional<Bytes>> read(const std::string &path, size_t limit) override;
  Result<std::vector<std::string>> list(const std::string &path) override;
  Result<std::unique_ptr<LogFile>> create(const std::string &path) override;
  Status make_directory(const std::string &path) override;
  Status rename(const std::string &from, const std::string &to) override;
  Status remove(const std::string &path) override;
  Status sync_directory(const std::string &path) override;

  // ---- faults

  /// Steps (creations, writes, syncs, renames, ...) that have been tried.
  uint64_t steps() const { return steps_; }
  uint64_t syncs() const { return syncs_; }
  /// At that step from now on, counted from 1, it dies: a write may be done in part, nothing else
  /// happens any more.
  void die_at(uint64_t step) { die_at_ = steps_ + step; }
  /// That sync from now on fails, as fsync does: what it should have written is lost, though
  /// programs go on seeing it.
  void fail_sync_at(uint64_t sync) { fail_sync_at_ = syncs_ + sync; }
  /// That write from now on fails after a part, as on a full disk.
  void fail_write_at(uint64_t write) { fail_write_at_ = writes_ + write; }
  /// Syncs do nothing and say that they did.
  void let_syncs_lie() { is_lying_ = true; }
  bool is_dead() const { return is_dead_; }

  /// The writer was killed: what it wrote is still there.
  void restart_after_kill();
  /// The power failed: of what was not synced, anything may be there.
  void restart_after_power_loss();

  // ---- tampering, behind everybody's back

  Bytes *content(const std::string &path);
  void put(const std::string &path, Bytes content);
  std::vector<std::string> files() const;
  /// A copy of everything as programs see it.
  std::shared_ptr<Node> snapshot() const;
  void restore(const std::shared_ptr<Node> &root);

 private:
  friend class SimulatedFile;
  Status step(const std::string &path);
  bool sync_fails();
  std::shared_ptr<Node> find(const std::string &path) const;
  std::shared_ptr<Node> parent(const std::string &path) const;
  void lose_names(Node &directory);
  void tear(Node &file);
  void walk(const Node &node, const std::string &path,
            const std::function<void(const std::string &)> &visit) const;

  std::shared_ptr<Node> root_;
  Random random_;
  uint64_t steps_ = 0;
  uint64_t syncs_ = 0;
  uint64_t writes_ = 0;
  uint64_t die_at_ = UINT64_MAX;
  uint64_t fail_sync_at_ = UINT64_MAX;
  uint64_t fail_write_at_ = UINT64_MAX;
  bool is_lying_ = false;
  bool is_dead_ = false;
  bool is_locked_ = false;
};

} // namespace warrant::lineage_test
