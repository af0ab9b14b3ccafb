// SPDX-License-Identifier: Apache-2.0
// The smallest static program: says RAN and exits with 0. No libc, so that its digest is quick to
// take. The filler gives the harness a byte that can change without changing what the program does.
#include <sys/syscall.h>

#ifndef PAYLOAD_SAYS
#define PAYLOAD_SAYS "RAN"
#endif

__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

static long call(long number, long a, long b, long c) {
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

void _start(void) {
  static const char kText[] = PAYLOAD_SAYS "\n";

  call(SYS_write, 1, (long)kText, sizeof(kText) - 1);
  call(SYS_exit_group, 0, 0, 0);
  __builtin_unreachable();
}
