// SPDX-License-Identifier: Apache-2.0
// The smallest program with a 32-bit header (-m32, -mx32): says RAN and exits with 0. No headers of
// the C library, which has none for these here.
#ifdef __i386__
enum { WRITE = 4, EXIT = 1 };
#else
enum { WRITE = 0x40000001, EXIT = 0x4000003c };
#endif

__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

static long call(long number, long a, long b, long c) {
  long result;

#ifdef __i386__
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
#else
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"((long long)number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
#endif
  return result;
}

void _start(void) {
  static const char kText[] = "RAN\n";

  call(WRITE, 1, (long)kText, sizeof(kText) - 1);
  call(EXIT, 0, 0, 0);
  __builtin_unreachable();
}
