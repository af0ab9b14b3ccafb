/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Programs that do nothing, on the hooks that Warrant uses: what being attached costs by itself. */
#include "bpf/kernel.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("lsm/task_alloc")
int BPF_PROG(empty_task_alloc) {
  return 0;
}

SEC("lsm/task_free")
int BPF_PROG(empty_task_free) {
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

SEC("lsm/bprm_creds_from_file")
int BPF_PROG(empty_bprm_file) {
  return 0;
}

SEC("lsm.s/bprm_committed_creds")
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

SEC("lsm/inode_setattr")
int BPF_PROG(empty_inode_setattr) {
  return 0;
}

SEC("lsm/file_ioctl")
int BPF_PROG(empty_file_ioctl) {
  return 0;
}

SEC("lsm/file_ioctl_compat")
int BPF_PROG(empty_file_ioctl_compat) {
  return 0;
}

SEC("lsm/file_fcntl")
int BPF_PROG(empty_file_fcntl) {
  return 0;
}

SEC("lsm/quota_on")
int BPF_PROG(empty_quota_on) {
  return 0;
}

SEC("lsm/inode_unlink")
int BPF_PROG(empty_inode_unlink) {
  return 0;
}

SEC("lsm/inode_rmdir")
int BPF_PROG(empty_inode_rmdir) {
  return 0;
}

SEC("lsm/inode_rename")
int BPF_PROG(empty_inode_rename) {
  return 0;
}

SEC("lsm/sb_mount")
int BPF_PROG(empty_sb_mount) {
  return 0;
}

SEC("lsm/sb_remount")
int BPF_PROG(empty_sb_remount) {
  return 0;
}

SEC("lsm/sb_umount")
int BPF_PROG(empty_sb_umount) {
  return 0;
}

SEC("lsm/sb_pivotroot")
int BPF_PROG(empty_sb_pivotroot) {
  return 0;
}

SEC("lsm/move_mount")
int BPF_PROG(empty_move_mount) {
  return 0;
}

SEC("lsm/bpf_map")
int BPF_PROG(empty_bpf_map) {
  return 0;
}

SEC("lsm/bpf_prog")
int BPF_PROG(empty_bpf_prog) {
  return 0;
}

SEC("lsm/bpf")
int BPF_PROG(empty_bpf) {
  return 0;
}

SEC("lsm/perf_event_open")
int BPF_PROG(empty_perf_event_open) {
  return 0;
}

SEC("lsm/ptrace_access_check")
int BPF_PROG(empty_ptrace_access_check) {
  return 0;
}

SEC("lsm/ptrace_traceme")
int BPF_PROG(empty_ptrace_traceme) {
  return 0;
}

SEC("lsm/inode_init_security_anon")
int BPF_PROG(empty_inode_init_security_anon) {
  return 0;
}

SEC("lsm/locked_down")
int BPF_PROG(empty_locked_down) {
  return 0;
}

SEC("lsm.s/kernel_read_file")
int BPF_PROG(empty_kernel_read_file) {
  return 0;
}

SEC("lsm/kernel_load_data")
int BPF_PROG(empty_kernel_load_data) {
  return 0;
}

SEC("fentry/__x64_sys_personality")
int BPF_PROG(empty_personality) {
  return 0;
}

SEC("fentry/__ia32_sys_personality")
int BPF_PROG(empty_personality_32) {
  return 0;
}
