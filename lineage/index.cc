// SPDX-License-Identifier: Apache-2.0
#include "lineage/index.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>
#include <utility>

#include "lineage/index_schema.h"
#include "lineage/index_writer.h"

namespace warrant {
namespace {

// What the index knows of one log.
struct Known {
  uint64_t id = 0;
  uint64_t first = 0;
  uint64_t records = 0; // index behind the last
  uint64_t unreadable = 0;
  Digest last{};
  std::optional<uint64_t> boot;
  std::optional<SequenceRoot> root;
};

// A line that cannot be fetched has a place but no content.
Digest digest_of(const Result<std::optional<std::string_view>> &line) {
  return line.ok() ? sha256(view(*line.value())) : Digest{};
}

Result<std::optional<Known>> known_of(Database &database, const std::string &name) {
  SqlStatement find = WARRANT_TRY(database.prepare(
      "SELECT id, first, records, unreadable, last, boot, rooted, root FROM source "
      "WHERE name = ?"));
  find.bind(1, std::string_view(name));
  if (!WARRANT_TRY(find.step()))
    return std::optional<Known>();
  Known known{find.number(0), find.number(1), find.number(2), find.number(3), {}, {}, {}};
  if (!find.bytes(4, known.last))
    return std::optional<Known>(); // as good as none: another name is added, which is refused
  if (!find.is_null(5))
    known.boot = find.number(5);
  if (SequenceRoot root{find.number(6), {}}; find.bytes(7, root.root))
    known.root = root;
  return std::optional<Known>(known);
}

// Whether the log still has, where the index ends, the record that it ended with, and before it
// what was there before, as far as the log itself can tell; leaves it there.
Result<bool> continues(LineSequence &log, const Known &known) {
  if (known.records == known.first)
    return true;
  if (known.root) {
    const Result<std::optional<SequenceRoot>> now = log.root(known.root->size);
    if (!now.ok() || now.value() != known.root)
      return false;
  }
  if (!WARRANT_TRY(log.seek(known.records - 1)))
    return false;
  const Result<std::optional<std::string_view>> line = log.next();
  if (!line.ok() && !log.is_readable())
    return line.error();
  if (line.ok() && !line.value())
    return false;
  return digest_of(line) == known.last;
}

Status make_tables(Database &database) {
  return database.execute("PRAGMA application_id = " + std::to_string(kIndexApplication) +
                          "; PRAGMA user_version = " + std::to_string(kIndexVersion) + ";" +
                          kIndexTables);
}

// A file that is made aside and takes the place of the old one, or goes.
class NewFileAside {
 public:
  explicit NewFileAside(std::string path)
      : path_(std::move(path)), aside_(path_ + ".new-" + std::to_string(::getpid())) {
    ::unlink(aside_.c_str());
  }
  ~NewFileAside() { ::unlink(aside_.c_str()); }
  NewFileAside(const NewFileAside &) = delete;
  NewFileAside &operator=(const NewFileAside &) = delete;

  const std::string &path() const { return aside_; }
  Status put_in_place() {
    const int fd = ::open(aside_.c_str(), O_RDONLY | O_CLOEXEC);
    const bool is_safe = fd >= 0 && ::fsync(fd) == 0;
    const std::string why = std::strerror(errno);
    if (fd >= 0)
      ::close(fd);
    if (!is_safe)
      return Error{aside_ + ": cannot be made durable: " + why};
    // Half a change of the old file must not be played back into the new one.
    ::unlink((path_ + "-journal").c_str());
    if (::rename(aside_.c_str(), path_.c_str()) != 0)
      return Error{path_ + ": cannot replace: " + std::strerror(errno)};
    return {};
  }

 private:
  std::string path_;
  std::string aside_;
};

} // namespace

Result<LineageIndex> LineageIndex::open(const std::string &path, const Logs &logs, bool force) {
  std::string why = force ? "asked for" : "it is new";
  if (!path.empty() && !force && ::access(path.c_str(), F_OK) == 0) {
    LineageIndex index(WARRANT_TRY(Database::open(path)));
    Result<std::string> objection = index.go_on(logs);
    if (objection.ok() && objection.value().empty())
      return index;
    if (!objection.ok() && !index.is_damaged())
      return objection.error();
    why = objection.ok() ? objection.value() : objection.error().message;
  }
  return make_anew(path, logs, why);
}

// Made aside, so that there is never half of one.
Result<LineageIndex> LineageIndex::make_anew(const std::string &path, const Logs &logs,
                                             const std::string &why) {
  std::optional<NewFileAside> aside;
  if (!path.empty())
    aside.emplace(path);
  LineageIndex index(WARRANT_TRY(Database::open(aside ? aside->path() : "")));
  WARRANT_TRY(index.database_->execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"));
  WARRANT_TRY(make_tables(*index.database_));
  if (Status added = index.add(logs); !added.ok())
    return std::move(added).error().context("making the index anew");
  WARRANT_TRY(index.database_->execute(kIndexIndexes));
  index.update_.rebuilt = why;
  if (!aside)
    return index;
  WARRANT_TRY(aside->put_in_place());
  LineageIndex placed(WARRANT_TRY(Database::open(path)));
  placed.update_ = std::move(index.update_);
  return placed;
}

// Brings it up to the logs, or says why it cannot go on.
Result<std::string> LineageIndex::go_on(const Logs &logs) {
  std::string why = WARRANT_TRY(objection(logs));
  if (why.empty())
    WARRANT_TRY(add(logs));
  return why;
}

// Why it cannot go on; empty: it can.
Result<std::string> LineageIndex::objection(const Logs &logs) {
  if (WARRANT_TRY(database_->one_number("PRAGMA application_id")) != kIndexApplication)
    return std::string("it is no index");
  if (WARRANT_TRY(database_->one_number("PRAGMA user_version")) != kIndexVersion)
    return std::string("it is of another version");
  std::set<std::string> present;
  for (const auto &log : logs) {
    present.insert(log->name());
    const std::optional<Known> known = WARRANT_TRY(known_of(*database_, log->name()));
    if (known && known->first != log->first())
      return log->name() + " was pruned";
    if (known && !WARRANT_TRY(continues(*log, *known)))
      return log->name() + " does not continue what was indexed";
  }
  SqlStatement names = WARRANT_TRY(database_->prepare("SELECT name FROM source"));
  while (WARRANT_TRY(names.step()))
    if (!present.contains(names.text(0)))
      return names.text(0) + " is gone";
  return std::string();
}

Status LineageIndex::add(const Logs &logs) {
  update_ = {};
  Transaction transaction = WARRANT_TRY(Transaction::begin(*database_));
  IndexWriter writer = WARRANT_TRY(IndexWriter::make(*database_));
  for (const auto &log : logs)
    WARRANT_TRY(add_log(writer, *log));
  return transaction.commit();
}

void LineageIndex::note_unreadable(std::string what) {
  if (update_.first_unreadable.empty())
    update_.first_unreadable = std::move(what);
}

Status LineageIndex::add_log(IndexWriter &writer, LineSequence &log) {
  Known known;
  if (const std::optional<Known> before = WARRANT_TRY(known_of(*database_, log.name()))) {
    known = *before;
  } else {
    SqlStatement add =
        WARRANT_TRY(database_->prepare("INSERT INTO source(name, first, records, unreadable, last) "
                                       "VALUES(?, ?, 0, 0, zeroblob(32)) RETURNING id"));
    known.first = known.records = log.first();
    add.bind(1, std::string_view(log.name())).bind(2, known.first);
    if (WARRANT_TRY(add.step()))
      known.id = add.number(0);
    WARRANT_TRY(add.run());
  }
  if (!WARRANT_TRY(log.seek(known.records)))
    return Error{log.name() + ": it became shorter"};
  for (;;) {
    const Result<std::optional<std::string_view>> line = log.next();
    if (!line.ok() && !log.is_readable())
      return line.error();
    if (line.ok() && !line.value())
      break;
    const Result<Record> record =
        line.ok() ? parse_record(*line.value()) : Result<Record>(line.error());
    known.last = digest_of(line);
    if (record.ok()) {
      WARRANT_TRY(writer.add(record.value(), known.id, known.records));
      known.boot = writer.last_boot();
    } else {
      known.unreadable++;
      note_unreadable(line.ok() ? log.place() + ": " + record.error().message
                                : record.error().message);
    }
    known.records++;
    update_.added++;
  }
  SqlStatement note = WARRANT_TRY(database_->prepare(
      "UPDATE source SET records = ?, unreadable = ?, last = ?, boot = ?, rooted = ?, root = ? "
      "WHERE id = ?"));
  note.bind(1, known.records).bind(2, known.unreadable).bind(3, ByteView(known.last));
  if (known.boot)
    note.bind(4, *known.boot);
  else
    note.bind_null(4);
  // A tree that cannot be read is for `lineage verify` to tell: the records were.
  const Result<std::optional<SequenceRoot>> root = log.root(known.records);
  if (root.ok() && root.value())
    note.bind(5, root.value()->size).bind(6, ByteView(root.value()->root));
  else
    note.bind_null(5).bind_null(6);
  note.bind(7, known.id);
  update_.total += known.records - known.first;
  update_.unreadable += known.unreadable;
  return note.run();
}

} // namespace warrant
