// SPDX-License-Identifier: Apache-2.0
// What a machine needs before anything can run in it: file systems, modules, disks.
#pragma once

/// Mounts the kernel's file systems and opens the report port. The first thing that init does.
void boot_mount(void);
/// Loads the modules listed in /lib/modules.list, one path a line, in order.
void boot_modules(void);
/// Waits up to two seconds for a device to appear. Returns 0, or -ENODEV.
int boot_wait_for(const char *device);
/// Makes `root` the root of everything, takes the kernel's file systems and /run along, and becomes
/// its init. Returns -errno only if that fails.
int boot_switch_root(const char *root, const char *init);
/// Switches the machine off. Does not return.
void boot_off(void) __attribute__((noreturn));
