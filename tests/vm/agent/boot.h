// SPDX-License-Identifier: Apache-2.0
// What a machine needs before anything can run in it: file systems, modules, disks.
#pragma once

/// Mounts the kernel's file systems and opens the report port. The first thing that init does.
void boot_mount(void);
/// Loads the modules listed in /lib/modules.list, one path a line, in order.
void boot_modules(void);
/// Mounts the scratch disk (/dev/vda, ext4) at /data if the machine has one.
void boot_disks(void);
/// Switches the machine off. Does not return.
void boot_off(void) __attribute__((noreturn));
