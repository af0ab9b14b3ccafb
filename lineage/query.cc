// SPDX-License-Identifier: Apache-2.0
#include "lineage/query.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lineage/words.h"

namespace warrant {

void DenialQuery::add(const Record &record) {
  const auto *decision = std::get_if<Decision>(&record.body);
  if (!decision || decision->decision.verdict == W_ALLOW)
    return;
  if (since_ns_ && record.time.wall_ns < *since_ns_)
    return;
  const w_facts &facts = decision->facts;
  DenialGroup one;
  one.reason = decision->decision.reason;
  one.request = facts.request;
  one.measure = facts.measure;
  one.enforced = decision->decision.enforced != 0;
  one.uid = decision->task.uid;
  std::copy(std::begin(facts.digest), std::end(facts.digest), one.digest.begin());
  one.path = decision->file.path;
  one.comm = decision->task.comm;
  one.first_ns = record.time.wall_ns;
  const Key key{one.reason, one.request, one.measure, one.enforced,
                one.uid,    one.digest,  one.path,    one.comm};
  DenialGroup &group = groups_.try_emplace(key, one).first->second;
  group.count++;
  group.first_ns = std::min(group.first_ns, record.time.wall_ns);
  if (record.time.wall_ns >= group.last_ns) {
    group.last_ns = record.time.wall_ns;
    group.last_id = record.id;
  }
  total_++;
}

std::vector<DenialGroup> DenialQuery::latest(size_t limit) const {
  std::vector<DenialGroup> list;
  for (const auto &[key, group] : groups_)
    list.push_back(group);
  std::stable_sort(list.begin(), list.end(), [](const DenialGroup &a, const DenialGroup &b) {
    return a.last_ns > b.last_ns;
  });
  if (list.size() > limit)
    list.resize(limit);
  return list;
}

Json denial_to_json(const DenialGroup &group) {
  return {{"comm", group.comm.escaped()},
          {"count", group.count},
          {"digest", to_hex(group.digest)},
          {"enforced", group.enforced},
          {"first", format_wall_time(group.first_ns)},
          {"id", group.last_id},
          {"last", format_wall_time(group.last_ns)},
          {"measure", kMeasureWords.text(group.measure)},
          {"path", group.path.escaped()},
          {"reason", kReasonWords.text(group.reason)},
          {"request", kRequestWords.text(group.request)},
          {"uid", group.uid}};
}

Result<std::optional<Record>> find_record(const std::vector<std::string> &files,
                                          const std::string &id) {
  const std::string member = "\"id\":\"" + id + "\"";
  std::optional<Record> found;
  for (const std::string &file : files) {
    RecordReader reader = WARRANT_TRY(RecordReader::open(file, LastLine::kMayBeTorn));
    for (;;) {
      const Result<std::optional<std::string_view>> line = reader.next_line();
      if (!line.ok() && reader.is_readable())
        continue;
      if (!line.ok())
        return line.error();
      if (!line.value())
        break;
      if (line.value()->find(member) == std::string_view::npos)
        continue;
      Result<Record> record = parse_record(*line.value());
      if (!record.ok())
        return std::move(record).error().context(reader.place().text());
      if (record.value().id == id)
        found = std::move(record).value();
    }
  }
  return found;
}

} // namespace warrant
