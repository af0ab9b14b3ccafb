// SPDX-License-Identifier: Apache-2.0
// What loading the programs costs: the instructions that the verifier walks for each, and the time
// of the whole load, which under -icount is a number of guest instructions. Attaches nothing, but
// loads into the running kernel: guests only.
// Of tools/vm boot: --icount --file build/dev/bench/load_cost:/bin/load_cost
//   --file build/dev/bpf/enforcement.bpf.o:/object --cmd 'load_cost /object'
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace {

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "load_cost: %s: %s\n", what.c_str(), std::strerror(errno));
  std::exit(3);
}

long long now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

const btf_type *find_function(const btf *kernel, const std::string &name) {
  const int id = btf__find_by_name_kind(kernel, name.c_str(), BTF_KIND_FUNC);
  return id > 0 ? btf__type_by_id(kernel, static_cast<__u32>(id)) : nullptr;
}

bool has_member(const btf *kernel, const char *structure, const std::string &name) {
  const int id = btf__find_by_name_kind(kernel, structure, BTF_KIND_STRUCT);
  const btf_type *type = id > 0 ? btf__type_by_id(kernel, static_cast<__u32>(id)) : nullptr;
  for (int i = 0; type && i < btf_vlen(type); i++) {
    const btf_member &member = btf_members(type)[i];
    const btf_type *inner = btf__type_by_id(kernel, member.type);
    if (name == btf__name_by_offset(kernel, member.name_off))
      return true;
    if (*btf__name_by_offset(kernel, member.name_off) != 0 || !btf_is_composite(inner))
      continue;
    for (int j = 0; j < btf_vlen(inner); j++) {
      if (name == btf__name_by_offset(kernel, btf_members(inner)[j].name_off))
        return true;
    }
  }
  return false;
}

/// The function of the kernel that a program attaches to; empty for one that attaches to none.
std::string target_of(const bpf_program *program) {
  const std::string section = bpf_program__section_name(program);
  const size_t slash = section.find('/');
  if (slash == std::string::npos)
    return "";
  return (section.starts_with("lsm") ? "bpf_lsm_" : "") + section.substr(slash + 1);
}

/// Sets a constant of one byte that the loader decides about.
void set_constant(bpf_object *object, const std::string &name, bool value) {
  bpf_map *constants = bpf_object__find_map_by_name(object, ".rodata");
  const btf *types = bpf_object__btf(object);
  const int section = btf__find_by_name_kind(types, ".rodata", BTF_KIND_DATASEC);
  size_t size = 0;
  auto *bytes = static_cast<char *>(
      const_cast<void *>(constants ? bpf_map__initial_value(constants, &size) : nullptr));
  if (bytes == nullptr || section < 0)
    die("the object has no constants");
  const btf_type *list = btf__type_by_id(types, static_cast<__u32>(section));
  for (int i = 0; i < btf_vlen(list); i++) {
    const btf_var_secinfo &variable = btf_var_secinfos(list)[i];
    if (name == btf__name_by_offset(types, btf__type_by_id(types, variable.type)->name_off))
      bytes[variable.offset] = value ? 1 : 0;
  }
}

/// As fit_to_kernel() of daemon/loader.h, but for any object.
void fit(bpf_object *object, const btf *kernel) {
  bpf_program *program = nullptr;
  bpf_object__for_each_program(program, object) {
    const std::string target = target_of(program);
    const bool is_of_use =
        target != "bpf_lsm_bprm_creds_for_exec" || has_member(kernel, "linux_binprm", "is_check");
    if (!target.empty() && (find_function(kernel, target) == nullptr || !is_of_use))
      bpf_program__set_autoload(program, false);
  }
  const btf_type *setattr = find_function(kernel, "bpf_lsm_inode_setattr");
  set_constant(object, "setattr_has_idmap",
               setattr && btf_vlen(btf__type_by_id(kernel, setattr->type)) > 2);
  set_constant(object, "have_post_open", find_function(kernel, "bpf_lsm_file_post_open"));
  set_constant(object, "have_verity", find_function(kernel, "bpf_get_fsverity_digest"));
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: load_cost OBJECT\n");
    return 2;
  }
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  btf *kernel = btf__load_vmlinux_btf();
  bpf_object *object = bpf_object__open_file(argv[1], nullptr);
  if (kernel == nullptr || object == nullptr)
    die("cannot open the kernel's types or " + std::string(argv[1]));
  fit(object, kernel);
  const long long start = now();
  if (bpf_object__load(object) != 0)
    die("the kernel refused the programs");
  const long long taken = now() - start;
  long long all = 0;
  bpf_program *program = nullptr;
  bpf_object__for_each_program(program, object) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (bpf_program__fd(program) < 0)
      continue;
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0)
      die("cannot ask for a program");
    std::printf("%-30s%10u walked%8u bytes of code\n", bpf_program__name(program),
                info.verified_insns, info.jited_prog_len);
    all += info.verified_insns;
  }
  std::printf("%-30s%10lld walked%14lld ns to load\n", "all", all, taken);
  return 0;
}
