// SPDX-License-Identifier: Apache-2.0
// An overlay mount of our own.
#pragma once

#define OVERLAY_PLACE "/tmp/merged"

/// FOLDER by way of an overlay on OVERLAY_PLACE, as its upper or its lower folder; WORK is an empty
/// folder on the same file system. Only we see the mount. Gives up as a setup failure.
void overlay_mount(const char *folder, const char *work, int is_upper);
