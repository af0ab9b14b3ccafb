// SPDX-License-Identifier: Apache-2.0
// The tables of the index, and the names of what they hold.
#pragma once

#include <cstdint>

namespace warrant {

/// Goes up with every change of the tables or of what is written to them: an index of another
/// version is made anew.
inline constexpr uint64_t kIndexVersion = 3;
/// "wrnt", where SQLite keeps what a file is for.
inline constexpr uint64_t kIndexApplication = 0x77726e74;

/// `event.kind`.
enum class EventKind : uint8_t { kDecision = 0, kCommit = 1 };

/// `word` holds escaped texts, `bytes` digests and artifact ids: both are often the same. A column
/// with a number of one of them is NULL where the record has nothing, or zeros.
inline constexpr const char *kIndexTables = R"(
CREATE TABLE source(
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  first INTEGER NOT NULL,       -- index of the first of its records: those before were pruned
  records INTEGER NOT NULL,     -- index behind the last that is here
  unreadable INTEGER NOT NULL,  -- how many of them could not be read
  last BLOB NOT NULL,           -- sha256 of the last of them
  rooted INTEGER,               -- how many of them the root is of; NULL: the log has no root
  root BLOB,
  boot INTEGER                  -- of the last that could be read
) STRICT;
CREATE TABLE boot(id INTEGER PRIMARY KEY, boot TEXT NOT NULL UNIQUE, host TEXT NOT NULL) STRICT;
CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE bytes(id INTEGER PRIMARY KEY, bytes BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE artifact(
  id INTEGER PRIMARY KEY,
  artifact INTEGER NOT NULL,    -- bytes
  sha256 INTEGER,               -- bytes, of the payload
  issuers TEXT NOT NULL,        -- JSON
  governance TEXT NOT NULL,     -- JSON
  UNIQUE(artifact, sha256)
) STRICT;
CREATE TABLE event(
  id INTEGER PRIMARY KEY,
  source INTEGER NOT NULL,
  position INTEGER NOT NULL,    -- the record's index in its log
  boot INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  lineage INTEGER NOT NULL, parent INTEGER NOT NULL, root INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  under INTEGER,                -- bytes: artifact that the process runs under
  uid INTEGER NOT NULL, gid INTEGER NOT NULL, pid INTEGER NOT NULL, tgid INTEGER NOT NULL,
  comm INTEGER NOT NULL, cgroup INTEGER NOT NULL, path INTEGER NOT NULL,
  digest INTEGER,               -- of the file that is asked for; of a commit: of what runs
  exec INTEGER NOT NULL,        -- lineage id that the exec has; 0: no exec
  chain INTEGER NOT NULL,
  request INTEGER NOT NULL, measure INTEGER NOT NULL, object INTEGER NOT NULL,
  verdict INTEGER NOT NULL, reason INTEGER NOT NULL, enforced INTEGER NOT NULL,
  grant INTEGER,                -- artifact that authorized or came nearest
  policy INTEGER                -- bytes
) STRICT;
CREATE TABLE life(
  id INTEGER PRIMARY KEY,
  record TEXT NOT NULL,
  boot INTEGER NOT NULL,
  wall INTEGER NOT NULL,
  kind TEXT NOT NULL,           -- type of the record
  artifact INTEGER,             -- bytes: its id; of one that was rejected: as it claims
  grant INTEGER,                -- artifact; NULL where it was rejected
  origin INTEGER NOT NULL,      -- word: the file that it came from
  detail INTEGER NOT NULL,      -- word
  reason INTEGER NOT NULL,
  subjects INTEGER NOT NULL
) STRICT;
CREATE TABLE handover(          -- of tokens that were taken
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL, wall INTEGER NOT NULL,
  lineage INTEGER NOT NULL,     -- goes on from
  remote INTEGER NOT NULL,      -- this one
  remote_host INTEGER NOT NULL, -- word
  remote_boot INTEGER NOT NULL, -- word
  remote_artifact INTEGER       -- bytes
) STRICT;
CREATE TABLE generation(
  id INTEGER PRIMARY KEY,
  boot INTEGER NOT NULL, wall INTEGER NOT NULL, number INTEGER NOT NULL,
  policy INTEGER, mode INTEGER NOT NULL
) STRICT;
)";

/// Made when the tables are filled: five times as fast as along with them.
inline constexpr const char *kIndexIndexes = R"(
CREATE INDEX IF NOT EXISTS event_boot ON event(boot, lineage);
CREATE INDEX IF NOT EXISTS event_exec ON event(boot, exec) WHERE exec <> 0;
CREATE INDEX IF NOT EXISTS event_path ON event(path);
CREATE INDEX IF NOT EXISTS event_digest ON event(digest);
CREATE INDEX IF NOT EXISTS event_grant ON event(grant) WHERE grant IS NOT NULL;
CREATE INDEX IF NOT EXISTS life_artifact ON life(artifact);
)";

} // namespace warrant
