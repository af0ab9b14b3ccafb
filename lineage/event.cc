// SPDX-License-Identifier: Apache-2.0
#include "lineage/event.h"

#include <algorithm>
#include <cstring>

namespace warrant {
namespace {

template <size_t N>
bool is_terminated(const char (&text)[N]) {
  return std::memchr(text, 0, N) != nullptr;
}

// Up to the NUL: what lies behind it is left over from other names and paths.
template <size_t N>
Text text_until_nul(const char (&text)[N]) {
  return std::string_view(text, ::strnlen(text, N));
}

Task task_of(const Event &event, const Surroundings &surroundings) {
  const w_event &raw = event.raw();
  Task task{event.comm(), raw.pid, raw.tgid, raw.uid, raw.gid, raw.cgroup_id, {}};
  if (surroundings.cgroup)
    task.cgroup = surroundings.cgroup(raw.cgroup_id);
  return task;
}

File file_of(const Event &event) {
  const w_event &raw = event.raw();
  return {event.path(), raw.device, raw.inode, raw.filesystem};
}

std::optional<Attribution> attribution(const uint8_t (&id)[W_ID_SIZE],
                                       const Surroundings &surroundings) {
  ArtifactId key{};
  std::copy(std::begin(id), std::end(id), key.begin());
  if (key == ArtifactId{})
    return std::nullopt;
  const Attribution *known = surroundings.attribution ? surroundings.attribution(key) : nullptr;
  if (known)
    return *known;
  Attribution unknown;
  unknown.id = key;
  return unknown;
}

} // namespace

Result<Event> Event::parse(ByteView bytes) {
  if (bytes.size() < W_EVENT_SIZE(0))
    return Error{"event of " + std::to_string(bytes.size()) + " bytes: the smallest has " +
                 std::to_string(W_EVENT_SIZE(0))};
  if (bytes.size() > sizeof(w_event))
    return Error{"event of " + std::to_string(bytes.size()) + " bytes: the largest has " +
                 std::to_string(sizeof(w_event))};
  Event event;
  std::memcpy(&event.raw_, bytes.data(), bytes.size());
  const w_event &raw = event.raw_;
  if (raw.abi != W_ABI_VERSION)
    return Error{"event of ABI version " + std::to_string(raw.abi) + ": this daemon speaks " +
                 std::to_string(W_ABI_VERSION)};
  if (raw.type == W_EVENT_INVALID || raw.type >= W_EVENT_TYPE_COUNT)
    return Error{"event of unknown type " + std::to_string(raw.type)};
  if (raw.facts.candidate_count > W_MAX_CANDIDATES)
    return Error{"event with " + std::to_string(raw.facts.candidate_count) +
                 " candidates: there can be " + std::to_string(W_MAX_CANDIDATES)};
  if (raw.size != bytes.size() || raw.size != W_EVENT_SIZE(raw.facts.candidate_count))
    return Error{"event of " + std::to_string(bytes.size()) + " bytes says " +
                 std::to_string(raw.size) + " and has " +
                 std::to_string(raw.facts.candidate_count) + " candidates"};
  if (!is_terminated(raw.comm) || !is_terminated(raw.path))
    return Error{"event with a string that does not end"};
  return event;
}

Text Event::comm() const {
  return text_until_nul(raw_.comm);
}

Text Event::path() const {
  return text_until_nul(raw_.path);
}

Record enrich(const Event &event, const Surroundings &surroundings, const Moment &now) {
  const w_event &raw = event.raw();
  const Moment time = now.at_boot_time(raw.facts.now);
  if (raw.type == W_EVENT_COMMIT) {
    Commit commit{raw.sequence, task_of(event, surroundings), file_of(event), raw.process,
                  attribution(raw.process.artifact, surroundings)};
    return make_record(surroundings.origin, time, std::move(commit));
  }
  Decision decision{raw.sequence,
                    raw.exec,
                    task_of(event, surroundings),
                    file_of(event),
                    raw.process,
                    raw.facts,
                    raw.decision,
                    attribution(raw.granting_artifact, surroundings),
                    surroundings.policy};
  return make_record(surroundings.origin, time, std::move(decision));
}

} // namespace warrant
