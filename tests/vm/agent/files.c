// SPDX-License-Identifier: Apache-2.0
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot.h"

/* Everything up to the last slash, made as needed. */
static void make_parents(const char *path) {
  char copy[4096];

  snprintf(copy, sizeof(copy), "%s", path);
  for (char *slash = strchr(copy + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = 0;
    mkdir(copy, 0755);
    *slash = '/';
  }
}

static int write_all(int file, const char *data, size_t size) {
  while (size > 0) {
    ssize_t done = write(file, data, size);
    if (done < 0 && errno != EINTR)
      return -errno;
    data += done > 0 ? done : 0;
    size -= done > 0 ? (size_t)done : 0;
  }
  return 0;
}

/* A new file under its final attributes: a name that is already there is removed first, so that no
 * earlier inode lives on. `inplace=1` writes into the file that is there instead. */
static int open_target(const struct step *step, const char *path) {
  make_parents(path);
  if (step_number(step, "inplace", 0))
    return open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  unlink(path);
  return open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
}

static int finish_target(const struct step *step, int file, int result) {
  if (result == 0 && !step_number(step, "inplace", 0) &&
      (fchown(file, (uid_t)step_number(step, "uid", 0), (gid_t)step_number(step, "gid", 0)) != 0 ||
       fchmod(file, (mode_t)step_number(step, "mode", 0755)) != 0))
    result = -errno;
  if (close(file) != 0 && result == 0)
    result = -errno;
  return result;
}

int files_copy(const struct step *step) {
  char buffer[65536];
  ssize_t size;
  int from = open(step->arguments[0], O_RDONLY | O_CLOEXEC);

  if (from < 0)
    return -errno;
  int file = open_target(step, step->arguments[1]);
  int result = file < 0 ? -errno : 0;
  while (result == 0 && (size = read(from, buffer, sizeof(buffer))) != 0)
    result = size < 0 ? -errno : write_all(file, buffer, (size_t)size);
  close(from);
  return file < 0 ? result : finish_target(step, file, result);
}

int files_write(const struct step *step) {
  const char *data = step->arguments[1] == NULL ? "" : step->arguments[1];
  int file = open_target(step, step->arguments[0]);

  if (file < 0)
    return -errno;
  return finish_target(step, file, write_all(file, data, strlen(data)));
}

int files_mkdir(const struct step *step) {
  const char *path = step->arguments[0];

  make_parents(path);
  if (mkdir(path, 0755) != 0 && errno != EEXIST)
    return -errno;
  if (chown(path, (uid_t)step_number(step, "uid", 0), (gid_t)step_number(step, "gid", 0)) != 0 ||
      chmod(path, (mode_t)step_number(step, "mode", 0755)) != 0)
    return -errno;
  return 0;
}

int files_symlink(const struct step *step) {
  make_parents(step->arguments[1]);
  unlink(step->arguments[1]);
  return symlink(step->arguments[0], step->arguments[1]) == 0 ? 0 : -errno;
}

int files_rename(const struct step *step) {
  return rename(step->arguments[0], step->arguments[1]) == 0 ? 0 : -errno;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *place) {
  (void)info;
  (void)type;
  (void)place;
  return remove(path);
}

int files_remove(const struct step *step) {
  if (nftw(step->arguments[0], remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0)
    return errno == ENOENT ? 0 : -errno;
  return 0;
}

int files_mount(const struct step *step) {
  const char *type = step_option(step, "type", "tmpfs");
  const char *options = step_option(step, "options", NULL);

  if (strncmp(step->arguments[0], "/dev/", 5) == 0 && boot_wait_for(step->arguments[0]) != 0)
    return -ENODEV;
  make_parents(step->arguments[1]);
  mkdir(step->arguments[1], 0755);
  unsigned long flags = strcmp(type, "bind") == 0 ? MS_BIND : 0;
  return mount(step->arguments[0], step->arguments[1], type, flags, options) == 0 ? 0 : -errno;
}

int files_umount(const struct step *step) {
  return umount2(step->arguments[0], MNT_DETACH) == 0 ? 0 : -errno;
}

int files_enter_cgroup(const char *path) {
  char procs[4096];

  snprintf(procs, sizeof(procs), "/sys/fs/cgroup%s/cgroup.procs", path);
  make_parents(procs);
  int file = open(procs, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return -errno;
  int result = write(file, "0", 1) == 1 ? 0 : -errno;
  close(file);
  errno = -result;
  return result;
}
