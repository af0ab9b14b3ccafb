// SPDX-License-Identifier: Apache-2.0
// A static program that calls code which it has put into memory of its own. What makes that memory
// executable is only the program header: the stack (linked with -z execstack) or, with WARRANT_BSS,
// a segment that has no content in the file. Says CALLED, or ends with 1 (by a signal, if the
// memory is not executable).
#include <sys/syscall.h>

__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

/* mov $42, %eax; ret */
static const unsigned char kCode[] = {0xb8, 42, 0, 0, 0, 0xc3};

#ifdef WARRANT_BSS
__attribute__((section(".codebss,\"awx\",@nobits#"))) static volatile unsigned char room[4096];
#endif

static long call(long number, long a, long b, long c) {
  long result;

  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

static int run_own_code(void) {
#ifndef WARRANT_BSS
  volatile unsigned char room[64];
#endif
  int (*function)(void) = (int (*)(void))(unsigned long)room;

  for (unsigned i = 0; i < sizeof(kCode); i++)
    room[i] = kCode[i];
  __asm__ volatile("" ::: "memory");
  return function();
}

void _start(void) {
  static const char kText[] = "CALLED\n";
  int good = run_own_code() == 42;

  if (good)
    call(SYS_write, 1, (long)kText, sizeof(kText) - 1);
  call(SYS_exit_group, !good, 0, 0);
  __builtin_unreachable();
}
