// SPDX-License-Identifier: Apache-2.0
#include "lineage/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

namespace warrant {
namespace {

// What a file that nobody damaged never gives. Constraints and types count: this library never
// writes what breaks them.
bool means_damage(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: // a statement that does not fit the schema
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
      return true;
    default:
      return false;
  }
}

// SQLite would make it with the mask's bits: paths and names of programs are not everybody's.
Status make_private(const std::string &path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0)
    return Error{path + ": cannot open: " + std::strerror(errno)};
  struct stat status {};
  const bool is_known = ::fstat(fd, &status) == 0;
  ::close(fd);
  if (!is_known || !S_ISREG(status.st_mode))
    return Error{path + ": not a regular file"};
  // What somebody else can write would answer what they like.
  if (status.st_uid != ::geteuid() || (status.st_mode & 022) != 0)
    return Error{path + ": others may write it (fix: remove it)"};
  return {};
}

} // namespace

void SqlStatement::Finalizer::operator()(sqlite3_stmt *statement) const {
  sqlite3_finalize(statement);
}

// A bind fails only for a place that the statement does not have or for want of memory; both show
// at the next step as a wrong row at worst, so they end the program here.
static void must(int code) {
  if (code != SQLITE_OK)
    __builtin_trap();
}

SqlStatement &SqlStatement::bind(int at, uint64_t number) {
  return bind_signed(at, std::bit_cast<int64_t>(number));
}

SqlStatement &SqlStatement::bind_signed(int at, int64_t number) {
  must(sqlite3_bind_int64(statement_.get(), at, number));
  return *this;
}

SqlStatement &SqlStatement::bind(int at, std::string_view text) {
  must(sqlite3_bind_text64(statement_.get(), at, text.empty() ? "" : text.data(), text.size(),
                           SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

SqlStatement &SqlStatement::bind(int at, ByteView bytes) {
  must(sqlite3_bind_blob64(statement_.get(), at, bytes.data(), bytes.size(), SQLITE_TRANSIENT));
  return *this;
}

SqlStatement &SqlStatement::bind_null(int at) {
  must(sqlite3_bind_null(statement_.get(), at));
  return *this;
}

Result<bool> SqlStatement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW)
    return true;
  if (code == SQLITE_DONE) {
    rewind();
    return false;
  }
  Error error = database_->error();
  rewind();
  return error;
}

Status SqlStatement::run() {
  while (WARRANT_TRY(step())) {
  }
  return {};
}

void SqlStatement::rewind() {
  sqlite3_reset(statement_.get());
}

uint64_t SqlStatement::number(int column) const {
  return std::bit_cast<uint64_t>(signed_number(column));
}

int64_t SqlStatement::signed_number(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqlStatement::text(int column) const {
  const unsigned char *text = sqlite3_column_text(statement_.get(), column);
  if (!text)
    return {};
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  return {reinterpret_cast<const char *>(text), size};
}

bool SqlStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

bool SqlStatement::bytes(int column, std::span<uint8_t> out) const {
  const void *bytes = sqlite3_column_blob(statement_.get(), column);
  const auto size = static_cast<size_t>(sqlite3_column_bytes(statement_.get(), column));
  if (!bytes || size != out.size())
    return false;
  std::memcpy(out.data(), bytes, size);
  return true;
}

Result<std::unique_ptr<Database>> Database::open(const std::string &path, int patience_ms) {
  if (!path.empty())
    WARRANT_TRY(make_private(path));
  sqlite3 *handle = nullptr;
  const int code = sqlite3_open_v2(
      path.empty() ? ":memory:" : path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
      nullptr);
  std::unique_ptr<Database> database(new Database(handle, path));
  if (code != SQLITE_OK)
    return database->error();
  sqlite3_busy_timeout(handle, patience_ms);
  // A schema that somebody wrote into the file must not run anything.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

Result<SqlStatement> Database::prepare(std::string_view sql) {
  sqlite3_stmt *statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK)
    return error();
  return SqlStatement(*this, statement);
}

Status Database::execute(const std::string &sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    return error();
  return {};
}

Result<std::optional<uint64_t>> Database::one_number(std::string_view sql) {
  SqlStatement statement = WARRANT_TRY(prepare(sql));
  std::optional<uint64_t> number;
  if (WARRANT_TRY(statement.step()) && !statement.is_null(0))
    number = statement.number(0);
  return number;
}

Error Database::error() {
  if (!handle_)
    return Error{path_ + ": out of memory"};
  is_damaged_ = is_damaged_ || means_damage(sqlite3_extended_errcode(handle_));
  return Error{(path_.empty() ? "index in memory" : path_) + ": " + sqlite3_errmsg(handle_)};
}

Result<Transaction> Transaction::begin(Database &database) {
  WARRANT_TRY(database.execute("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // Some errors roll back by themselves.
  if (database_ && sqlite3_get_autocommit(database_->handle_) == 0)
    (void)database_->execute("ROLLBACK").ok();
}

Status Transaction::commit() {
  WARRANT_TRY(database_->execute("COMMIT"));
  database_ = nullptr;
  return {};
}

} // namespace warrant
