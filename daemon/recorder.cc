// SPDX-License-Identifier: Apache-2.0
#include "daemon/recorder.h"

#include <fstream>
#include <utility>

#include "daemon/clock.h"
#include "lineage/event.h"
#include "lineage/reader.h"

namespace warrant {
namespace {

Moment now() {
  return Moment{wall_now(), static_cast<uint64_t>(boot_now())};
}

} // namespace

Result<std::string> read_boot_id() {
  std::string boot;
  if (!std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot) || !is_boot_id(boot))
    return Error{"/proc/sys/kernel/random/boot_id holds no boot id"};
  return boot;
}

Recorder::Recorder(Origin origin, std::unique_ptr<JsonLinesWriter> writer, Coverage coverage)
    : origin_(std::move(origin)), writer_(std::move(writer)), coverage_(std::move(coverage)) {}

Result<Recorder> Recorder::open(const std::string &directory, const std::string &host) {
  Origin origin{host, WARRANT_TRY(read_boot_id())};
  std::unique_ptr<JsonLinesWriter> writer =
      WARRANT_TRY(JsonLinesWriter::open(directory, origin, now()));
  Coverage coverage = WARRANT_TRY(Coverage::of_file(writer->path()));
  return Recorder(std::move(origin), std::move(writer), std::move(coverage));
}

void Recorder::take(ByteView bytes) {
  Result<Event> event = Event::parse(bytes);
  if (!event.ok()) {
    note(Gap{0, Text("an event that is not understood: " + event.error().message)});
    return;
  }
  if (!coverage_.saw(event.value().sequence()))
    return;
  Surroundings surroundings{origin_, policy_,
                            [this](const ArtifactId &id) -> const Attribution * {
                              auto found = artifacts_.find(id);
                              return found == artifacts_.end() ? nullptr : &found->second;
                            },
                            [this](uint64_t id) { return cgroups_.find(id); }};
  append(enrich(event.value(), surroundings, now()));
}

Status Recorder::recall() {
  auto tells = [](std::string_view line) {
    return line.find("\"type\":\"accepted\"") != std::string_view::npos ||
           line.find("\"type\":\"generation\"") != std::string_view::npos;
  };
  RecordReader reader =
      WARRANT_TRY(RecordReader::open(writer_->path(), LastLine::kMayBeTorn, tells));
  for (;;) {
    Result<std::optional<Record>> record = reader.next();
    if (!record.ok() && !reader.is_readable())
      return record.error();
    if (!record.ok())
      continue; // damage, which those who read the records are told of
    if (!record.value())
      return {};
    if (const auto *accepted = std::get_if<Accepted>(&record.value()->body))
      artifacts_.insert_or_assign(accepted->artifact.id, accepted->artifact);
    else if (const auto *generation = std::get_if<Generation>(&record.value()->body))
      policy_ = generation->policy;
  }
}

void Recorder::note(Body body) {
  if (std::holds_alternative<Start>(body))
    coverage_.renew();
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
  if (std::optional<Gap> gap = coverage_.lost(static_cast<uint64_t>(boot_now()))) {
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
