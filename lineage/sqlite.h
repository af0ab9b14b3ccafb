// SPDX-License-Identifier: Apache-2.0
// SQLite with owners: a connection, prepared statements, transactions. Nothing is bound by text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace warrant {

class Database;

/// A prepared statement. Must not outlive its Database.
class SqlStatement {
 public:
  /// Parameters count from 1. 64-bit numbers keep their bits; what is read back as unsigned is the
  /// same number.
  SqlStatement &bind(int at, uint64_t number);
  SqlStatement &bind_signed(int at, int64_t number);
  /// As text, which must be UTF-8; a copy is made.
  SqlStatement &bind(int at, std::string_view text);
  SqlStatement &bind(int at, ByteView bytes);
  SqlStatement &bind_null(int at);

  /// One step: whether there is a row. Ends and rewinds by itself behind the last one.
  Result<bool> step();
  /// For statements that give no row.
  Status run();
  /// Forgets the rest of the rows.
  void rewind();

  /// Columns of the row count from 0.
  uint64_t number(int column) const;
  int64_t signed_number(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;
  /// False if the column is no blob of exactly this size.
  bool bytes(int column, std::span<uint8_t> out) const;

 private:
  friend class Database;
  struct Finalizer {
    void operator()(sqlite3_stmt *statement) const;
  };
  SqlStatement(Database &database, sqlite3_stmt *statement)
      : database_(&database), statement_(statement) {}

  Database *database_;
  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class Database {
 public:
  /// A file that only its owner reads, made if it is not there; "" is one in memory. Waits so many
  /// milliseconds for others that write. Errors: it cannot be opened; it is no SQLite file.
  static Result<std::unique_ptr<Database>> open(const std::string &path, int patience_ms = 5000);
  ~Database();
  Database(const Database &) = delete;
  Database &operator=(const Database &) = delete;

  Result<SqlStatement> prepare(std::string_view sql);
  /// Several statements without parameters or rows.
  Status execute(const std::string &sql);
  /// The first number of the first row, if there is one.
  Result<std::optional<uint64_t>> one_number(std::string_view sql);

  /// An error was of the kind that a sound file does not give: it must be made anew.
  bool is_damaged() const { return is_damaged_; }

 private:
  friend class SqlStatement;
  friend class Transaction;
  Database(sqlite3 *handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  Error error();

  sqlite3 *handle_;
  std::string path_;
  bool is_damaged_ = false;
};

/// Rolls back unless commit() was called. Takes the write lock at once.
class Transaction {
 public:
  static Result<Transaction> begin(Database &database);
  Transaction(Transaction &&other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction &operator=(Transaction &&) = delete;
  ~Transaction();
  Status commit();

 private:
  explicit Transaction(Database &database) : database_(&database) {}
  Database *database_;
};

} // namespace warrant
