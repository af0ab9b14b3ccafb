// SPDX-License-Identifier: Apache-2.0
// The smallest program: no library, some hundred bytes of code.
void _start(void);

void _start(void) {
  __asm__ volatile("syscall" : : "a"(60), "D"(0) : "rcx", "r11", "memory"); // exit(0)
  __builtin_unreachable();
}
