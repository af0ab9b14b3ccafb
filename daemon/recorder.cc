// SPDX-License-Identifier: Apache-2.0
#include "daemon/recorder.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/clock.h"
#include "lineage/event.h"
#include "lineage/reader.h"

namespace warrant {
namespace {

Moment now() {
  return Moment{wall_now(), static_cast<uint64_t>(boot_now())};
}

// Whoever begins a new log under the same key would look like one who hides the old one.
Error refused(const RecorderOptions &options, const Error &error) {
  return Error{"the log of records in " + options.folder +
               " is not as it was left: " + error.message +
               ". Nothing is armed over it; what is enforced already stays (fix: "
               "`warrant lineage verify " +
               options.folder +
               "` looks at all of it; keep it as "
               "evidence, and to begin a new log move it away together with " +
               options.key.secret + " and " + options.key.verifier + ")"};
}

} // namespace

Result<std::string> read_boot_id() {
  std::string boot;
  if (!std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot) || !is_boot_id(boot))
    return Error{"/proc/sys/kernel/random/boot_id holds no boot id"};
  return boot;
}

Recorder::Recorder(RecorderOptions options, Origin origin, std::unique_ptr<LogWriter> writer,
                   Coverage coverage)
    : options_(std::move(options)),
      origin_(std::move(origin)),
      writer_(std::move(writer)),
      coverage_(std::move(coverage)) {}

Result<Recorder> Recorder::open(const RecorderOptions &options) {
  Origin origin{options.host, WARRANT_TRY(read_boot_id())};
  std::unique_ptr<FolderFiles> files = WARRANT_TRY(FolderFiles::open(options.folder));
  WARRANT_TRY(files->lock());
  NoteSigner signer = WARRANT_TRY(
      open_log_key(options.key, options.origin, options.host, !is_log_folder(options.folder)));
  Result<std::unique_ptr<LogWriter>> writer = LogWriter::open(std::move(files), std::move(signer));
  if (!writer.ok())
    return refused(options, writer.error());
  Coverage coverage;
  for (RecordReader &records : WARRANT_TRY(boot_records(options.folder, origin.boot)))
    WARRANT_TRY(coverage.read(records));
  Recorder recorder(options, std::move(origin), std::move(writer).value(), std::move(coverage));
  if (const uint64_t torn = recorder.writer_->log().opening().torn_bytes)
    recorder.note(Gap{0, Text("the last batch was torn: " + std::to_string(torn) +
                              " bytes that were never committed were left out")});
  return recorder;
}

void Recorder::take(ByteView bytes) {
  Result<Event> event = Event::parse(bytes);
  if (!event.ok()) {
    note(Gap{0, Text("an event that is not understood: " + event.error().message)});
    return;
  }
  if (!coverage_.saw(event.value().sequence()))
    return;
  Surroundings surroundings{origin_, policy_of(event.value().raw().facts.generation),
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
  for (RecordReader &reader : WARRANT_TRY(boot_records(options_.folder, origin_.boot, tells)))
    WARRANT_TRY(recall_from(reader));
  return {};
}

Status Recorder::recall_from(RecordReader &reader) {
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
      recall_generation(*generation);
  }
}

// Numbers begin anew when enforcement is armed anew.
void Recorder::recall_generation(const Generation &generation) {
  if (generation.number <= in_force_)
    policies_.clear();
  in_force_ = generation.number;
  keep_policy(generation.number, generation.policy);
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

Status Recorder::checkpoint() {
  const Status signed_all = writer_->checkpoint();
  failed_at_ = signed_all.ok() ? 0 : boot_now();
  checkpoint_error_ = signed_all.ok() ? "" : signed_all.error().message;
  return signed_all;
}

Status Recorder::checkpoint_if_due() {
  const int64_t now = boot_now();
  if (failed_at_ != 0 && now - failed_at_ < kTryAgain)
    return Error{checkpoint_error_};
  const Result<bool> is_signed = writer_->checkpoint_if_due(now);
  failed_at_ = is_signed.ok() ? 0 : now;
  checkpoint_error_ = is_signed.ok() ? "" : is_signed.error().message;
  return is_signed.ok() ? Status() : Status(is_signed.error());
}

Recorder::Kept Recorder::keep(Sign when) {
  if (const Status written = commit(); !written.ok())
    return {false, "records wait in memory: " + written.error().message};
  const Status is_signed = when == Sign::kNow ? checkpoint() : checkpoint_if_due();
  return {true,
          is_signed.ok() ? "" : "the last records are not signed: " + is_signed.error().message};
}

LogHead Recorder::head() const {
  LogHead head;
  head.key = writer_->key().key().bytes();
  head.root = empty_root();
  if (const std::optional<Checkpoint> &last = writer_->log().last_checkpoint()) {
    head.size = last->size;
    head.root = last->root;
  }
  return head;
}

Status Recorder::check_head(const LogHead &head) {
  if (head.key == Digest{})
    return {};
  if (head.key != writer_->key().key().bytes()) {
    note(Gap{0, Text("another log was kept before this one: public key " + to_hex(head.key) +
                     ", at least " + std::to_string(head.size) + " entries, root " +
                     to_base64(head.root))});
    return {};
  }
  const Status contains = writer_->check_contains(head.size, head.root);
  return contains.ok() ? Status() : Status(refused(options_, contains.error()));
}

Json Recorder::to_json() const {
  const TransparencyLog &log = writer_->log();
  Json json = {{"folder", options_.folder}, {"key", writer_->key().vkey()}, {"size", log.size()}};
  if (const std::optional<Checkpoint> &last = log.last_checkpoint())
    json["checkpoint"] = {{"size", last->size}, {"root", to_base64(last->root)}};
  return json;
}

// What names no generation was decided without asking its artifacts, but under its policy. Of one
// that no record tells of nothing is claimed: zeros.
Digest Recorder::policy_of(uint64_t generation) const {
  const auto found = policies_.find(generation != 0 ? generation : in_force_);
  return found == policies_.end() ? Digest{} : found->second;
}

void Recorder::keep_policy(uint64_t generation, const Digest &policy) {
  policies_.insert_or_assign(generation, policy);
  if (policies_.size() > kMaxPolicies)
    policies_.erase(policies_.begin());
}

void Recorder::attribute(const std::vector<AcceptedArtifact> &artifacts, const Digest &policy,
                         uint64_t generation) {
  for (const AcceptedArtifact &accepted : artifacts)
    artifacts_.insert_or_assign(accepted.artifact.authorization().id,
                                attribution_of(accepted.artifact));
  keep_policy(generation, policy);
}

} // namespace warrant
