// SPDX-License-Identifier: Apache-2.0
#include "boot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

struct place {
  const char *type;
  const char *path;
  const char *options;
};

static const struct place kPlaces[] = {
    {"proc", "/proc", NULL},
    {"sysfs", "/sys", NULL},
    {"devtmpfs", "/dev", "mode=0755"},
    {"devpts", "/dev/pts", "mode=0620,ptmxmode=0666"},
    {"tmpfs", "/dev/shm", "mode=1777"},
    {"tmpfs", "/tmp", "mode=1777"},
    {"tmpfs", "/run", "mode=0755"},
    {"securityfs", "/sys/kernel/security", NULL},
    {"bpf", "/sys/fs/bpf", "mode=0700"},
    {"cgroup2", "/sys/fs/cgroup", NULL},
};

void boot_mount(void) {
  int first_error[sizeof(kPlaces) / sizeof(kPlaces[0])] = {0};

  for (size_t i = 0; i < sizeof(kPlaces) / sizeof(kPlaces[0]); i++) {
    mkdir(kPlaces[i].path, 0755);
    if (mount(kPlaces[i].type, kPlaces[i].path, kPlaces[i].type, 0, kPlaces[i].options) != 0)
      first_error[i] = errno;
  }
  chmod("/", 0755); /* rootfs begins as writable to everybody */
  sethostname("guest", strlen("guest"));
  report_open(REPORT_PORT);
  for (size_t i = 0; i < sizeof(kPlaces) / sizeof(kPlaces[0]); i++)
    if (first_error[i] != 0)
      report_note("warning", "mount %s: %s", kPlaces[i].path, strerror(first_error[i]));
}

static void load_module(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);

  if (file < 0 || (syscall(SYS_finit_module, file, "", 0) != 0 && errno != EEXIST))
    report_note("warning", "module %s: %s", path, strerror(errno));
  if (file >= 0)
    close(file);
}

void boot_modules(void) {
  FILE *list = fopen("/lib/modules.list", "re");
  char path[512];

  if (list == NULL)
    return;
  while (fgets(path, sizeof(path), list) != NULL) {
    path[strcspn(path, "\n")] = 0;
    load_module(path);
  }
  fclose(list);
}

/* The disk driver finds its disks a moment after its module is in. */
int boot_wait_for(const char *device) {
  for (int tries = 0; tries < 100; tries++) {
    if (access(device, R_OK) == 0)
      return 0;
    usleep(20000);
  }
  return -ENODEV;
}

int boot_switch_root(const char *root, const char *init) {
  static const char *const kMoved[] = {"/proc", "/sys", "/dev", "/run"};
  char target[256];

  for (size_t i = 0; i < sizeof(kMoved) / sizeof(kMoved[0]); i++) {
    snprintf(target, sizeof(target), "%s%s", root, kMoved[i]);
    if (mount(kMoved[i], target, NULL, MS_MOVE, NULL) != 0)
      return -errno;
  }
  if (chdir(root) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0)
    return -errno;
  execl(init, init, (char *)NULL);
  return -errno;
}

void boot_off(void) {
  sync();
  reboot(RB_POWER_OFF);
  for (;;)
    pause();
}
