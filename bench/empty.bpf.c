/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that do nothing, on the hooks that Warrant uses: what being attached costs by itself. */
#include "bpf/kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("lsm/task_alloc")
int BPF_PROG(empty_task_alloc) {
  return 0;
}

SEC("lsm/inode_follow_link")
int BPF_PROG(empty_follow_link) {
  return 0;
}

SEC("lsm/file_open")
int BPF_PROG(empty_file_open) {
  return 0;
}

SEC("lsm.s/file_post_open")
int BPF_PROG(empty_file_post_open) {
  return 0;
}

SEC("lsm.s/bprm_creds_for_exec")
int BPF_PROG(empty_bprm_creds) {
  return 0;
}

SEC("lsm.s/bprm_check_security")
int BPF_PROG(empty_bprm_check) {
  return 0;
}

SEC("lsm/bprm_committed_creds")
int BPF_PROG(empty_bprm_committed) {
  return 0;
}

SEC("lsm.s/mmap_file")
int BPF_PROG(empty_mmap_file) {
  return 0;
}

SEC("lsm/file_mprotect")
int BPF_PROG(empty_file_mprotect) {
  return 0;
}

SEC("lsm/path_truncate")
int BPF_PROG(empty_path_truncate) {
  return 0;
}
