// SPDX-License-Identifier: Apache-2.0
#include "daemon/publish.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "daemon/clock.h"

namespace warrant {
namespace {

constexpr size_t kBatch = 4096;

Status write_config(int map, const w_config &config) {
  uint32_t zero = 0;
  if (bpf_map_update_elem(map, &zero, &config, BPF_ANY) != 0)
    return map_error("cannot write the kernel configuration");
  return {};
}

Status write_config(const MapSet &maps, const w_config &config) {
  return write_config(maps.fd(Map::kConfig), config);
}

// The slot of artifacts that ask nothing of the machine.
Status open_environment(const MapSet &maps, uint64_t until) {
  uint32_t slot = W_ENVIRONMENT_OPEN;
  w_environment open{};
  open.valid_until = until;
  if (bpf_map_update_elem(maps.fd(Map::kEnvironments), &slot, &open, BPF_ANY) != 0)
    return map_error("cannot open the environment slot of artifacts that ask for none");
  return {};
}

// Until when it is open now; 0: nothing ever was.
Result<uint64_t> open_until(const MapSet &maps) {
  uint32_t slot = W_ENVIRONMENT_OPEN;
  w_environment open{};
  if (bpf_map_lookup_elem(maps.fd(Map::kEnvironments), &slot, &open) != 0)
    return map_error("cannot read the environment slot of artifacts that ask for none");
  return open.valid_until;
}

template <class Key, class Value>
Status fill(int map, const std::vector<std::pair<Key, Value>> &entries, const char *what) {
  std::vector<Key> keys;
  std::vector<Value> values;
  for (size_t start = 0; start < entries.size(); start += kBatch) {
    size_t end = std::min(entries.size(), start + kBatch);
    keys.clear();
    values.clear();
    for (size_t i = start; i < end; i++) {
      keys.push_back(entries[i].first);
      values.push_back(entries[i].second);
    }
    auto count = static_cast<uint32_t>(keys.size());
    if (bpf_map_update_batch(map, keys.data(), values.data(), &count, nullptr) != 0)
      return map_error(std::string("cannot fill the ") + what + " of the new generation");
    if (count != keys.size())
      return Error{std::string("the kernel took only a part of the ") + what};
  }
  return {};
}

// Only what the kernel says is the last one is: a list that was cut short would take counters for
// gone.
Result<std::vector<w_uses_key>> keys_of_uses(int map) {
  std::vector<w_uses_key> keys;
  w_uses_key key{};
  const w_uses_key *last = nullptr;
  while (keys.size() < W_MAX_COUNTED) {
    if (bpf_map_get_next_key(map, last, &key) != 0) {
      if (errno != ENOENT)
        return map_error("cannot list the counters of uses");
      break;
    }
    keys.push_back(key);
    last = &keys.back();
  }
  return keys;
}

ArtifactId id_of(const w_uses_key &key) {
  ArtifactId id{};
  std::copy(std::begin(key.id), std::end(key.id), id.begin());
  return id;
}

w_uses_key key_of(const ArtifactId &id) {
  w_uses_key key{};
  std::copy(id.begin(), id.end(), std::begin(key.id));
  return key;
}

} // namespace

static Result<w_config> read_config(int map) {
  uint32_t zero = 0;
  w_config config{};
  if (bpf_map_lookup_elem(map, &zero, &config) != 0)
    return map_error("cannot read the kernel configuration");
  return config;
}

Result<w_config> read_config(const MapSet &maps) {
  return read_config(maps.fd(Map::kConfig));
}

RootMark root_of(const w_config &config) {
  RootMark root;
  root.version = config.root_version;
  std::copy(std::begin(config.root), std::end(config.root), root.sha256.begin());
  return root;
}

Status write_root(const MapSet &maps, const RootMark &root) {
  w_config config = WARRANT_TRY(read_config(maps));
  const RootMark before = root_of(config);
  if (before.version == root.version && before.sha256 == root.sha256)
    return {};
  config.root_version = root.version;
  std::copy(root.sha256.begin(), root.sha256.end(), std::begin(config.root));
  return write_config(maps, config);
}

Status let_pins_go(int config_map, uint64_t lineage) {
  w_config config = WARRANT_TRY(read_config(config_map));
  config.ending = lineage;
  return write_config(config_map, config);
}

StateWitness keeper_of_states(const MapSet &maps) {
  return [map = maps.fd(Map::kConfig)](const Digest &in_place, const Digest &next) -> Status {
    w_config config = WARRANT_TRY(read_config(map));
    // Whoever saved since has another state, and what it put in force must not be taken back.
    if (!is_left(config, Digest{}) && !is_left(config, in_place))
      return Error{"another warrantd has taken over what is in force here"};
    std::copy(in_place.begin(), in_place.end(), std::begin(config.states[0]));
    std::copy(next.begin(), next.end(), std::begin(config.states[1]));
    return write_config(map, config);
  };
}

static uint64_t number_after(const w_config &config) {
  return std::max(config.generations[0].number, config.generations[1].number) + 1;
}

Result<uint64_t> next_generation(const MapSet &maps) {
  return number_after(WARRANT_TRY(read_config(maps)));
}

Result<Counters> read_uses(const MapSet &maps) {
  Counters left;
  int map = maps.fd(Map::kUses);
  for (const w_uses_key &key : WARRANT_TRY(keys_of_uses(map))) {
    w_uses uses{};
    if (bpf_map_lookup_elem(map, &key, &uses) != 0)
      return map_error("cannot read the uses of artifact " + to_hex(key.id));
    left.emplace(id_of(key), std::max<int64_t>(uses.left, 0));
  }
  return left;
}

Status hand_out_uses(const MapSet &maps, const std::vector<Handout> &hand_out) {
  for (const Handout &handout : hand_out) {
    if (!handout.from) {
      w_uses_key key = key_of(handout.id);
      w_uses value{handout.uses};
      if (bpf_map_update_elem(maps.fd(Map::kUses), &key, &value, BPF_NOEXIST) != 0 &&
          errno != EEXIST)
        return map_error("cannot hand out the uses of artifact " + to_hex(handout.id));
      continue;
    }
    w_uses_transfer transfer{key_of(*handout.from), key_of(handout.id), handout.uses, 0, 0};
    bpf_test_run_opts options{};
    options.sz = sizeof(options);
    options.ctx_in = &transfer;
    options.ctx_size_in = sizeof(transfer);
    options.ctx_out = &transfer;
    options.ctx_size_out = sizeof(transfer);
    do {
      if (bpf_prog_test_run_opts(maps.take_uses(), &options) != 0)
        return map_error("cannot move uses to artifact " + to_hex(handout.id));
    } while (transfer.result == -EAGAIN);
  }
  return {};
}

Status forget_uses(const MapSet &maps, const std::vector<ArtifactId> &ids) {
  for (const ArtifactId &id : ids) {
    w_uses_key key = key_of(id);
    if (bpf_map_delete_elem(maps.fd(Map::kUses), &key) != 0 && errno != ENOENT)
      return map_error("cannot forget the uses of artifact " + to_hex(id));
  }
  return {};
}

// Type ids of the object's BTF as the kernel holds it. 6.1 refuses to put an inner map in place
// that was made without the key and value types of its template.
struct Publisher::Types {
  UniqueFd fd;
  btf *types;

  Types(UniqueFd descriptor, btf *loaded) : fd(std::move(descriptor)), types(loaded) {}
  Types(const Types &) = delete;
  Types &operator=(const Types &) = delete;
  ~Types() { btf__free(types); }

  Result<UniqueFd> create_map(bpf_map_type type, const char *key, uint32_t key_size,
                              const char *value, uint32_t value_size, size_t entries,
                              uint32_t flags) const {
    auto id_of = [&](const char *name) {
      int id = btf__find_by_name_kind(types, name, BTF_KIND_STRUCT);
      return id > 0 ? id : btf__find_by_name_kind(types, name, BTF_KIND_TYPEDEF);
    };
    int key_id = id_of(key);
    int value_id = id_of(value);
    if (key_id <= 0 || value_id <= 0)
      return Error{std::string("the object's BTF lacks ") + (key_id <= 0 ? key : value)};
    bpf_map_create_opts options{};
    options.sz = sizeof(options);
    options.btf_fd = static_cast<uint32_t>(fd.get());
    options.btf_key_type_id = static_cast<uint32_t>(key_id);
    options.btf_value_type_id = static_cast<uint32_t>(value_id);
    options.map_flags = flags;
    // The kernel does not make empty maps; one unused place costs nothing.
    auto size = static_cast<uint32_t>(std::max<size_t>(entries, 1));
    int map = bpf_map_create(type, nullptr, key_size, value_size, size, &options);
    if (map < 0)
      return map_error(std::string("cannot make a map of ") + value);
    return UniqueFd(map);
  }
};

Publisher::Publisher(const MapSet &maps, std::unique_ptr<Types> types)
    : maps_(&maps), types_(std::move(types)) {}
Publisher::Publisher(Publisher &&) noexcept = default;
Publisher::~Publisher() = default;

Result<Publisher> Publisher::create(const MapSet &maps) {
  bpf_map_info info{};
  uint32_t size = sizeof(info);
  if (bpf_obj_get_info_by_fd(maps.fd(Map::kConfig), &info, &size) != 0)
    return map_error("cannot ask for the configuration map");
  int fd = bpf_btf_get_fd_by_id(info.btf_id);
  if (fd < 0)
    return map_error("cannot open the object's BTF");
  UniqueFd owner(fd);
  btf *types = btf__load_from_kernel_by_id(info.btf_id);
  if (libbpf_get_error(types) != 0)
    return map_error("cannot read the object's BTF");
  return Publisher(maps, std::make_unique<Types>(std::move(owner), types));
}

Result<UniqueFd> Publisher::build_verdicts(const Entries &entries) const {
  UniqueFd map =
      WARRANT_TRY(types_->create_map(BPF_MAP_TYPE_HASH, "w_verdict_key", sizeof(w_verdict_key),
                                     "w_verdict", sizeof(w_verdict), entries.verdicts.size(), 0));
  WARRANT_TRY(fill(map.get(), entries.verdicts, "verdicts"));
  return map;
}

Result<UniqueFd> Publisher::build_artifacts(const Entries &entries) const {
  UniqueFd map = WARRANT_TRY(types_->create_map(BPF_MAP_TYPE_ARRAY, "__u32", sizeof(uint32_t),
                                                "w_artifact", sizeof(w_artifact),
                                                entries.artifacts.size(), BPF_F_INNER_MAP));
  std::vector<std::pair<uint32_t, w_artifact>> rows;
  rows.reserve(entries.artifacts.size());
  for (const w_artifact &artifact : entries.artifacts)
    rows.emplace_back(static_cast<uint32_t>(rows.size()), artifact);
  WARRANT_TRY(fill(map.get(), rows, "artifacts"));
  return map;
}

Result<UniqueFd> Publisher::build_uids(const Entries &entries) const {
  UniqueFd map =
      WARRANT_TRY(types_->create_map(BPF_MAP_TYPE_HASH, "__u32", sizeof(uint32_t), "w_uid_scope",
                                     sizeof(w_uid_scope), entries.uids.size(), 0));
  WARRANT_TRY(fill(map.get(), entries.uids, "uid scopes"));
  return map;
}

Result<UniqueFd> Publisher::build_cgroups(const Entries &entries) const {
  UniqueFd map = WARRANT_TRY(types_->create_map(BPF_MAP_TYPE_HASH, "w_cgroup_key",
                                                sizeof(w_cgroup_key), "w_cgroup_node",
                                                sizeof(w_cgroup_node), entries.cgroups.size(), 0));
  WARRANT_TRY(fill(map.get(), entries.cgroups, "cgroup scopes"));
  return map;
}

Status Publisher::fill_slot(uint32_t slot, const Entries &entries) const {
  // All four are built before the first is put in place: no error after that but the kernel's own.
  UniqueFd verdicts = WARRANT_TRY(build_verdicts(entries));
  UniqueFd artifacts = WARRANT_TRY(build_artifacts(entries));
  UniqueFd uids = WARRANT_TRY(build_uids(entries));
  UniqueFd cgroups = WARRANT_TRY(build_cgroups(entries));
  const std::pair<Map, int> inner[] = {{Map::kVerdicts, verdicts.get()},
                                       {Map::kArtifacts, artifacts.get()},
                                       {Map::kUidScopes, uids.get()},
                                       {Map::kCgroupScopes, cgroups.get()}};
  for (auto [outer, fd] : inner) {
    if (bpf_map_update_elem(maps_->fd(outer), &slot, &fd, BPF_ANY) != 0)
      return map_error("cannot put the new generation's " +
                       std::string(kMapNames[static_cast<size_t>(outer)]) + " in place");
  }
  return {};
}

Result<Leases::Table> read_environments(const MapSet &maps) {
  Leases::Table table{};
  for (uint32_t slot = 0; slot < table.size(); slot++)
    if (bpf_map_lookup_elem(maps.fd(Map::kEnvironments), &slot, &table[slot]) != 0)
      return map_error("cannot read the environment table");
  return table;
}

Leases::Write writer_of_environments(const MapSet &maps) {
  return [&maps](uint32_t slot, const w_environment &entry) -> Status {
    if (bpf_map_update_elem(maps.fd(Map::kEnvironments), &slot, &entry, BPF_ANY) != 0)
      return map_error("cannot write slot " + std::to_string(slot) + " of the environment table");
    return {};
  };
}

Result<Published> Publisher::publish(const Entries &entries, const KernelPolicy &policy) {
  if (policy.filesystems.size() > W_MAX_FILESYSTEMS)
    return Error{"the policy names more than 16 file systems"};
  int64_t start = boot_now();
  w_config config = WARRANT_TRY(read_config(*maps_));
  bool first = config.generations[config.active].number == 0;
  if (!first && config.abi != W_ABI_VERSION)
    return Error{"the programs in the kernel speak version " + std::to_string(config.abi) +
                 " of the contract, this daemon version " + std::to_string(W_ABI_VERSION) +
                 ": run the daemon that armed them, or restart the machine"};
  uint32_t slot = first ? config.active : (config.active + 1) % W_GENERATION_SLOTS;
  WARRANT_TRY(fill_slot(slot, entries));
  // The slot is shared: until the switch the old generation must not be open for longer than
  // either.
  const Result<uint64_t> before = open_until(*maps_);
  WARRANT_TRY(open_environment(
      *maps_, before.ok() ? std::min(before.value(), policy.open_until) : policy.open_until));

  w_generation &next = config.generations[slot];
  next.number = number_after(config);
  // Once processes are restricted they stay so, whatever becomes of the artifact.
  next.flags = entries.flags | (config.generations[config.active].flags & W_GENERATION_HAS_READS);
  next.artifacts = static_cast<uint32_t>(entries.artifacts.size());
  next.verdicts = entries.verdicts.size();
  // Twice: the first write only describes the slot that nobody looks at, the second switches to it.
  WARRANT_TRY(write_config(*maps_, config));
  config.abi = W_ABI_VERSION;
  config.mode = static_cast<uint8_t>(policy.mode);
  config.audit = static_cast<uint8_t>(policy.audit);
  config.permits = policy.permits;
  std::fill(std::begin(config.filesystems), std::end(config.filesystems), 0u);
  std::copy(policy.filesystems.begin(), policy.filesystems.end(), config.filesystems);
  if (config.enforcing_since == 0)
    config.enforcing_since = policy.enforcing_since;
  config.state_serial = policy.state_serial;
  config.boot_minus_wall =
      first ? policy.clock.boot_minus_wall_ns
            : std::min<int64_t>(config.boot_minus_wall, policy.clock.boot_minus_wall_ns);
  if (policy.programs) {
    config.hooks = policy.programs->hooks;
    std::copy(policy.programs->object.begin(), policy.programs->object.end(), config.programs);
  }
  config.active = slot;
  WARRANT_TRY(write_config(*maps_, config));
  WARRANT_TRY(open_environment(*maps_, policy.open_until));

  Published published;
  published.generation = next.number;
  published.verdicts = next.verdicts;
  published.artifacts = next.artifacts > 0 ? next.artifacts - 1 : 0;
  published.nanoseconds = boot_now() - start;
  return published;
}

} // namespace warrant
