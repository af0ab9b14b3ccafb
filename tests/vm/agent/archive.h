// SPDX-License-Identifier: Apache-2.0
// Files that the host wants back: a POSIX tar on a raw disk. Written by init, without any exec.
#pragma once

/// Writes the paths (NULL-terminated; folders with all that is in them, missing ones left out) as a
/// tar to the device. Returns 0, or -errno.
int archive_write(const char *device, char *const paths[]);
