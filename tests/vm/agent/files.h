// SPDX-License-Identifier: Apache-2.0
// Steps that change files, done by init itself: they need no exec, so they work whatever is
// enforced.
#pragma once

#include "plan.h"

#define NOTIFY_SOCKET "/run/agent.notify"

/// Each returns 0, or -errno. Options and arguments are described in docs/scenarios.md.
int files_copy(const struct step *step);
int files_write(const struct step *step);
int files_mkdir(const struct step *step);
int files_symlink(const struct step *step);
int files_rename(const struct step *step);
int files_remove(const struct step *step);
int files_mount(const struct step *step);
int files_umount(const struct step *step);
/// Makes the cgroup below /sys/fs/cgroup if need be and moves the calling process into it.
int files_enter_cgroup(const char *path);
