// SPDX-License-Identifier: Apache-2.0
// What loading the programs costs: the instructions that the verifier walks for each, and the time
// of the whole load, which under -icount is a number of guest instructions. Attaches nothing, but
// loads into the running kernel: guests only.
//   tools/vm boot --icount --file build/dev/bench/load_cost:/bin/load_cost --cmd load_cost
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daemon/clock.h"
#include "daemon/loader.h"
#include "enforcement.skel.h"

using namespace warrant;

namespace {

int fail(const char *what) {
  std::fprintf(stderr, "load_cost: %s: %s\n", what, std::strerror(errno));
  return 3;
}

} // namespace

int main() {
  libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
  ::enforcement *skeleton = enforcement__open();
  if (skeleton == nullptr)
    return fail("cannot open the programs");
  fit_to_kernel(*skeleton);
  const int64_t start = boot_now();
  if (enforcement__load(skeleton) != 0)
    return fail("the kernel refused the programs");
  const int64_t taken = boot_now() - start;
  long long all = 0;
  bpf_program *program = nullptr;
  bpf_object__for_each_program(program, skeleton->obj) {
    bpf_prog_info info{};
    __u32 size = sizeof(info);
    if (bpf_program__fd(program) < 0) // left out: this kernel lacks its hook
      continue;
    if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) != 0)
      return fail("cannot ask for a program");
    std::printf("%-30s%10u walked%8u bytes of code\n", bpf_program__name(program),
                info.verified_insns, info.jited_prog_len);
    all += info.verified_insns;
  }
  std::printf("%-30s%10lld walked%14lld ns to load\n", "all", all, static_cast<long long>(taken));
  enforcement__destroy(skeleton);
  return 0;
}
