// SPDX-License-Identifier: Apache-2.0
// A FUSE file system with one file, served by a child of ours; linux/fuse.h, no library.
#pragma once

#include <sys/types.h>

#define FUSE_PLACE "/mnt"
#define FUSE_FILE "/mnt/program"

/// What client and server share. The client sets `which` and `go`, the server `waiting`.
struct fuse_state {
  volatile int which;   /* 0, 1: the content that reads give */
  volatile int stalls;  /* reads wait for `go` */
  volatile int waiting; /* one does */
  volatile int go;
};

/// Mounts it on FUSE_PLACE, in a mount namespace of our own, with two contents of the file. Gives
/// up as a setup failure. `server` gets the child to kill at the end.
struct fuse_state *fuse_serve(const char *first, const char *second, pid_t *server);
