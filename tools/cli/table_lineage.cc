// SPDX-License-Identifier: Apache-2.0
// Questions to the lineage: who ran what, by whose word.
#include "tools/cli/table.h"

namespace warrant::cli {
namespace {

constexpr Option kIndex =
    option("--index", "FILE", Value::kFile, Count::kMaybe,
           "Where the index of the records is kept. Without it, in $XDG_CACHE_HOME/warrant, "
           "/var/cache/warrant (root) or ~/.cache/warrant.");
constexpr Option kRebuild = switch_option("--rebuild", "Make the index anew from the records.");
constexpr Option kDot = switch_option("--dot", "A graph for graphviz instead of text.");

constexpr Option kShow[] = {
    option("--pid", "PID", Value::kNumber, Count::kMaybe,
           "The last exec of this process and all that came from it."),
    option("--lineage", "ID", Value::kNumber, Count::kMaybe,
           "This exec and all that came from it."),
    option("--uid", "UID", Value::kNumber, Count::kMaybe, "Execs of this user."),
    option("--artifact", "ID", Value::kText, Count::kMaybe, "Execs under this artifact."),
    option("--unit", "NAME", Value::kText, Count::kMaybe,
           "Execs in this unit of systemd, or in any control group of this name."),
    option("--session", "N", Value::kNumber, Count::kMaybe,
           "Execs in this login session, as loginctl(1) numbers it."),
    option("--login", "UID", Value::kNumber, Count::kMaybe,
           "Execs in sessions of the user who logged in with this uid, whatever it is now."),
    kSince,
    kUntil,
    switch_option("--all-boots", "Not only the latest boot."),
    kDot,
    kLineageDir,
    kIndex,
    kRebuild};
constexpr Option kWhoRan[] = {
    switch_option("--denied", "Also who was denied it."),
    kSince,
    kUntil,
    option("--limit", "N", Value::kNumber, Count::kMaybe, "At most so many lines.", "50"),
    kLineageDir,
    kIndex,
    kRebuild};
constexpr Option kAuthority[] = {
    option("--artifacts", "DIR", Value::kDirectory, Count::kMaybe,
           "Where the envelopes lie that show what an artifact was derived from and what policy it "
           "names.",
           "/etc/warrant/artifacts"),
    option("--policy", "FILE", Value::kFile, Count::kMaybe,
           "A policy, to show who signed it if it is one that was in force.",
           "/etc/warrant/policy.json"),
    option("--trust-root", "FILE", Value::kFile, Count::kMaybe,
           "The trust root, to show which role each key has.", "/etc/warrant/trust-root.json"),
    kDot,
    kLineageDir,
    kIndex,
    kRebuild};
constexpr Option kTop[] = {
    option("--by", "path|digest|artifact|reason|user|unit", Value::kWord, Count::kMaybe,
           "What is counted.", "path"),
    kSince,
    kUntil,
    option("--limit", "N", Value::kNumber, Count::kMaybe, "At most so many lines.", "10"),
    kLineageDir,
    kIndex,
    kRebuild};
constexpr Option kReport[] = {
    kOut,
    kForce,
    kSince,
    kUntil,
    option("--limit", "N", Value::kNumber, Count::kMaybe,
           "At most so many records, the latest; the page tells how many came before.", "20000"),
    option("--title", "TEXT", Value::kText, Count::kMaybe,
           "What stands above; without it, the name of the host."),
    kLineageDir};
constexpr Option kExport[] = {
    option("--format", "jsonl|ocsf|ecs|journal|openmetrics", Value::kWord, Count::kMaybe,
           "What to write: the records as they are (jsonl), one JSON object a line in the terms of "
           "OCSF 1.8.0 (ocsf) or the Elastic Common Schema (ecs), entries of the Journal Export "
           "Format (journal), or counters and states (openmetrics).",
           "jsonl"),
    kSince,
    kUntil,
    switch_option("--denied", "Only decisions that were denied, or would be."),
    option("--out", "FILE", Value::kFile, Count::kMaybe,
           "Where to write it, whole or not at all; without it, standard output."),
    kForce,
    option("--journal-socket", "SOCKET", Value::kFile, Count::kMaybe,
           "With journal: send each record to the journal there, in its native protocol "
           "(/run/systemd/journal/socket)."),
    option("--serve", "SOCKET", Value::kFile, Count::kMaybe,
           "With openmetrics: answer whoever connects to this unix socket, by HTTP, with what the "
           "records say then, until a signal ends it."),
    kLineageDir};
constexpr Option kToken[] = {
    kKeys,
    option("--lineage", "ID", Value::kNumber, Count::kOnce, "The exec here that begets."),
    option("--audience", "HOST", Value::kText, Count::kOnce,
           "Name of the only host that takes it; for a container, the host that it runs on."),
    kNotBefore,
    lifetime("10m"),
    option("--checkpoint", "FILE", Value::kFile, Count::kMaybe,
           "Checkpoint of this host's log of records, so that the exec can be looked up."),
    option("--index", "N", Value::kNumber, Count::kMaybe, "Where in that log its record lies."),
    kLineageDir,
    kOut,
    kForce};
constexpr Option kAdopt[] = {kSocket};
constexpr Option kLogs = option({}, "LOG", Value::kFile, Count::kAny,
                                "Folders of logs, or files of records; without any, those of "
                                "--lineage-dir.");

constexpr Command kCommands[] = {
    {"lineage", "show", "Who ran what, begotten by which exec, under which artifact.",
     "Sessions and units are read from the control groups that the records name: systemd-logind "
     "puts a session into session-N.scope below user-UID.slice.",
     kShow, kNoOperand, lineage_show},
    {"lineage",
     "who-ran",
     "Who had a file executed, mapped, read by an interpreter or loaded.",
     "The latest first, the same requests of one user, program and unit on one line. Answers no if "
     "nobody did. The index that answers is a cache; what a line says can be read in its record "
     "(`warrant explain ID`).",
     kWhoRan,
     {{},
      "DIGEST|PATH",
      Value::kText,
      Count::kOnce,
      {},
      "64 hex characters of the content's digest, a whole path, or a name without a slash."},
     lineage_who_ran},
    {"lineage",
     "authority",
     "By whose word: from an artifact to those it was derived from, its policy and the root.",
     "What the records say of the artifact: who issued it, when it came and went, which policies "
     "were in force and how often it decided. What it was derived from stands in envelopes: one is "
     "believed if the digest of its payload is the one that was recorded. Answers no if no record "
     "names it.",
     kAuthority,
     {{},
      "ID",
      Value::kText,
      Count::kOnce,
      {},
      "An artifact (32 hex characters), the sha256 of its payload, or the id of a record."},
     lineage_authority},
    {"lineage",
     "top",
     "What was executed most, or denied most.",
     {},
     kTop,
     {{},
      "run|denied",
      Value::kWord,
      Count::kMaybe,
      {},
      "Execs that went through, of the file that was asked for; or requests of every kind that "
      "were denied. Without it, run."},
     lineage_top},
    {"lineage", "report",
     "Write the records as one HTML page: processes, timeline, denials by reason.",
     "The page holds all that it needs and asks nothing of any network. It is a view, no proof.",
     kReport, kLogs, lineage_report},
    {"lineage", "export", "Write the records as other systems read them.",
     "jsonl is a log's entries byte for byte, also those that cannot be read as records, unless "
     "--since, --until or --denied choose among them; `warrant replay` and `warrant simulate` read "
     "a file of them. ocsf has a place for decisions and for processes that were ended; other "
     "records are left out, and counted on standard error. docs/exports.md tells which member is "
     "which. With --json, one array of records. Answers no if a record could not be read.",
     kExport, kLogs, lineage_export},
    {"lineage", "token", "Sign who begets an exec on another host, or in a container.",
     "A token carries a lineage to where no kernel could: it names the exec here, its host and "
     "boot, the artifact that it runs under, and the only host that takes it, once, within an "
     "hour at most. It grants nothing: what runs there is authorized there. The key must have the "
     "role lineage in the trust root of that host.",
     kToken, kNoOperand, lineage_token},
    {"lineage",
     "adopt",
     "Run a program whose lineage goes on from elsewhere.",
     "Shows the token to warrantd, which checks and remembers it, and records what this process "
     "goes on from; then executes the program. Answers no, and runs nothing, if the token is "
     "refused: forged, taken before, meant for another host, outside its window. Needs root.",
     kAdopt,
     {{},
      "TOKEN -- PROGRAM",
      Value::kFile,
      Count::kSome,
      {},
      "The token's file, then the program with its arguments."},
     lineage_adopt},
};
static_assert(is_complete(kCommands));

} // namespace

std::span<const Command> lineage_commands() {
  return kCommands;
}

} // namespace warrant::cli
