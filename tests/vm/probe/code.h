// SPDX-License-Identifier: Apache-2.0
// What the verbs that bring in code of their own have in common: a function that nobody signed, and
// files to put it into.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#define PAGE 4096
#define RX (PROT_READ | PROT_EXEC)
#define RW (PROT_READ | PROT_WRITE)
#define RWX (PROT_READ | PROT_WRITE | PROT_EXEC)

/// mov $42, %eax; ret
extern const uint8_t kCode[6];

/// Says EVIL where a payload says RAN: code that runs wherever it lies.
#define EVIL_SIZE 38
extern const uint8_t kEvil[EVIL_SIZE];

/// Calls the memory as `int f(void)`, says `called N` and returns 0.
int report_call(void *code);
/// The value that a call of the memory returns.
int call_code(void *code);

/// Maps one page or gives up as a setup failure. The descriptor stays open.
void *map_page(int file, int protection, int flags);
/// A new file PATH (an old one is unlinked) with the content of FROM and mode 0755, closed again.
void copy_file(const char *from, const char *path);
/// Fingerprint of the content that the file has now.
uint64_t content_of(const char *path);
/// The pages of WORDS[0], open as KEPT, are dropped from memory; then it is executed. Gives up as a
/// setup failure if its content is still the one before.
int execute_changed(char **words, int kept, uint64_t before);
/// Where in a program the first instruction lies.
off_t entry_of(int file);
/// What becomes of an exec of PATH in a child whose output nobody sees: as exit_of().
int run_quietly(const char *path);
/// Waits for a child of ours and returns what it exited with; anything else is a setup failure.
int exit_of(pid_t child);
/// Where a file mapping of ours lies: the flag letter as in /proc/self/maps is set for the address.
int is_executable(const void *memory);
/// Writes a short text into a file that is there, or gives up as a setup failure.
void write_text(const char *path, const char *text);
/// A mount namespace of its own, in which it may mount: root's own, or that of a user namespace.
void take_mounts(void);
