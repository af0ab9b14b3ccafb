// SPDX-License-Identifier: Apache-2.0
// bpf(2): other people's maps and programs, and programs of one's own. Where there is nothing of
// somebody else's, one's own is made first.
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "types.h"

static int bpf(int command, union bpf_attr *attr) {
  return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static int make_map(void) {
  union bpf_attr attr = {.map_type = BPF_MAP_TYPE_ARRAY,
                         .key_size = 4,
                         .value_size = 8,
                         .max_entries = 1,
                         .map_flags = BPF_F_MMAPABLE};
  int map = bpf(BPF_MAP_CREATE, &attr);

  if (map < 0)
    probe_setup_failed("map");
  return map;
}

/* r0 = 0 (or what is given); exit */
static int load(uint32_t type, uint32_t attach, uint32_t target, int32_t result) {
  const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = result},
                                  {.code = BPF_JMP | BPF_EXIT}};
  union bpf_attr attr = {.prog_type = type,
                         .insns = (uintptr_t)code,
                         .insn_cnt = 2,
                         .license = (uintptr_t) "GPL",
                         .expected_attach_type = attach,
                         .attach_btf_id = target,
                         .prog_flags = type == BPF_PROG_TYPE_SYSCALL ? BPF_F_SLEEPABLE : 0};

  return bpf(BPF_PROG_LOAD, &attr);
}

static int by_pin(const char *path, uint32_t flags) {
  union bpf_attr attr = {.pathname = (uintptr_t)path, .file_flags = flags};

  return bpf(BPF_OBJ_GET, &attr);
}

static int open_pin(const char *path, uint32_t flags) {
  int made = access(path, F_OK) != 0;

  if (made) {
    union bpf_attr attr = {.pathname = (uintptr_t)path, .bpf_fd = (uint32_t)make_map()};
    if (bpf(BPF_OBJ_PIN, &attr) != 0)
      probe_setup_failed("pin");
  }
  int error = by_pin(path, flags) < 0 ? errno : 0;
  if (made)
    unlink(path);
  return error;
}

static int do_open_map(int count, char **words) {
  (void)count;
  return open_pin(words[0], 0);
}

static int do_open_map_readonly(int count, char **words) {
  (void)count;
  return open_pin(words[0], BPF_F_RDONLY);
}

/* By its pin, where there is one. */
static int map_of(const char *path) {
  int map = access(path, F_OK) == 0 ? by_pin(path, 0) : make_map();

  if (map >= 0)
    printf("opened\n");
  return map;
}

static int do_map_map(int count, char **words) {
  (void)count;
  int map = map_of(words[0]);

  if (map < 0)
    return errno;
  return mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0) == MAP_FAILED ? errno : 0;
}

/* What it holds is written back, but for one byte where there is to be another. */
static int do_write_map(int count, char **words) {
  char value[4096];
  uint32_t key = 0;
  int map = map_of(words[0]);
  union bpf_attr attr = {
      .map_fd = (uint32_t)map, .key = (uintptr_t)&key, .value = (uintptr_t)value};

  if (map < 0)
    return errno;
  if (bpf(BPF_MAP_LOOKUP_ELEM, &attr) != 0)
    probe_setup_failed("look-up");
  if (count == 3) {
    uint64_t word = strtoull(words[2], NULL, 10);
    memcpy(value + strtoul(words[1], NULL, 10) % (sizeof(value) - sizeof(word)), &word,
           sizeof(word));
  }
  return bpf(BPF_MAP_UPDATE_ELEM, &attr) != 0 ? errno : 0;
}

/* All that there are, by number; the errno of the first that is refused. */
static int open_all(int next, int open_one) {
  union bpf_attr attr = {0};
  int opened = 0;
  int refused = 0;
  int error = 0;

  while (bpf(next, &attr) == 0) {
    union bpf_attr one = {.map_id = attr.next_id};
    int fd = bpf(open_one, &one);
    if (fd >= 0) {
      opened++;
      close(fd);
    } else {
      refused++;
      error = error == 0 ? errno : error;
    }
    attr = (union bpf_attr){.start_id = attr.next_id};
  }
  printf("opened %d refused %d\n", opened, refused);
  return error;
}

static int do_all_maps(int count, char **words) {
  (void)count;
  (void)words;
  make_map();
  return open_all(BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
}

static int do_all_programs(int count, char **words) {
  (void)count;
  (void)words;
  if (load(BPF_PROG_TYPE_SOCKET_FILTER, 0, 0, 0) < 0)
    probe_setup_failed("program");
  return open_all(BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
}

static int do_detach_link(int count, char **words) {
  (void)count;
  int link = by_pin(words[0], 0);
  if (link < 0)
    return errno;
  union bpf_attr attr = {.link_detach.link_fd = (uint32_t)link};
  return bpf(BPF_LINK_DETACH, &attr) != 0 ? errno : 0;
}

/* ---- programs -------------------------------------------------------------------------------- */

static void *map_types(size_t *size) {
  struct stat info;
  int file = probe_open("/sys/kernel/btf/vmlinux", O_RDONLY);

  if (fstat(file, &info) != 0)
    probe_setup_failed("fstat");
  char *bytes = malloc((size_t)info.st_size);
  size_t done = 0;
  ssize_t got = 1;
  while (bytes != NULL && done < (size_t)info.st_size && got > 0) {
    got = read(file, bytes + done, (size_t)info.st_size - done);
    done += got > 0 ? (size_t)got : 0;
  }
  if (bytes == NULL || got < 0)
    probe_setup_failed("types");
  close(file);
  *size = done;
  return bytes;
}

size_t tail_of(const struct btf_type *type) {
  size_t members = BTF_INFO_VLEN(type->info);

  switch (BTF_INFO_KIND(type->info)) {
    case BTF_KIND_INT:
    case BTF_KIND_VAR:
    case BTF_KIND_DECL_TAG:
      return 4;
    case BTF_KIND_ARRAY:
      return sizeof(struct btf_array);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      return members * sizeof(struct btf_member);
    case BTF_KIND_ENUM:
      return members * sizeof(struct btf_enum);
    case BTF_KIND_FUNC_PROTO:
      return members * sizeof(struct btf_param);
    case BTF_KIND_DATASEC:
      return members * sizeof(struct btf_var_secinfo);
    case 19: /* BTF_KIND_ENUM64 */
      return members * 12;
    default:
      return 0;
  }
}

static uint32_t find_function(const char *name) {
  size_t size;
  char *bytes = map_types(&size);
  struct btf_header *header = (void *)bytes;
  char *types = bytes + header->hdr_len + header->type_off;
  char *names = bytes + header->hdr_len + header->str_off;
  uint32_t id = 1;

  for (char *at = types; at < types + header->type_len; id++) {
    struct btf_type *type = (void *)at;
    if (BTF_INFO_KIND(type->info) == BTF_KIND_FUNC && strcmp(names + type->name_off, name) == 0)
      return id;
    at += sizeof(*type) + tail_of(type);
  }
  errno = ENOENT;
  probe_setup_failed(name);
}

struct kind {
  const char *name;
  uint32_t type;
  uint32_t attach;
  const char *target;
};

static const struct kind kKinds[] = {
    {"socket-filter", BPF_PROG_TYPE_SOCKET_FILTER, 0, NULL},
    {"cgroup-socket", BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_EGRESS, NULL},
    {"cgroup-device", BPF_PROG_TYPE_CGROUP_DEVICE, BPF_CGROUP_DEVICE, NULL},
    {"cgroup-getsockopt", BPF_PROG_TYPE_CGROUP_SOCKOPT, BPF_CGROUP_GETSOCKOPT, NULL},
    {"kprobe", BPF_PROG_TYPE_KPROBE, 0, NULL},
    {"tracepoint", BPF_PROG_TYPE_TRACEPOINT, 0, NULL},
    {"perf-event", BPF_PROG_TYPE_PERF_EVENT, 0, NULL},
    {"raw-tracepoint", BPF_PROG_TYPE_RAW_TRACEPOINT, 0, NULL},
    {"raw-tracepoint-writable", BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, 0, NULL},
    {"entry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "security_bpf"},
    {"lsm", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bpf_lsm_file_open"},
    {"syscall", BPF_PROG_TYPE_SYSCALL, 0, NULL},
    {0},
};

static int do_load_program(int count, char **words) {
  (void)count;
  for (const struct kind *kind = kKinds; kind->name != NULL; kind++)
    if (strcmp(kind->name, words[0]) == 0)
      return load(kind->type, kind->attach, kind->target ? find_function(kind->target) : 0, 0) < 0
                 ? errno
                 : 0;
  return PROBE_USAGE;
}

/* Attached to the function that asks all security modules, it answers in their place: what is
 * neither 0 nor an errno passes for consent. */
static int do_skip_hooks(int count, char **words) {
  (void)count;
  int program = load(BPF_PROG_TYPE_TRACING, BPF_MODIFY_RETURN, find_function(words[0]), 1);
  if (program < 0)
    return errno;
  union bpf_attr attr = {.raw_tracepoint.prog_fd = (uint32_t)program};
  return bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0 ? errno : 0;
}

const struct probe_verb kBpfVerbs[] = {
    {"open-map", do_open_map, 1, "PATH  by its pin"},
    {"open-map-readonly", do_open_map_readonly, 1, "PATH  by its pin, to look at it"},
    {"map-map", do_map_map, 1, "PATH  into memory, to write"},
    {"write-map", do_write_map, 1, "PATH  of one entry: what it holds"},
    {"write-map-word", do_write_map, 3, "PATH OFFSET NUMBER  what it holds, but for those 8 bytes"},
    {"all-maps", do_all_maps, 0, "  by number"},
    {"all-programs", do_all_programs, 0, "  by number"},
    {"detach-link", do_detach_link, 1, "PATH  of its pin"},
    {"load-program", do_load_program, 1, "KIND"},
    {"skip-hooks", do_skip_hooks, 1, "FUNCTION  fmod_ret on it, attached"},
    {0},
};
