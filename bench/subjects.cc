// SPDX-License-Identifier: Apache-2.0
#include "bench/subjects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "artifacts/bytes.h"
#include "artifacts/names.h"
#include "artifacts/trust.h"
#include "daemon/loader.h"
#include "daemon/publish.h"

namespace warrant::bench {
namespace {

w_verdict_key key_of(uint64_t number) {
  Digest digest = sha256(ByteView(reinterpret_cast<const uint8_t *>(&number), sizeof(number)));
  w_verdict_key key{};
  key.scope = W_SCOPE_HOST;
  key.digest_kind = W_DIGEST_SHA256;
  std::memcpy(key.digest, digest.data(), digest.size());
  return key;
}

Result<Entries> make_entries(const std::vector<std::string> &authorized, size_t fill) {
  Entries entries;
  w_artifact artifact{};
  artifact.id[0] = 1;
  artifact.not_after = W_FOREVER;
  artifact.environment = W_ENVIRONMENT_OPEN;
  entries.artifacts = {w_artifact{}, artifact};
  w_verdict verdict{};
  verdict.grants[0] = W_GRANT(1, W_ACTION_EXEC | W_ACTION_MAP);
  for (size_t i = 0; i < fill; i++)
    entries.verdicts.emplace_back(key_of(i), verdict);
  for (const std::string &path : authorized) {
    Digest digest = WARRANT_TRY(sha256_of_file(path));
    w_verdict_key key = key_of(0);
    std::memcpy(key.digest, digest.data(), digest.size());
    entries.verdicts.emplace_back(key, verdict);
  }
  return entries;
}

KernelPolicy policy() {
  KernelPolicy policy;
  policy.mode = W_MODE_ENFORCE;
  policy.audit = W_AUDIT_OPTIONAL;
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

Result<Switch> Switch::create(const std::string &pins, const std::vector<std::string> &authorized,
                              size_t fill) {
  Switch made;
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
    bpf_map *map = bpf_object__find_map_by_name(made.enforcement_->obj, std::string(name).c_str());
    if (bpf_obj_pin(bpf_map__fd(map), map_pin_path(pins, name).c_str()) != 0)
      return said("cannot pin");
  }
  if (bpf_obj_pin(bpf_program__fd(made.enforcement_->progs.take_uses),
                  take_uses_pin_path(pins).c_str()) != 0)
    return said("cannot pin");
  MapSet maps = WARRANT_TRY(MapSet::open(pins));
  Publisher publisher = WARRANT_TRY(Publisher::create(maps));
  Entries entries = WARRANT_TRY(make_entries(authorized, fill));
  WARRANT_TRY(publisher.publish(entries, policy()));
  made.events_.emplace(
      WARRANT_TRY(EventReader::open(bpf_map__fd(made.enforcement_->maps.events), [](ByteView) {})));
  return made;
}

Status Switch::select(Subject subject) {
  empty__detach(empty_.get());
  enforcement__detach(enforcement_.get());
  events_->consume();
  events_->release();
  if (subject == Subject::kEmpty && empty__attach(empty_.get()) != 0)
    return said("cannot attach the empty programs");
  if (subject == Subject::kWarrant && enforcement__attach(enforcement_.get()) != 0)
    return said("cannot attach Warrant");
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
