// SPDX-License-Identifier: Apache-2.0
// journal_of() and its kin of lineage/export.h.
#include <algorithm>
#include <array>
#include <iterator>

#include "lineage/cgroup_name.h"
#include "lineage/export.h"
#include "lineage/summary.h"
#include "lineage/words.h"

namespace warrant {
namespace {

// In the order of the alternatives of Body. Ids are random and never change: people filter by them.
struct MessageId {
  std::string_view type;
  std::string_view id;
};
constexpr MessageId kMessageIds[] = {
    {"decision", "59375ca29b754895a8d78e2b5f0d655d"},
    {"commit", "d16d59bd04f2423586ded57bd7b2bec8"},
    {"gap", "52ef520da33844c0b1be888721e94403"},
    {"accepted", "d323f6f8ca38445ea9bbac5050046f4f"},
    {"rejected", "7bc7690d5def44918498d27e279bc78b"},
    {"withdrawn", "a9f8f8d1a6b740989abf0b6e6c6812a2"},
    {"generation", "7e3962012e244e0bbcc9c55e38408bce"},
    {"start", "3dd47d63c0374e1e940de6f5b59ce348"},
    {"adopt", "9eaa550b277d4bd88fd80b08d40bb33f"},
    {"stop", "9c627ce7c50747118ec0e0a46a96c08c"},
    {"canary", "4d8db2a1d06e47e8bccbb72497392844"},
    {"ended", "04f48bb564af4a068af1e691e0e5bca8"},
    {"disarm", "911493582d6b4fc497d174a4f2de9876"},
    {"lease", "416e85d9e0c343bba0197986ea708274"},
    {"handover", "07ed3b630576473994304a82d827fb42"},
    {"prune", "82686a086d78436ea874f1a9dec8213c"},
};
static_assert(std::size(kMessageIds) == std::variant_size_v<Body>);

// syslog(3): 3 error, 4 warning, 5 notice, 6 informational.
struct Priority {
  char operator()(const Decision &decision) const {
    if (decision.decision.verdict == W_ALLOW)
      return '6';
    return decision.decision.enforced ? '4' : '5';
  }
  char operator()(const Gap &) const { return '3'; }
  char operator()(const Canary &canary) const { return canary.refused ? '6' : '3'; }
  char operator()(const Lease &lease) const { return lease.is_open ? '6' : '4'; }
  char operator()(const Handover &handover) const {
    return handover.reason == W_REASON_AUTHORIZED ? '5' : '4';
  }
  char operator()(const Rejected &) const { return '4'; }
  char operator()(const Ended &) const { return '4'; }
  char operator()(const Disarm &) const { return '4'; }
  char operator()(const Prune &) const { return '4'; }
  char operator()(const Commit &) const { return '6'; }
  char operator()(const Accepted &) const { return '5'; }
  char operator()(const Withdrawn &) const { return '5'; }
  char operator()(const Generation &) const { return '5'; }
  char operator()(const Daemon &) const { return '5'; }
};

// Fields that are empty are left out.
void put(JournalFields &fields, std::string_view name, std::string value) {
  if (!value.empty())
    fields.emplace_back(name, std::move(value));
}

void put_task(JournalFields &fields, const Task &task) {
  put(fields, "WARRANT_COMM", task.comm.escaped());
  put(fields, "WARRANT_PID", std::to_string(task.tgid));
  put(fields, "WARRANT_UID", std::to_string(task.uid));
  put(fields, "WARRANT_GID", std::to_string(task.gid));
  put(fields, "WARRANT_CGROUP", task.cgroup.escaped());
  put(fields, "WARRANT_UNIT", unit_of(task.cgroup.escaped()));
}

void put_process(JournalFields &fields, const w_process &process) {
  put(fields, "WARRANT_LINEAGE", std::to_string(process.lineage));
  put(fields, "WARRANT_PARENT", std::to_string(process.parent));
  put(fields, "WARRANT_ROOT", std::to_string(process.root));
}

void put_decision(JournalFields &fields, const Decision &decision) {
  put(fields, "WARRANT_VERDICT", kVerdictWords.text(decision.decision.verdict));
  put(fields, "WARRANT_ENFORCED", decision.decision.enforced ? "1" : "0");
  put(fields, "WARRANT_OBJECT", kObjectWords.text(decision.facts.object));
  put(fields, "WARRANT_MEASURE", kMeasureWords.text(decision.facts.measure));
  put(fields, "WARRANT_SEQUENCE", std::to_string(decision.sequence));
  if (decision.exec != 0)
    put(fields, "WARRANT_EXEC", std::to_string(decision.exec));
  if (decision.policy != Digest{})
    put(fields, "WARRANT_POLICY", to_hex(decision.policy));
}

// "NAME=value", or for what holds a newline the name, the size in eight bytes with the lowest
// first, and the value; a newline behind each.
void serialize(std::string &out, std::string_view name, std::string_view value) {
  out += name;
  if (value.find('\n') == std::string_view::npos) {
    out += '=';
  } else {
    out += '\n';
    for (unsigned shift = 0; shift < 64; shift += 8)
      out += static_cast<char>((uint64_t{value.size()} >> shift) & 0xff);
  }
  out += value;
  out += '\n';
}

} // namespace

std::string_view message_id(const Body &body) {
  return kMessageIds[body.index()].id;
}

JournalFields journal_of(const Record &record) {
  const RecordSummary summary = summary_of(record);
  JournalFields fields;
  put(fields, "MESSAGE", sentence_of(record));
  put(fields, "MESSAGE_ID", std::string(message_id(record.body)));
  put(fields, "PRIORITY", std::string(1, std::visit(Priority{}, record.body)));
  put(fields, "SYSLOG_IDENTIFIER", "warrant");
  put(fields, "WARRANT_RECORD", record.id);
  put(fields, "WARRANT_TYPE", std::string(type_name(record.body)));
  put(fields, "WARRANT_TIME", format_wall_time(record.time.wall_ns));
  put(fields, "WARRANT_HOST", record.origin.host.escaped());
  put(fields, "WARRANT_BOOT", record.origin.boot);
  put(fields, "WARRANT_REASON", summary.reason);
  put(fields, "WARRANT_REQUEST", summary.request);
  put(fields, "WARRANT_PATH", summary.file.escaped());
  put(fields, "WARRANT_DETAIL", summary.detail);
  if (summary.digest != Digest{})
    put(fields, "WARRANT_DIGEST", to_hex(summary.digest));
  if (summary.artifact)
    put(fields, "WARRANT_ARTIFACT", to_hex(summary.artifact->id));
  if (summary.task)
    put_task(fields, *summary.task);
  if (summary.process)
    put_process(fields, *summary.process);
  if (const auto *decision = std::get_if<Decision>(&record.body))
    put_decision(fields, *decision);
  return fields;
}

std::string journal_datagram(const JournalFields &fields) {
  std::string datagram;
  for (const auto &[name, value] : fields)
    serialize(datagram, name, value);
  return datagram;
}

std::string journal_export(const Record &record) {
  std::string boot = record.origin.boot;
  std::erase(boot, '-');
  std::string entry;
  serialize(entry, "__REALTIME_TIMESTAMP", std::to_string(record.time.wall_ns / 1000));
  serialize(entry, "__MONOTONIC_TIMESTAMP", std::to_string(record.time.boot_ns / 1000));
  serialize(entry, "_BOOT_ID", boot);
  serialize(entry, "_HOSTNAME", record.origin.host.escaped());
  return entry + journal_datagram(journal_of(record)) + "\n";
}

} // namespace warrant
