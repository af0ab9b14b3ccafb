// SPDX-License-Identifier: Apache-2.0
// Taking enforcement's pins away: by name, and with what they lie on. Where nothing is pinned, a
// stand-in is made first and everything is put back afterwards, so that the same can be done
// without enforcement.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probe.h"

#define BPF_FOLDER "/sys/fs/bpf"
#define BPF_MAGIC 0xcafe4a11L
#define ELSEWHERE "/run/elsewhere"

static char made[8][128];
static int made_count;

static void remember(const char *path) {
  if (made_count < (int)(sizeof(made) / sizeof(made[0])))
    snprintf(made[made_count++], sizeof(made[0]), "%s", path);
}

static void make_folder(const char *path) {
  if (mkdir(path, 0700) == 0)
    remember(path);
  else if (errno != EEXIST)
    probe_setup_failed(path);
}

/* The folders that lead to a name on bpffs. */
static void make_way(const char *path) {
  char part[128];

  snprintf(part, sizeof(part), "%s", path);
  for (char *slash = strchr(part + strlen(BPF_FOLDER) + 1, '/'); slash != NULL;
       slash = strchr(slash + 1, '/')) {
    *slash = 0;
    make_folder(part);
    *slash = '/';
  }
}

/* On bpffs anybody who may write to the folder can make a symbolic link, but no pin. */
static void stand_in(const char *path) {
  struct stat info;

  make_way(path);
  if (lstat(path, &info) == 0)
    return;
  if (symlink("nothing", path) != 0)
    probe_setup_failed(path);
  remember(path);
}

static int clean_up(int error) {
  while (made_count > 0)
    if (remove(made[--made_count]) != 0 && errno != ENOENT && error == 0)
      probe_setup_failed(made[made_count]);
  return error;
}

static int do_unlink_pin(int count, char **words) {
  (void)count;
  stand_in(words[0]);
  return clean_up(unlink(words[0]) != 0 ? errno : 0);
}

static int do_rename_pin(int count, char **words) {
  (void)count;
  stand_in(words[0]);
  make_way(words[1]);
  int error = rename(words[0], words[1]) != 0 ? errno : 0;
  if (error == 0)
    remember(words[1]);
  return clean_up(error);
}

static int do_replace_pin(int count, char **words) {
  (void)count;
  stand_in(words[0]);
  stand_in(BPF_FOLDER "/another");
  int error = rename(BPF_FOLDER "/another", words[0]) != 0 ? errno : 0;
  if (error != 0)
    unlink(BPF_FOLDER "/another");
  return clean_up(error);
}

static int do_remove_folder(int count, char **words) {
  (void)count;
  make_way(words[0]);
  make_folder(words[0]);
  return clean_up(rmdir(words[0]) != 0 ? errno : 0);
}

/* ---- mounts ---------------------------------------------------------------------------------- */

static int has_pins(void) {
  struct statfs info;

  return statfs(BPF_FOLDER, &info) == 0 && info.f_type == BPF_MAGIC;
}

/* A copy of a mount and all on it, nowhere attached, to put in its place afterwards. */
static int keep(const char *path) {
  int tree = open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);

  if (tree < 0)
    probe_setup_failed("open_tree");
  return tree;
}

static void put_back(int tree, const char *path) {
  mkdir(path, 0755);
  if (move_mount(tree, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) != 0)
    probe_setup_failed("move_mount back");
  if (!has_pins())
    probe_setup_failed("bpffs is not back");
}

static void set_propagation(const char *path, unsigned long how) {
  if (mount(NULL, path, NULL, how | MS_REC, NULL) != 0)
    probe_setup_failed("propagation");
}

static int do_umount(int count, char **words) {
  (void)count;
  int tree = keep(words[0]);
  if (umount2(words[0], strcmp(words[1], "lazy") == 0 ? MNT_DETACH : 0) != 0)
    return errno;
  put_back(tree, words[0]);
  return 0;
}

typedef int (*in_child)(void);

/* Runs it in a mount namespace of its own; 0 or its errno. */
static int elsewhere(in_child act, int private) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (unshare(CLONE_NEWNS) != 0)
      _exit(PROBE_SETUP);
    if (private && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
      _exit(PROBE_SETUP);
    _exit(act());
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
    probe_setup_failed("fork");
  if (WEXITSTATUS(status) == PROBE_SETUP)
    probe_setup_failed("namespace");
  return WEXITSTATUS(status);
}

static int umount_pins(void) {
  return umount2(BPF_FOLDER, MNT_DETACH) != 0 ? errno : 0;
}

static int umount_sys(void) {
  return umount2("/sys", MNT_DETACH) != 0 ? errno : 0;
}

static int remove_sys(void) {
  if (umount_sys() != 0)
    _exit(PROBE_SETUP);
  return rmdir("/sys") != 0 ? errno : 0;
}

static int rename_over_sys(void) {
  if (umount_sys() != 0 || (mkdir("/empty", 0755) != 0 && errno != EEXIST))
    _exit(PROBE_SETUP);
  return rename("/empty", "/sys") != 0 ? errno : 0;
}

/* In another namespace, whose mounts are peers of this one's. */
static int do_umount_shared(int count, char **words) {
  (void)count;
  (void)words;
  int tree = keep(BPF_FOLDER);
  set_propagation("/", MS_SHARED);
  int error = elsewhere(umount_pins, 0);
  set_propagation("/", MS_PRIVATE);
  if (error == 0 && has_pins())
    probe_setup_failed("it was not propagated");
  if (error == 0)
    put_back(tree, BPF_FOLDER);
  return error;
}

/* A copy of /sys that is a peer of it takes its mounts along when it goes; so does what the copy
 * lies on. */
static int do_umount_copy(int count, char **words) {
  (void)count;
  int nested = strcmp(words[0], "nested") == 0;
  const char *copy = nested ? ELSEWHERE "/sys" : ELSEWHERE;
  int tree = keep("/sys");

  mkdir(ELSEWHERE, 0755);
  if (nested && (mount("none", ELSEWHERE, "tmpfs", 0, NULL) != 0 || mkdir(copy, 0755) != 0))
    probe_setup_failed("tmpfs");
  set_propagation("/sys", MS_SHARED);
  if (mount("/sys", copy, NULL, MS_BIND | MS_REC, NULL) != 0)
    probe_setup_failed("bind");
  int error = umount2(ELSEWHERE, MNT_DETACH) != 0 ? errno : 0;
  int there = has_pins();
  if (error != 0) { /* what is nobody's peer may go */
    set_propagation(ELSEWHERE, MS_PRIVATE);
    if (umount2(ELSEWHERE, MNT_DETACH) != 0)
      probe_setup_failed("the copy cannot be unmounted");
  }
  set_propagation("/sys", MS_PRIVATE);
  if (error == 0 && there)
    probe_setup_failed("it was not propagated");
  if (error == 0) {
    umount_sys();
    put_back(tree, "/sys");
  }
  return error;
}

static int from_elsewhere(in_child act) {
  int tree = keep("/sys");
  int error = elsewhere(act, 1);

  if (error == 0 && has_pins())
    probe_setup_failed("the mount is still there");
  if (error == 0)
    put_back(tree, "/sys");
  return error;
}

static int do_remove_mountpoint(int count, char **words) {
  (void)count;
  (void)words;
  return from_elsewhere(remove_sys);
}

static int do_replace_mountpoint(int count, char **words) {
  (void)count;
  (void)words;
  return from_elsewhere(rename_over_sys);
}

static int do_umount_private(int count, char **words) {
  (void)count;
  (void)words;
  int error = elsewhere(umount_sys, 1);
  if (error == 0 && !has_pins())
    probe_setup_failed("it was propagated");
  return error;
}

static int do_mount_move(int count, char **words) {
  (void)count;
  mkdir(ELSEWHERE, 0755);
  if (mount(words[0], ELSEWHERE, NULL, MS_MOVE, NULL) != 0)
    return errno;
  return mount(ELSEWHERE, words[0], NULL, MS_MOVE, NULL) != 0 ? PROBE_SETUP : 0;
}

static int do_move_mount(int count, char **words) {
  (void)count;
  mkdir(ELSEWHERE, 0755);
  if (move_mount(AT_FDCWD, words[0], AT_FDCWD, ELSEWHERE, 0) != 0)
    return errno;
  return move_mount(AT_FDCWD, ELSEWHERE, AT_FDCWD, words[0], 0) != 0 ? PROBE_SETUP : 0;
}

static int remount_pins(void) {
  if (mount(NULL, BPF_FOLDER, NULL, MS_REMOUNT | MS_RDONLY, NULL) != 0)
    return errno;
  return mount(NULL, BPF_FOLDER, NULL, MS_REMOUNT, NULL) != 0 ? PROBE_SETUP : 0;
}

/* The file system, through a mount of one's own. */
static int do_remount_readonly(int count, char **words) {
  (void)count;
  (void)words;
  return elsewhere(remount_pins, 1);
}

static int do_cover(int count, char **words) {
  (void)count;
  mkdir(words[0], 0755);
  if (mount("none", words[0], "tmpfs", 0, NULL) != 0)
    return errno;
  return umount2(words[0], 0) != 0 ? PROBE_SETUP : 0;
}

static int do_pivot_root(int count, char **words) {
  (void)count;
  return syscall(SYS_pivot_root, words[0], words[0]) != 0 ? errno : 0;
}

static void go(const char *how, int folder) {
  if (fchdir(folder) != 0)
    probe_setup_failed(how);
}

/* The same where the root can be moved, and back again, for all processes. */
static int do_pivot_and_back(int count, char **words) {
  (void)count;
  (void)words;
  mkdir(ELSEWHERE, 0755);
  if (mount("none", ELSEWHERE, "tmpfs", 0, NULL) != 0)
    probe_setup_failed("tmpfs");
  int before = probe_open("/", O_RDONLY | O_DIRECTORY);
  int after = probe_open(ELSEWHERE, O_RDONLY | O_DIRECTORY);
  int error = syscall(SYS_pivot_root, ELSEWHERE, ELSEWHERE) != 0 ? errno : 0;
  if (error == 0) {
    if (has_pins())
      probe_setup_failed("another root, and the pins are there");
    go("the root before", before);
    if (syscall(SYS_pivot_root, ".", ".") != 0)
      probe_setup_failed("pivot_root back");
  }
  go("the other root", after);
  if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0 || !has_pins())
    probe_setup_failed("put back");
  return error;
}

/* set|clear: the mount of bpffs reads only. */
static int do_mount_readonly(int count, char **words) {
  (void)count;
  struct mount_attr wanted = {0};

  if (strcmp(words[0], "set") == 0)
    wanted.attr_set = MOUNT_ATTR_RDONLY;
  else
    wanted.attr_clr = MOUNT_ATTR_RDONLY;
  if (syscall(SYS_mount_setattr, AT_FDCWD, BPF_FOLDER, 0, &wanted, sizeof(wanted)) != 0)
    return errno;
  int is_shut = mkdir(BPF_FOLDER "/new", 0700) != 0 && errno == EROFS;
  rmdir(BPF_FOLDER "/new");
  if (is_shut != (wanted.attr_set != 0))
    probe_setup_failed("the mount is not as wanted");
  return 0;
}

const struct probe_verb kPinnedVerbs[] = {
    {"unlink-pin", do_unlink_pin, 1, "PATH"},
    {"rename-pin", do_rename_pin, 2, "PATH PATH"},
    {"replace-pin", do_replace_pin, 1, "PATH  renames something else onto it"},
    {"remove-folder", do_remove_folder, 1, "PATH  rmdir"},
    {"umount", do_umount, 2, "PATH plain|lazy  and mounts it again"},
    {"umount-shared", do_umount_shared, 0, "  bpffs, in a namespace whose mounts are peers"},
    {"umount-copy", do_umount_copy, 1, "flat|nested  a copy of /sys that is a peer"},
    {"umount-private", do_umount_private, 0, "  /sys, in a namespace of its own"},
    {"remove-mountpoint", do_remove_mountpoint, 0, "  rmdir /sys where nothing is mounted on it"},
    {"replace-mountpoint", do_replace_mountpoint, 0, "  the same by rename"},
    {"mount-move", do_mount_move, 1, "PATH  elsewhere, by mount(2)"},
    {"move-mount", do_move_mount, 1, "PATH  elsewhere, by move_mount(2)"},
    {"remount-readonly", do_remount_readonly, 0, "  the file system of bpffs"},
    {"cover", do_cover, 1, "PATH  mounts a tmpfs on it"},
    {"pivot-pins", do_pivot_root, 1, "PATH  pivot_root(2)"},
    {"pivot-and-back", do_pivot_and_back, 0, "  pivot_root(2) to a tmpfs, and to the root again"},
    {"mount-readonly", do_mount_readonly, 1, "set|clear  the mount of bpffs, by mount_setattr(2)"},
    {0},
};
