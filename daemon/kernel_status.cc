// SPDX-License-Identifier: Apache-2.0
#include "daemon/kernel_status.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "artifacts/names.h"
#include "daemon/clock.h"

namespace warrant {
namespace {

constexpr std::array<std::string_view, W_COUNTER_COUNT> kCounterNames = {
    "invalid", "allowed", "denied", "measured", "cacheHits", "events", "eventsLost", "adopted"};
static_assert(W_COUNTER_ADOPTED + 1 == W_COUNTER_COUNT);

std::string errno_text(const std::string &what) {
  return what + ": " + std::strerror(errno);
}

/// What the kernel says of an object. Info: bpf_link_info, bpf_prog_info or bpf_map_info.
template <class Info>
bool get_info(int fd, Info &info) {
  uint32_t size = sizeof(info);
  return bpf_obj_get_info_by_fd(fd, &info, &size) == 0;
}

constexpr std::string_view kUnpinned = "not pinned";
constexpr std::string_view kHidden = "not shown to this program";

std::string open_problem() {
  if (errno == ENOENT)
    return std::string(kUnpinned);
  return errno == EPERM ? std::string(kHidden) : errno_text("cannot be opened");
}

template <class Part>
bool all_say(const std::vector<Part> &parts, std::string_view problem) {
  return std::all_of(parts.begin(), parts.end(),
                     [&](const Part &part) { return part.problem == problem; });
}

/// The kernel's own types, to tell hooks by name.
class KernelTypes {
 public:
  KernelTypes() : types_(btf__load_vmlinux_btf()) {}
  KernelTypes(const KernelTypes &) = delete;
  KernelTypes &operator=(const KernelTypes &) = delete;
  ~KernelTypes() { btf__free(types_); }

  std::string name_of(uint32_t id) const {
    const btf_type *type = libbpf_get_error(types_) == 0 ? btf__type_by_id(types_, id) : nullptr;
    const char *name = type ? btf__name_by_offset(types_, type->name_off) : nullptr;
    return name ? name : "";
  }

 private:
  btf *types_;
};

/// Whether a program bears the name of a link; the kernel keeps the first 15 characters.
bool is_name_of(std::string_view program, std::string_view link) {
  return program == link.substr(0, BPF_OBJ_NAME_LEN - 1);
}

void read_program(LinkStatus &status, bool is_security) {
  const int fd = bpf_prog_get_fd_by_id(status.program_id);
  if (fd < 0) {
    status.problem = errno_text("its program cannot be asked for");
    return;
  }
  const UniqueFd program(fd);
  bpf_prog_info info{};
  if (!get_info(fd, info)) {
    status.problem = errno_text("its program does not answer");
    return;
  }
  status.program = info.name;
  status.tag = to_hex(ByteView(info.tag, sizeof(info.tag)));
  status.skipped = info.recursion_misses;
  if (info.type != (is_security ? BPF_PROG_TYPE_LSM : BPF_PROG_TYPE_TRACING))
    status.problem = "runs a program of another type";
  else if (!is_name_of(status.program, status.name))
    status.problem = "runs another program: " + printable(status.program);
  else if (status.skipped > 0) // what it did not see, nobody judged
    status.problem = "the kernel left out " + std::to_string(status.skipped) +
                     " of its calls: they came while it was running on the same processor";
}

LinkStatus read_link(const std::string &directory, const LinkName &link_name,
                     const KernelTypes &types) {
  LinkStatus status;
  status.name = link_name.program;
  const int fd = bpf_obj_get(link_pin_path(directory, status.name).c_str());
  if (fd < 0) {
    status.problem = open_problem();
    return status;
  }
  const UniqueFd link(fd);
  bpf_link_info info{};
  if (!get_info(fd, info)) {
    status.problem = "pinned, but no link";
    return status;
  }
  status.link_id = info.id;
  status.program_id = info.prog_id;
  const bool is_security = is_security_hook(link_name.hook);
  if (info.type != BPF_LINK_TYPE_TRACING ||
      info.tracing.attach_type != (is_security ? BPF_LSM_MAC : BPF_TRACE_FENTRY)) {
    status.problem = "attached in another way than enforcement's programs are";
    return status;
  }
  status.hook = types.name_of(info.tracing.target_btf_id);
  if (status.hook != hook_function(link_name.hook))
    status.problem = "attached to another hook: " + printable(status.hook);
  else
    read_program(status, is_security);
  return status;
}

std::optional<UniqueFd> open_map(const std::string &directory, Map map, MapStatus &status) {
  const int fd = bpf_obj_get(map_pin_path(directory, kMapNames[static_cast<size_t>(map)]).c_str());
  if (fd < 0) {
    status.problem = open_problem();
    return std::nullopt;
  }
  UniqueFd owner(fd);
  bpf_map_info info{};
  if (!get_info(fd, info)) {
    status.problem = "pinned, but no map";
    return std::nullopt;
  }
  if (!has_shape_of(map, info)) {
    status.problem = "another kind of map than enforcement's of that name";
    return std::nullopt;
  }
  status.id = info.id;
  status.max_entries = info.max_entries;
  return owner;
}

bool is_generation_map(Map map) {
  return map == Map::kVerdicts || map == Map::kArtifacts || map == Map::kUidScopes ||
         map == Map::kCgroupScopes;
}

void read_inner_map(int outer, uint32_t slot, MapStatus &status) {
  uint32_t id = 0;
  if (bpf_map_lookup_elem(outer, &slot, &id) != 0) {
    status.problem = errno_text("nothing in force");
    return;
  }
  const int fd = bpf_map_get_fd_by_id(id);
  if (fd < 0) {
    status.problem = errno_text("the entries in force cannot be asked for");
    return;
  }
  const UniqueFd inner(fd);
  bpf_map_info info{};
  if (get_info(fd, info))
    status.in_force = info.max_entries;
  else
    status.problem = errno_text("the entries in force do not answer");
}

void read_config(int map, KernelStatus &status, MapStatus &one) {
  uint32_t zero = 0;
  w_config config{};
  bpf_map_info info{};
  // The kernel writes as much as it holds, whatever there is room for.
  if (get_info(map, info) && info.value_size != sizeof(config))
    one.problem = "of another version of the contract than this tool's";
  else if (bpf_map_lookup_elem(map, &zero, &config) == 0)
    status.config = config;
}

void read_environment(int map, KernelStatus &status) {
  uint32_t slot = W_ENVIRONMENT_OPEN;
  w_environment environment{};
  if (bpf_map_lookup_elem(map, &slot, &environment) == 0)
    status.open_until = environment.valid_until;
}

void read_counters(int map, KernelStatus &status) {
  // As many as a kernel can have (NR_CPUS, x86): how many there are is told by a file, which may be
  // another, and the kernel writes one value for each.
  constexpr size_t kProcessors = 8192;
  std::vector<uint64_t> values(kProcessors);
  for (uint32_t counter = 0; counter < W_COUNTER_COUNT; counter++)
    if (bpf_map_lookup_elem(map, &counter, values.data()) == 0)
      for (const uint64_t value : values)
        status.counters.at(counter) += value;
}

void read_maps(KernelStatus &status) {
  for (size_t i = 0; i < kMapNames.size(); i++) {
    const Map map = static_cast<Map>(i);
    MapStatus &one = status.maps.emplace_back(MapStatus{kMapNames[i], 0, 0, {}, {}});
    const std::optional<UniqueFd> fd = open_map(status.directory, map, one);
    if (!fd)
      continue;
    // The configuration is the first map, so the slot is known to those that follow.
    if (map == Map::kConfig)
      read_config(fd->get(), status, one);
    else if (map == Map::kEnvironments)
      read_environment(fd->get(), status);
    else if (map == Map::kCounters)
      read_counters(fd->get(), status);
    else if (is_generation_map(map) && status.config)
      read_inner_map(fd->get(), status.config->active, one);
  }
  static_assert(static_cast<size_t>(Map::kConfig) == 0);
}

std::optional<bool> read_ftrace() {
  std::ifstream file("/proc/sys/kernel/ftrace_enabled");
  int value = 0;
  return file >> value ? std::optional(value != 0) : std::nullopt;
}

template <class Part>
void add_part_problems(const std::vector<Part> &parts, const char *what,
                       std::vector<std::string> &problems) {
  if (all_say(parts, kUnpinned)) {
    problems.push_back(std::string("no ") + what + " is pinned");
    return;
  }
  for (const Part &part : parts)
    if (!part.problem.empty())
      problems.push_back(std::string(what) + " " + std::string(part.name) + ": " + part.problem);
}

void add_config_problems(const KernelStatus &status, std::vector<std::string> &problems) {
  if (!status.config) {
    problems.emplace_back("the kernel's configuration cannot be read");
    return;
  }
  if (status.config->abi != W_ABI_VERSION)
    problems.push_back("the programs speak version " + std::to_string(status.config->abi) +
                       " of the contract, this tool " + std::to_string(W_ABI_VERSION));
  if (status.config->mode == W_MODE_OBSERVE)
    problems.emplace_back("the policy in force only observes: denials are recorded, not enforced");
  else if (status.config->mode != W_MODE_ENFORCE)
    problems.emplace_back("no policy mode is in force");
  const w_generation *generation = status.generation();
  if (!generation || generation->number == 0)
    problems.emplace_back("no generation of entries is in force: everything is refused");
}

std::vector<std::string> find_problems(const KernelStatus &status) {
  std::vector<std::string> problems;
  if (status.is_hidden) {
    problems.emplace_back(
        "the kernel shows this program nothing of what is in force: no artifact grants it the "
        "action administer (fix: name it beside warrantd, or believe the daemon and the canary)");
  } else {
    add_part_problems(status.links, "link", problems);
    add_part_problems(status.maps, "map", problems);
  }
  const bool any_map = std::any_of(status.maps.begin(), status.maps.end(),
                                   [](const MapStatus &map) { return map.id != 0; });
  if (any_map)
    add_config_problems(status, problems);
  if (!status.ftrace_enabled)
    problems.emplace_back(
        "kernel.ftrace_enabled cannot be read: whether the kernel calls BPF LSM "
        "programs is not known");
  else if (!*status.ftrace_enabled)
    problems.emplace_back(
        "kernel.ftrace_enabled is 0: the kernel calls no BPF LSM program (set it to 1)");
  if (status.open_until && *status.open_until <= static_cast<uint64_t>(boot_now()))
    problems.emplace_back("the open environment is closed: everything but recovery is refused");
  return problems;
}

Json links_json(const KernelStatus &status) {
  Json list = Json::array();
  for (const LinkStatus &link : status.links)
    list.push_back({{"name", link.name},
                    {"linkId", link.link_id},
                    {"programId", link.program_id},
                    {"program", printable(link.program)},
                    {"tag", link.tag},
                    {"hook", printable(link.hook)},
                    {"skipped", link.skipped},
                    {"problem", link.problem}});
  return list;
}

Json maps_json(const KernelStatus &status) {
  Json list = Json::array();
  for (const MapStatus &map : status.maps) {
    Json one = {{"name", map.name},
                {"id", map.id},
                {"maxEntries", map.max_entries},
                {"problem", map.problem}};
    if (map.in_force)
      one["inForce"] = *map.in_force;
    list.push_back(std::move(one));
  }
  return list;
}

/// Index 0 of the artifact table authorizes nothing.
uint32_t artifact_count(const w_generation &generation) {
  return generation.artifacts > 0 ? generation.artifacts - 1 : 0;
}

Json config_json(const KernelStatus &status) {
  if (!status.config)
    return nullptr;
  const w_config &config = *status.config;
  Json json = {{"abi", config.abi},
               {"mode", mode_name(static_cast<w_mode>(config.mode))},
               {"audit", audit_name(static_cast<w_audit>(config.audit))},
               {"enforcingSinceBootNs", std::to_string(config.enforcing_since)},
               {"generation", nullptr}};
  if (const w_generation *generation = status.generation())
    json["generation"] = {{"number", generation->number},
                          {"artifacts", artifact_count(*generation)},
                          {"verdicts", generation->verdicts}};
  return json;
}

} // namespace

std::string_view counter_name(w_counter counter) {
  return static_cast<size_t>(counter) < kCounterNames.size()
             ? kCounterNames[static_cast<size_t>(counter)]
             : "unknown";
}

const w_generation *KernelStatus::generation() const {
  return config && config->active < W_GENERATION_SLOTS ? &config->generations[config->active]
                                                       : nullptr;
}

KernelStatus read_kernel_status(const std::string &directory) {
  libbpf_set_print(nullptr);
  KernelStatus status;
  status.directory = directory;
  const KernelTypes types;
  read_maps(status);
  // A hook that this kernel lacks is not missed; without a configuration, all are.
  const uint64_t hooks = status.config ? status.config->hooks : ~uint64_t{0};
  for (const LinkName &link : kLinks)
    if (!link.optional || (hooks & hook_bit(link.hook)))
      status.links.push_back(read_link(directory, link, types));
  status.ftrace_enabled = read_ftrace();
  status.is_hidden = all_say(status.maps, kHidden);
  status.problems = find_problems(status);
  return status;
}

Json kernel_status_to_json(const KernelStatus &status) {
  Json counters = Json::object();
  for (size_t i = W_COUNTER_INVALID + 1; i < W_COUNTER_COUNT; i++)
    counters[std::string(kCounterNames[i])] = status.counters[i];
  return {{"directory", status.directory},
          {"links", links_json(status)},
          {"maps", maps_json(status)},
          {"config", config_json(status)},
          {"counters", std::move(counters)},
          {"hidden", status.is_hidden},
          {"openEnvironmentUntilBootNs",
           status.open_until ? Json(std::to_string(*status.open_until)) : Json(nullptr)},
          {"ftraceEnabled", status.ftrace_enabled ? Json(*status.ftrace_enabled) : Json(nullptr)},
          {"problems", status.problems}};
}

} // namespace warrant
