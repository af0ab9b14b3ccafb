// SPDX-License-Identifier: Apache-2.0
#include "bench/subjects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "artifacts/bytes.h"
#include "artifacts/names.h"
#include "artifacts/trust.h"
#include "daemon/loader.h"
#include "daemon/publish.h"

namespace warrant::bench {
namespace {

constexpr std::array<std::string_view, 5> kSubjectNames = {"none", "empty", "observe", "enforce",
                                                           "everything"};
constexpr uint32_t kOpenArtifact = 1;    // what the host may run
constexpr uint32_t kReadingArtifact = 2; // an interpreter whose reads are judged
constexpr uint32_t kUserScope = W_SCOPE_FIRST_FREE;
constexpr uint32_t kCgroupScope = W_SCOPE_FIRST_FREE + 1;
constexpr uint32_t kFirstOtherScope = W_SCOPE_FIRST_FREE + 2;
constexpr uint32_t kFirstOtherUser = 100000;

// Freed maps return only after a grace period, so the first publication tells most.
int64_t free_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemFree:"))
      return std::stoll(line.substr(8)) * 1024;
  return 0;
}

Digest digest_of_number(uint64_t number) {
  return sha256(ByteView(reinterpret_cast<const uint8_t *>(&number), sizeof(number)));
}

w_verdict_key key_of(uint32_t scope, const Digest &digest) {
  w_verdict_key key{};
  key.scope = scope;
  key.digest_kind = W_DIGEST_SHA256;
  std::memcpy(key.digest, digest.data(), digest.size());
  return key;
}

w_artifact artifact_called(uint8_t id) {
  w_artifact artifact{};
  artifact.id[0] = id;
  artifact.not_after = W_FOREVER;
  artifact.environment = W_ENVIRONMENT_OPEN;
  return artifact;
}

// Scopes that are looked for at each exec: the user's, which has verdicts of its own, and one of a
// cgroup that the measured process is not in.
void add_scopes(Entries &entries, uid_t uid) {
  w_artifact reading = artifact_called(kReadingArtifact);
  reading.constraints = W_ARTIFACT_READS_SUFFIXES;
  entries.artifacts.push_back(reading);
  entries.uids = {{uid, w_uid_scope{.scope = kUserScope, .mode = 0}}};
  w_cgroup_key key{};
  std::strcpy(key.name, "bench.slice");
  entries.cgroups = {{key, w_cgroup_node{.node = 1, .scope = kCgroupScope, .mode = 0}}};
  entries.flags = W_GENERATION_HAS_UIDS | W_GENERATION_HAS_CGROUPS | W_GENERATION_HAS_READS;
}

void add_users(Entries &entries, size_t count) {
  for (uint32_t i = 0; i < count; i++)
    entries.uids.emplace_back(kFirstOtherUser + i,
                              w_uid_scope{.scope = kFirstOtherScope + i, .mode = 0});
  if (count > 0)
    entries.flags |= W_GENERATION_HAS_UIDS;
}

KernelPolicy policy_of(Subject subject) {
  KernelPolicy policy;
  policy.mode = subject == Subject::kObserve ? W_MODE_OBSERVE : W_MODE_ENFORCE;
  policy.audit = subject == Subject::kEverything ? W_AUDIT_REQUIRED : W_AUDIT_OPTIONAL;
  for (const Filesystem &filesystem : known_filesystems())
    policy.filesystems.push_back(filesystem.magic);
  return policy;
}

/// Of the empty programs those for hooks that this kernel lacks.
void leave_out_missing(bpf_object &empty, uint64_t hooks) {
  bpf_program *program = nullptr;
  while ((program = bpf_object__next_program(&empty, program)) != nullptr)
    for (const LinkName &link : kLinks)
      if (!(hooks & hook_bit(link.hook)) && std::string_view(bpf_program__section_name(program))
                                                .ends_with("/" + std::string(hook_name(link.hook))))
        bpf_program__set_autoload(program, false);
}

Error said(const std::string &what) {
  return Error{what + ": " + std::strerror(errno)};
}

} // namespace

std::optional<Subject> subject_called(std::string_view name) {
  for (size_t i = 0; i < kSubjectNames.size(); i++)
    if (kSubjectNames[i] == name)
      return static_cast<Subject>(i);
  return std::nullopt;
}

Result<Switch> Switch::create(const std::string &pins, std::vector<Digest> authorized,
                              std::vector<Digest> verity, uid_t uid, const Fill &fill) {
  Switch made;
  made.authorized_ = std::move(authorized);
  made.verity_ = std::move(verity);
  made.uid_ = uid;
  made.fill_ = fill;
  for (size_t i = 0; i < fill.digests; i++)
    made.others_.push_back(digest_of_number(i));
  made.empty_.reset(empty__open());
  made.enforcement_.reset(enforcement__open());
  if (!made.empty_ || !made.enforcement_)
    return said("cannot open the programs");
  leave_out_missing(*made.empty_->obj, fit_to_kernel(*made.enforcement_));
  if (empty__load(made.empty_.get()) != 0 || enforcement__load(made.enforcement_.get()) != 0)
    return said("cannot load the programs");
  ::mkdir(pins.c_str(), 0700);
  ::mkdir((pins + "/maps").c_str(), 0700);
  for (std::string_view name : kMapNames) {
    bpf_map *map = find_map(*made.enforcement_, name);
    if (bpf_obj_pin(bpf_map__fd(map), map_pin_path(pins, name).c_str()) != 0)
      return said("cannot pin");
  }
  if (bpf_obj_pin(bpf_program__fd(made.enforcement_->progs.take_uses),
                  take_uses_pin_path(pins).c_str()) != 0)
    return said("cannot pin");
  made.maps_ = std::make_unique<MapSet>(WARRANT_TRY(MapSet::open(pins)));
  made.publisher_.emplace(WARRANT_TRY(Publisher::create(*made.maps_)));
  made.events_.emplace(
      WARRANT_TRY(EventReader::open(bpf_map__fd(made.enforcement_->maps.events), [](ByteView) {})));
  return made;
}

// Once in a row: the same subject again finds what it decides by in force.
Status Switch::publish(Subject subject) {
  if (published_ == subject)
    return {};
  Entries entries;
  entries.artifacts = {w_artifact{}};
  for (size_t i = 0; i < std::max<size_t>(fill_.artifacts, 1); i++)
    entries.artifacts.push_back(artifact_called(kOpenArtifact));
  constexpr uint32_t kActions = W_ACTION_EXEC | W_ACTION_MAP | W_ACTION_INTERPRET;
  w_verdict verdict{};
  for (size_t i = 0; i < others_.size(); i++) {
    verdict.grants[0] = W_GRANT(1 + i % (entries.artifacts.size() - 1), kActions);
    entries.verdicts.emplace_back(key_of(W_SCOPE_HOST, others_[i]), verdict);
  }
  verdict.grants[0] = W_GRANT(kOpenArtifact, kActions);
  for (const Digest &digest : authorized_)
    entries.verdicts.emplace_back(key_of(W_SCOPE_HOST, digest), verdict);
  for (const Digest &digest : verity_) {
    entries.verdicts.emplace_back(key_of(W_SCOPE_HOST, digest), verdict);
    entries.verdicts.back().first.digest_kind = W_DIGEST_VERITY;
  }
  if (subject == Subject::kEverything) {
    add_scopes(entries, uid_);
    for (const Digest &digest : authorized_)
      entries.verdicts.emplace_back(key_of(kUserScope, digest), verdict);
  }
  add_users(entries, fill_.users);
  const int64_t before = free_bytes();
  last_ = WARRANT_TRY(publisher_->publish(entries, policy_of(subject)));
  last_bytes_ = before - free_bytes();
  published_ = subject;
  return {};
}

Status Switch::select(Subject subject) {
  empty__detach(empty_.get());
  enforcement__detach(enforcement_.get());
  WARRANT_TRY(events_->consume());
  events_->release();
  if (subject != Subject::kNone && subject != Subject::kEmpty)
    WARRANT_TRY(publish(subject));
  if (subject == Subject::kEmpty && empty__attach(empty_.get()) != 0)
    return said("cannot attach the empty programs");
  if (subject == Subject::kNone || subject == Subject::kEmpty)
    return {};
  if (enforcement__attach(enforcement_.get()) != 0)
    return said("cannot attach Warrant");
  // As the daemon does when it arms; the worker, which is older, would be dearer than what runs
  // then.
  adopt_running(*enforcement_);
  return {};
}

Result<std::vector<HookCost>> Switch::costs() const {
  std::vector<HookCost> all;
  bpf_program *program = nullptr;
  while ((program = bpf_object__next_program(enforcement_->obj, program)) != nullptr) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (bpf_program__fd(program) < 0)
      continue; // not loaded: this kernel has no such hook
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0)
      return said("cannot ask for a program's costs");
    all.push_back({bpf_program__name(program), info.run_cnt, info.run_time_ns});
  }
  return all;
}

} // namespace warrant::bench
