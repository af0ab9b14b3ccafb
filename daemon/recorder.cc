// SPDX-License-Identifier: Apache-2.0
#include "daemon/recorder.h"

#include <fstream>
#include <utility>

#include "daemon/clock.h"
#include "lineage/event.h"
#include "lineage/query.h"

namespace warrant {
namespace {

Moment now() {
  return Moment{wall_now(), static_cast<uint64_t>(boot_now())};
}

Result<std::string> read_boot_id() {
  std::string boot;
  if (!std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot) || !is_boot_id(boot))
    return Error{"/proc/sys/kernel/random/boot_id holds no boot id"};
  return boot;
}

} // namespace

Recorder::Recorder(Origin origin, std::unique_ptr<JsonLinesWriter> writer, uint64_t last_sequence)
    : origin_(std::move(origin)), writer_(std::move(writer)), sequence_(last_sequence) {}

Result<Recorder> Recorder::open(const std::string &directory, const std::string &host) {
  Origin origin{host, WARRANT_TRY(read_boot_id())};
  std::unique_ptr<JsonLinesWriter> writer =
      WARRANT_TRY(JsonLinesWriter::open(directory, origin, now()));
  uint64_t last = WARRANT_TRY(last_sequence(writer->path()));
  return Recorder(std::move(origin), std::move(writer), last);
}

void Recorder::take(ByteView bytes) {
  Result<Event> event = Event::parse(bytes);
  if (!event.ok()) {
    note(Gap{1, Text("an event that is not understood: " + event.error().message)});
    return;
  }
  sequence_.saw(event.value().sequence());
  Surroundings surroundings{origin_, policy_,
                            [this](const ArtifactId &id) -> const Attribution * {
                              auto found = artifacts_.find(id);
                              return found == artifacts_.end() ? nullptr : &found->second;
                            },
                            [this](uint64_t id) { return cgroups_.find(id); }};
  append(enrich(event.value(), surroundings, now()));
}

void Recorder::note(Body body) {
  append(make_record(origin_, now(), std::move(body)));
}

void Recorder::append(Record record) {
  waiting_.push_back(std::move(record));
  records_++;
}

Status Recorder::drain() {
  while (!waiting_.empty()) {
    Status appended = writer_->append(waiting_.front());
    if (!appended.ok()) {
      WARRANT_TRY(writer_->commit());
      WARRANT_TRY(writer_->append(waiting_.front()));
    }
    waiting_.pop_front();
  }
  return writer_->commit();
}

Status Recorder::commit() {
  if (std::optional<Gap> gap = sequence_.lost()) {
    lost_ += gap->lost;
    note(*gap);
  }
  return drain();
}

void Recorder::attribute(const std::vector<AcceptedArtifact> &artifacts, const Digest &policy) {
  for (const AcceptedArtifact &accepted : artifacts)
    artifacts_.insert_or_assign(accepted.artifact.authorization().id,
                                attribution_of(accepted.artifact));
  policy_ = policy;
}

} // namespace warrant
