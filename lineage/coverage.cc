// SPDX-License-Identifier: Apache-2.0
#include "lineage/coverage.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <variant>

namespace warrant {

static_assert(kRecordVersion == 1, "the ends of lines of version 1 are known here");

// Members are sorted: an entry of that name in a governance map stands in front of the record's
// own, and only the type and the version stand at the end. Inside strings there is no quote
// without a backslash.
static uint64_t last_number(std::string_view line, std::string_view member) {
  const size_t at = line.rfind(member);
  if (at == std::string_view::npos)
    return 0;
  uint64_t number = 0;
  std::from_chars(line.data() + at + member.size(), line.data() + line.size(), number);
  return number;
}

uint64_t sequence_in(std::string_view line) {
  if (!line.ends_with("\"type\":\"decision\",\"v\":1}") &&
      !line.ends_with("\"type\":\"commit\",\"v\":1}"))
    return 0;
  return last_number(line, "\"sequence\":\"");
}

// A decision always has `exec`, the id of what the exec becomes, and behind it no name of others.
uint64_t lineage_in(std::string_view line) {
  const uint64_t asker = last_number(line, "\"lineage\":\"");
  return line.ends_with("\"type\":\"decision\",\"v\":1}")
             ? std::max(asker, last_number(line, "\"exec\":\""))
             : asker;
}

Status Coverage::read(RecordReader &records) {
  for (;;) {
    const Result<std::optional<std::string_view>> line = records.next_line();
    if (!line.ok() && !records.is_readable())
      return line.error();
    if (!line.ok())
      continue;
    if (!line.value())
      return {};
    take_line(*line.value());
  }
}

void Coverage::take_line(std::string_view line) {
  if (const uint64_t sequence = sequence_in(line)) {
    numbers_.saw(sequence);
    last_event_ = std::max(last_event_, sequence);
    last_lineage_ = std::max(last_lineage_, lineage_in(line));
    keep_recent(sequence);
    if (const std::optional<Gap> gap = numbers_.lost())
      lost_ += gap->lost;
  } else if (line.ends_with("\"type\":\"gap\",\"v\":1}")) {
    const Result<Record> record = parse_record(line);
    if (!record.ok())
      return;
    if (const auto *gap = std::get_if<Gap>(&record.value().body))
      noted_ += gap->lost;
  } else if (line.find("\"type\":\"start\",\"v\":1,\"version\":") != std::string_view::npos) {
    renew();
  }
}

void Coverage::renew() {
  Coverage next;
  next.numbers_ = SequenceTracker(last_event_);
  next.last_event_ = last_event_;
  next.last_lineage_ = last_lineage_;
  *this = std::move(next);
}

void Coverage::keep_recent(uint64_t sequence) {
  recent_.insert(sequence);
  while (*recent_.rbegin() - *recent_.begin() > kRecent)
    recent_.erase(recent_.begin());
}

bool Coverage::saw(uint64_t sequence) {
  if (sequence != 0 && recent_.contains(sequence))
    return false;
  numbers_.saw(sequence);
  last_event_ = std::max(last_event_, sequence);
  return true;
}

void Coverage::close(uint64_t last) {
  // One that came after it, so to speak, shows what lies between.
  if (last > last_event_) {
    numbers_.saw(last + 1);
    last_event_ = last;
  }
  if (const std::optional<Gap> gap = numbers_.lost_at_end())
    add(*gap);
}

void Coverage::add(const Gap &gap) {
  lost_ += gap.lost;
  cause_ = gap.cause;
}

std::optional<Gap> Coverage::lost(uint64_t boot_ns) {
  if (numbers_.highest() == 0)
    looks_.clear();
  else if (looks_.empty() || boot_ns - looks_.back().boot_ns >= kPatienceNs / 5)
    looks_.push_back({boot_ns, numbers_.highest()});
  // What was missing at that look may have come since, and what is missing now be on its way.
  uint64_t overdue = 0;
  for (; !looks_.empty() && boot_ns - looks_.front().boot_ns >= kPatienceNs; looks_.pop_front())
    overdue = looks_.front().highest;
  if (const std::optional<Gap> gap = numbers_.lost_below(overdue))
    add(*gap);
  if (lost_ <= noted_)
    return std::nullopt;
  const Gap due{lost_ - noted_,
                cause_.empty() ? Text("events that an earlier daemon missed") : cause_};
  noted_ = lost_;
  return due;
}

} // namespace warrant
