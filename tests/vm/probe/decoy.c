// SPDX-License-Identifier: Apache-2.0
// A folder of pins that somebody put together: the maps of enforcement, by links, and a
// configuration of one's own among them, for a genuine daemon to take hold of.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "probe.h"
#include "types.h"

/* As much of struct w_config as whoever is deceived looks at (bpf/abi_maps.h). */
struct decoy {
  uint32_t abi;
  uint32_t active;
  uint8_t rest[8];
  uint64_t hooks;
  uint64_t enforcing_since;
  uint64_t state_serial;
  uint64_t root_version;
  uint8_t root[32];
  uint64_t generations[6];
  uint8_t others[176];
};
_Static_assert(sizeof(struct decoy) == 304, "w_config");

static int bpf(int command, union bpf_attr *attr) {
  return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* A copy of the type information that names w_config, as an object of our own. */
static int copy_types(char **bytes) {
  union bpf_attr attr = {0};
  struct bpf_btf_info info;

  while (bpf(BPF_BTF_GET_NEXT_ID, &attr) == 0) {
    union bpf_attr one = {.btf_id = attr.next_id};
    int fd = bpf(BPF_BTF_GET_FD_BY_ID, &one);
    info = (struct bpf_btf_info){.btf_size = 1 << 20};
    *bytes = calloc(1, info.btf_size);
    info.btf = (uintptr_t)*bytes;
    union bpf_attr ask = {
        .info = {.bpf_fd = (uint32_t)fd, .info_len = sizeof(info), .info = (uintptr_t)&info}};
    if (fd >= 0 && info.btf != 0 && bpf(BPF_OBJ_GET_INFO_BY_FD, &ask) == 0 &&
        info.btf_size < 1 << 20 && memmem(*bytes, info.btf_size, "w_config", 9) != NULL) {
      union bpf_attr load = {.btf = info.btf, .btf_size = info.btf_size};
      int copy = bpf(BPF_BTF_LOAD, &load);
      if (copy < 0)
        probe_setup_failed("types");
      return copy;
    }
    attr = (union bpf_attr){.start_id = attr.next_id};
  }
  probe_setup_failed("no such types");
}

static uint32_t find_type(const char *bytes, const char *name) {
  const struct btf_header *header = (const void *)bytes;
  const char *types = bytes + header->hdr_len + header->type_off;
  const char *names = bytes + header->hdr_len + header->str_off;
  uint32_t id = 1;

  for (const char *at = types; at < types + header->type_len; id++) {
    const struct btf_type *type = (const void *)at;
    if (strcmp(names + type->name_off, name) == 0)
      return id;
    at += sizeof(*type) + tail_of(type);
  }
  probe_setup_failed(name);
}

static void pin_decoy(const char *path, const struct decoy *value) {
  char *types = NULL;
  uint32_t zero = 0;
  int copy = copy_types(&types);
  union bpf_attr make = {.map_type = BPF_MAP_TYPE_ARRAY,
                         .key_size = 4,
                         .value_size = sizeof(*value),
                         .max_entries = 1};

  make.btf_fd = (uint32_t)copy;
  make.btf_key_type_id = find_type(types, "__u32");
  make.btf_value_type_id = find_type(types, "w_config");
  int map = bpf(BPF_MAP_CREATE, &make);
  if (map < 0)
    probe_setup_failed("map");
  union bpf_attr set = {
      .map_fd = (uint32_t)map, .key = (uintptr_t)&zero, .value = (uintptr_t)value};
  if (bpf(BPF_MAP_UPDATE_ELEM, &set) != 0)
    probe_setup_failed("value");
  union bpf_attr pin = {.pathname = (uintptr_t)path, .bpf_fd = (uint32_t)map};
  if (bpf(BPF_OBJ_PIN, &pin) != 0)
    probe_setup_failed("pin");
}

static void link_all(const char *from, const char *to, const char *but) {
  char old[512];
  char new[512];
  DIR *folder = opendir(from);
  struct dirent *entry;

  if (folder == NULL)
    probe_setup_failed(from);
  while ((entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] == '.' || strcmp(entry->d_name, but) == 0)
      continue;
    snprintf(old, sizeof(old), "%s/%s", from, entry->d_name);
    snprintf(new, sizeof(new), "%s/%s", to, entry->d_name);
    if (symlink(old, new) != 0)
      probe_setup_failed(new);
  }
  closedir(folder);
}

/* PINS FOLDER HOOKS ACTIVE ROOT: FOLDER becomes a bpffs with links to what is below PINS, and a
 * configuration that says: the trust root is the one with the digest ROOT. */
static int do_decoy(int count, char **words) {
  (void)count;
  char path[256];
  char to[256];
  struct decoy decoy = {.abi = 4, .enforcing_since = 1, .root_version = 1};

  sscanf(words[2], "%lu", &decoy.hooks);
  sscanf(words[3], "%u", &decoy.active);
  decoy.generations[0] = decoy.generations[3] = 1;
  for (int i = 0; i < 32; i++)
    sscanf(words[4] + 2 * i, "%2hhx", &decoy.root[i]);
  mkdir(words[1], 0700);
  if (mount("bpf", words[1], "bpf", 0, NULL) != 0)
    probe_setup_failed("mount");
  snprintf(path, sizeof(path), "%s/maps", words[0]);
  snprintf(to, sizeof(to), "%s/maps", words[1]);
  mkdir(to, 0700);
  link_all(path, to, "config");
  snprintf(to, sizeof(to), "%s/maps/config", words[1]);
  pin_decoy(to, &decoy);
  snprintf(path, sizeof(path), "%s/links", words[0]);
  snprintf(to, sizeof(to), "%s/links", words[1]);
  mkdir(to, 0700);
  link_all(path, to, "");
  snprintf(path, sizeof(path), "%s/take_uses", words[0]);
  snprintf(to, sizeof(to), "%s/take_uses", words[1]);
  if (symlink(path, to) != 0)
    probe_setup_failed(to);
  puts("made");
  return 0;
}

const struct probe_verb kDecoyVerbs[] = {
    {"decoy", do_decoy, 5,
     "PINS FOLDER HOOKS ACTIVE ROOT  a folder of pins that are partly others"},
    {0},
};
