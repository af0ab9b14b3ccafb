// SPDX-License-Identifier: Apache-2.0
#include "daemon/loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "daemon/guard.h"
#include "daemon/machine.h"
#include "daemon/publish.h"
#include "daemon/unique_fd.h"
#include "daemon/unpin.h"
#include "enforcement.skel.h"

namespace warrant {
namespace {

// libbpf explains failures only through its print callback; the last lines go into our error.
constexpr size_t kKeptOutput = 8192;
std::string &libbpf_output() {
  static std::string output;
  return output;
}

int keep_output(libbpf_print_level level, const char *format, va_list arguments) {
  if (level == LIBBPF_DEBUG)
    return 0;
  // The verifier's whole log is one line here, and what it objects to stands at its end.
  char *line = nullptr;
  if (::vasprintf(&line, format, arguments) < 0)
    return 0;
  std::string &output = libbpf_output();
  output += line;
  std::free(line);
  if (output.size() > kKeptOutput)
    output.erase(0, output.size() - kKeptOutput);
  return 0;
}

bpf_program *find_program(const ::enforcement &skeleton, std::string_view name) {
  return bpf_object__find_program_by_name(skeleton.obj, std::string(name).c_str());
}

Error kernel_error(const std::string &what, int error) {
  std::string text = what + ": " + std::strerror(error);
  if (!libbpf_output().empty())
    text += "\n" + libbpf_output();
  return Error{text};
}

// A folder of somebody else's may have been there before: whoever owns it can remove our pins.
Status make_directory(const std::string &path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return Error{"cannot make " + path + ": " + std::strerror(errno) +
                 " (is bpffs mounted on /sys/fs/bpf?)"};
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return Error{"cannot look at " + path + ": " + std::strerror(errno)};
  if (!S_ISDIR(info.st_mode) || info.st_uid != 0 || (info.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{path +
                 " is not a folder that only root may write to: somebody made it before us, "
                 "and could remove what keeps enforcement in place. Remove it and try again"};
  return {};
}

Status pin_maps(const ::enforcement &skeleton, const std::string &directory) {
  for (std::string_view name : kMapNames) {
    bpf_map *map = find_map(skeleton, name);
    if (map == nullptr)
      return Error{"the object has no map " + std::string(name)};
    std::string path = map_pin_path(directory, name);
    if (bpf_obj_pin(bpf_map__fd(map), path.c_str()) != 0)
      return kernel_error("cannot pin map " + path, errno);
  }
  bpf_program *take = find_program(skeleton, kTakeUses);
  std::string path = take_uses_pin_path(directory);
  if (take == nullptr || bpf_obj_pin(bpf_program__fd(take), path.c_str()) != 0)
    return kernel_error("cannot pin " + path, errno);
  return {};
}

// libbpf maps what is a variable into the memory of whoever loads it: that counts as ours, and what
// is mapped to be written to cannot be frozen. Constants are needed there until they are loaded.
void keep_out_of_memory(const ::enforcement &skeleton) {
  bpf_map *map = nullptr;
  bpf_object__for_each_map(map, skeleton.obj) {
    if (bpf_map__is_internal(map) && map != skeleton.maps.rodata)
      bpf_map__set_map_flags(map, bpf_map__map_flags(map) & ~static_cast<uint32_t>(BPF_F_MMAPABLE));
  }
}

// Whether the kernel calls the hook, and for something that is ours to decide.
bool has_use_for(const Machine &machine, const LinkName &link) {
  // Called at each exec, but only AT_EXECVE_CHECK (6.14) is judged there.
  if (link.hook == W_HOOK_BPRM_CREDS)
    return machine.has_member("linux_binprm", "is_check");
  // Before 6.2, which brought the storage of cgroups, that of tasks is not to be made where a
  // program may sleep, as at the hook before this one.
  if (link.hook == W_HOOK_BPRM_FILE)
    return !machine.has_function("bpf_cgrp_storage_get");
  return !link.optional || machine.has_function(hook_function(link.hook));
}

} // namespace

bpf_map *find_map(const ::enforcement &skeleton, std::string_view name) {
  bpf_map *map = bpf_object__find_map_by_name(skeleton.obj, std::string(name).c_str());
  if (map == nullptr)
    map = bpf_object__find_map_by_name(skeleton.obj, (".data." + std::string(name)).c_str());
  return map;
}

uint64_t fit_to_kernel(::enforcement &skeleton) {
  const Machine machine("");
  keep_out_of_memory(skeleton);
  skeleton.rodata->have_verity = machine.has_function("bpf_get_fsverity_digest") ? 1 : 0;
  skeleton.rodata->setattr_has_idmap =
      machine.parameter_count(hook_function(W_HOOK_INODE_SETATTR)) > 2 ? 1 : 0;
  uint64_t hooks = 0;
  for (const LinkName &link : kLinks) {
    if (has_use_for(machine, link))
      hooks |= hook_bit(link.hook);
    else
      bpf_program__set_autoload(find_program(skeleton, link.program), false);
  }
  skeleton.rodata->moves_late = (hooks & hook_bit(W_HOOK_BPRM_FILE)) != 0 ? 1 : 0;
  skeleton.rodata->have_post_open = (hooks & hook_bit(W_HOOK_FILE_POST_OPEN)) != 0 ? 1 : 0;
  return hooks;
}

void Loader::Close::operator()(::enforcement *skeleton) const {
  enforcement__destroy(skeleton);
}

Loader::Loader(std::unique_ptr<::enforcement, Close> skeleton, std::string directory,
               uint64_t hooks)
    : skeleton_(std::move(skeleton)), directory_(std::move(directory)), hooks_(hooks) {}

Loader::Loader(Loader &&other) noexcept
    : skeleton_(std::move(other.skeleton_)),
      directory_(std::move(other.directory_)),
      hooks_(other.hooks_),
      armed_(std::exchange(other.armed_, true)) {}

static int map_of(const ::enforcement &skeleton, Map map) {
  return bpf_map__fd(find_map(skeleton, kMapNames.at(static_cast<size_t>(map))));
}

Loader::~Loader() {
  if (armed_)
    return;
  // What was attached before arming failed guards the pins of the rest.
  (void)let_pins_go(map_of(*skeleton_, Map::kConfig), W_ENDING_ANYBODY).ok();
  remove_pins(directory_);
}

Status Loader::make_directories(const std::string &directory) {
  WARRANT_TRY(make_directory(directory));
  WARRANT_TRY(make_directory(directory + "/maps"));
  return make_directory(directory + "/links");
}

Result<Loader> Loader::load(const std::string &directory) {
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  libbpf_set_print(keep_output);
  libbpf_output().clear();
  std::unique_ptr<::enforcement, Close> skeleton(enforcement__open());
  if (!skeleton)
    return kernel_error("cannot open the embedded programs", errno);
  const uint64_t hooks = fit_to_kernel(*skeleton);
  bpf_program__set_autoattach(skeleton->progs.adopt_running, false);
  if (int error = enforcement__load(skeleton.get()); error == -EPERM)
    return kernel_error(
        "the kernel lets nobody load programs, perhaps because enforcement is on and pinned "
        "elsewhere (see `warrant status`)",
        EPERM);
  else if (error != 0)
    return kernel_error("the kernel refused the programs", -error);
  remove_pins(directory);
  Loader loader(std::move(skeleton), directory, hooks);
  WARRANT_TRY(pin_maps(*loader.skeleton_, directory));
  return loader;
}

// Whoever gets authority must be followed to its end from the first: otherwise its address in the
// kernel, with what is known of it, could become another's; and to where its bonds are looked for
// (bpf/contexts.bpf.h).
Status Loader::follow_tasks() {
  for (const w_hook hook : kFollowers) {
    if (!(hooks_ & hook_bit(hook)))
      continue;
    const std::string_view name = kLinks[hook - 1].program;
    bpf_program *program = find_program(*skeleton_, name);
    for (int i = 0; i < skeleton_->skeleton->prog_cnt; i++) {
      if (*skeleton_->skeleton->progs[i].prog != program)
        continue;
      bpf_link *link = bpf_program__attach(program);
      if (link == nullptr)
        return kernel_error("cannot attach " + std::string(name), errno);
      *skeleton_->skeleton->progs[i].link = link;
    }
  }
  return {};
}

void adopt_running(const ::enforcement &skeleton) {
  bpf_link *link = bpf_program__attach_iter(skeleton.progs.adopt_running, nullptr);
  if (link == nullptr)
    return;
  if (const int fd = bpf_iter_create(bpf_link__fd(link)); fd >= 0) {
    const UniqueFd every_thread(fd);
    // Nothing is written: the first read runs the program for all of them.
    char nothing = 0;
    while (::read(fd, &nothing, sizeof(nothing)) < 0 && (errno == EAGAIN || errno == EINTR)) {
    }
  }
  bpf_link__destroy(link);
}

Status Loader::arm() {
  libbpf_output().clear();
  WARRANT_TRY(set_guard(*skeleton_, directory_));
  if (Status followed = follow_tasks(); !followed.ok()) {
    enforcement__detach(skeleton_.get());
    return followed;
  }
  adopt_running(*skeleton_);
  if (int error = enforcement__attach(skeleton_.get()); error != 0) {
    enforcement__detach(skeleton_.get());
    return kernel_error("cannot attach every program; none stays attached", -error);
  }
  for (const LinkName &wanted : kLinks) {
    if (!(hooks_ & hook_bit(wanted.hook)))
      continue;
    bpf_program *program = find_program(*skeleton_, wanted.program);
    bpf_link *link = nullptr;
    for (int i = 0; i < skeleton_->skeleton->prog_cnt; i++) {
      if (*skeleton_->skeleton->progs[i].prog == program)
        link = *skeleton_->skeleton->progs[i].link;
    }
    std::string path = link_pin_path(directory_, wanted.program);
    if (link == nullptr || bpf_link__pin(link, path.c_str()) != 0) {
      Error error = kernel_error("cannot pin link " + path + "; none stays attached", errno);
      enforcement__detach(skeleton_.get());
      return error;
    }
  }
  armed_ = true;
  return {};
}

Digest embedded_programs() {
  static const Digest digest = [] {
    size_t size = 0;
    const void *object = enforcement__elf_bytes(&size);
    return sha256(ByteView(static_cast<const uint8_t *>(object), size));
  }();
  return digest;
}

} // namespace warrant
