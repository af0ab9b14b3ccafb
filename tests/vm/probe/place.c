// SPDX-License-Identifier: Apache-2.0
// Lying about the place: another mount, another root, another mount namespace. In each, PATH (an
// unsigned file, or its authorized twin) is what runs under the name of something else, or from
// where it should not.
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

static int execute(const char *path) {
  char *words[] = {(char *)path, NULL};

  execve(path, words, environ);
  return errno;
}

/* PATH OVER: PATH is mounted over the file OVER, which is then executed. */
static int do_bind_over(int count, char **words) {
  (void)count;
  take_mounts();
  if (mount(words[0], words[1], NULL, MS_BIND, NULL) != 0)
    probe_setup_failed("bind");
  return execute(words[1]);
}

/* PATH OVER: a tmpfs over the folder of OVER, with a copy of PATH by the name of OVER. */
static int do_tmpfs_over(int count, char **words) {
  (void)count;
  char folder[256];
  snprintf(folder, sizeof(folder), "%s", words[1]);
  *strrchr(folder, '/') = 0;
  int source = probe_open(words[0], O_RDONLY);
  take_mounts();
  if (mount("tmpfs", folder, "tmpfs", 0, NULL) != 0)
    probe_setup_failed("tmpfs");
  char path[64];
  snprintf(path, sizeof(path), "/proc/self/fd/%d", source);
  copy_file(path, words[1]);
  close(source);
  return execute(words[1]);
}

static void become_mount(const char *folder) {
  if (mount(folder, folder, NULL, MS_BIND, NULL) != 0 || chdir(folder) != 0)
    probe_setup_failed("bind");
}

/* pivot_root(2) to FOLDER/INNER, then PATH below that. The first root, which an initramfs is, can
 * not be left so: hence a chroot to FOLDER before. */
static int do_pivot_root(int count, char **words) {
  (void)count;
  take_mounts();
  become_mount(words[0]);
  if (chroot(".") != 0)
    probe_setup_failed("chroot");
  become_mount(words[1]);
  if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0)
    probe_setup_failed("pivot_root");
  return execute(words[2]);
}

/* By the root or the working folder of a process, as /proc shows them. */
static int do_proc_root(int count, char **words) {
  (void)count;
  char path[512];
  snprintf(path, sizeof(path), "/proc/self/root%s", words[0]);
  return execute(path);
}

static int new_tmpfs(void) {
  int context = (int)syscall(SYS_fsopen, "tmpfs", 0);

  if (context < 0 || syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
    probe_setup_failed("fsopen");
  int mounted = (int)syscall(SYS_fsmount, context, 0, 0);
  if (mounted < 0)
    probe_setup_failed("fsmount");
  return mounted;
}

/* A copy of PATH below a folder that is open, as NAME; the descriptor reads. */
static int copy_below(const char *path, int folder, const char *name) {
  struct stat info;
  char room[PAGE];
  ssize_t size;
  int source = probe_open(path, O_RDONLY);
  int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL, 0700);

  if (file < 0 || fstat(source, &info) != 0)
    probe_setup_failed(name);
  while ((size = read(source, room, sizeof(room))) > 0)
    if (write(file, room, (size_t)size) != size)
      probe_setup_failed("write");
  if (fchmod(file, 0755) != 0 || close(file) != 0)
    probe_setup_failed("close");
  return openat(folder, name, O_RDONLY | O_CLOEXEC);
}

/* By fsopen, fsmount and move_mount, which are not mount(2). */
static int do_new_mount(int count, char **words) {
  (void)count;
  take_mounts();
  int mounted = new_tmpfs();
  close(copy_below(words[0], mounted, "program"));
  if (syscall(SYS_move_mount, mounted, "", AT_FDCWD, "/mnt", MOVE_MOUNT_F_EMPTY_PATH) != 0)
    probe_setup_failed("move_mount");
  return execute("/mnt/program");
}

/* In a mount that is attached nowhere: it has no path at all. */
static int do_detached_mount(int count, char **words) {
  (void)count;
  take_mounts();
  int mounted = new_tmpfs();
  close(copy_below(words[0], mounted, "program"));
  char *arguments[] = {"program", NULL};
  syscall(SYS_execveat, mounted, "program", arguments, environ, 0);
  return errno;
}

/* A copy of PATH as /mnt/program, in a tmpfs that is mounted noexec: the kernel lets nobody run it.
 */
static void copy_to_noexec(const char *path) {
  take_mounts();
  if (mount("tmpfs", "/mnt", "tmpfs", MS_NOEXEC, NULL) != 0)
    probe_setup_failed("tmpfs");
  copy_file(path, "/mnt/program");
  if (execute("/mnt/program") != EACCES)
    probe_setup_failed("noexec");
}

/* By a copy of that mount whose attributes were cleared. */
static int do_clear_noexec(int count, char **words) {
  (void)count;
  struct mount_attr wanted = {.attr_clr = MOUNT_ATTR_NOEXEC};
  char *arguments[] = {"program", NULL};
  copy_to_noexec(words[0]);
  int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/mnt", OPEN_TREE_CLONE);
  if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &wanted, sizeof(wanted)) != 0)
    probe_setup_failed("mount_setattr");
  syscall(SYS_execveat, tree, "program", arguments, environ, 0);
  return errno;
}

/* By mounting it anew, as mount -o remount,exec does. */
static int do_remount_exec(int count, char **words) {
  (void)count;
  copy_to_noexec(words[0]);
  if (mount(NULL, "/mnt", NULL, MS_REMOUNT | MS_BIND, NULL) != 0)
    probe_setup_failed("remount");
  return execute("/mnt/program");
}

/* PATH OVER: in the mount namespace of a child, in which PATH lies over OVER. */
static int do_setns_exec(int count, char **words) {
  (void)count;
  int ends[2];
  char byte = 0;
  if (pipe(ends) != 0)
    probe_setup_failed("pipe");
  pid_t child = fork();
  if (child == 0) {
    take_mounts();
    if (mount(words[0], words[1], NULL, MS_BIND, NULL) != 0 || write(ends[1], &byte, 1) != 1)
      _exit(1);
    pause();
  }
  if (child < 0 || read(ends[0], &byte, 1) != 1)
    probe_setup_failed("child");
  int process = (int)syscall(SYS_pidfd_open, child, 0);
  int kinds = CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER);
  if (setns(process, kinds) != 0)
    probe_setup_failed("setns");
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  return execute(words[1]);
}

const struct probe_verb kPlaceVerbs[] = {
    {"bind-over", do_bind_over, 2, "PATH OVER  mounted over OVER, executed by that name"},
    {"tmpfs-over", do_tmpfs_over, 2, "PATH OVER  a copy in a tmpfs over the folder of OVER"},
    {"pivot-root", do_pivot_root, 3, "FOLDER INNER PATH  FOLDER/INNER becomes the root"},
    {"proc-root", do_proc_root, 1, "PATH  by /proc/self/root"},
    {"new-mount", do_new_mount, 1, "PATH  a copy in a mount made by fsmount and move_mount"},
    {"detached-mount", do_detached_mount, 1, "PATH  a copy in a mount that is attached nowhere"},
    {"clear-noexec", do_clear_noexec, 1, "PATH  a copy by a clone of its mount without noexec"},
    {"remount-exec", do_remount_exec, 1, "PATH  a copy in a mount that lost its noexec"},
    {"setns-exec", do_setns_exec, 2, "PATH OVER  in another process's mount namespace"},
    {0},
};
