// SPDX-License-Identifier: Apache-2.0
// Records -> rows of the index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lineage/record.h"
#include "lineage/sqlite.h"

namespace warrant {

/// Values of a table that holds each once, by their number.
class Interner {
 public:
  /// `find` gives the number of the value that is bound, `add` adds it.
  static Result<Interner> make(Database &database, std::string_view table, std::string_view column,
                               bool is_text);
  Result<uint64_t> number(std::string_view value);

 private:
  // A log of endlessly many different paths must not be held in memory.
  static constexpr size_t kMaxKnown = 1u << 17;

  Interner(SqlStatement find, SqlStatement add, bool is_text)
      : find_(std::move(find)), add_(std::move(add)), is_text_(is_text) {}
  void bind(SqlStatement &statement, std::string_view value) const;

  SqlStatement find_;
  SqlStatement add_;
  bool is_text_;
  std::unordered_map<std::string, uint64_t> known_;
};

/// Adds records within a transaction of the caller's. After an error, or when the transaction was
/// rolled back, it must go: what it knows is not in the tables any more.
class IndexWriter {
 public:
  static Result<IndexWriter> make(Database &database);

  Status add(const Record &record, uint64_t source, uint64_t position);
  /// Number of the boot of the last record.
  std::optional<uint64_t> last_boot() const { return last_boot_; }

 private:
  struct Life;
  IndexWriter(Interner words, Interner bytes, SqlStatement event, SqlStatement life,
              SqlStatement handover, SqlStatement generation, SqlStatement find_artifact,
              SqlStatement add_artifact, SqlStatement find_boot, SqlStatement add_boot)
      : words_(std::move(words)),
        bytes_(std::move(bytes)),
        event_(std::move(event)),
        life_(std::move(life)),
        handover_(std::move(handover)),
        generation_(std::move(generation)),
        find_artifact_(std::move(find_artifact)),
        add_artifact_(std::move(add_artifact)),
        find_boot_(std::move(find_boot)),
        add_boot_(std::move(add_boot)) {}

  Result<uint64_t> boot(const Origin &origin);
  Result<std::optional<uint64_t>> bytes(ByteView bytes);
  Result<uint64_t> artifact(const Attribution &artifact);
  Status bind_artifact(int at, const std::optional<Attribution> &artifact);
  Status bind_subject(const w_process &process, const Task &task, const File &file);
  Status add_decision(const Record &record, const Decision &decision);
  Status add_commit(const Record &record, const Commit &commit);
  Status add_life(const Record &record, uint64_t boot, const Life &life);
  Status add_handover(const Record &record, uint64_t boot, const Handover &handover);
  Status add_generation(const Record &record, uint64_t boot, const Generation &generation);

  Interner words_;
  Interner bytes_;
  SqlStatement event_;
  SqlStatement life_;
  SqlStatement handover_;
  SqlStatement generation_;
  SqlStatement find_artifact_;
  SqlStatement add_artifact_;
  SqlStatement find_boot_;
  SqlStatement add_boot_;
  std::string last_boot_id_;
  std::optional<uint64_t> last_boot_;
  std::unordered_map<std::string, uint64_t> artifacts_; // by id and payload
};

} // namespace warrant
