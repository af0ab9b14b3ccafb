// SPDX-License-Identifier: Apache-2.0
// A library whose mere loading runs code: what LD_PRELOAD and dlopen are used for by those who
// should not.
#include <unistd.h>

#ifndef PAYLOAD_SAYS
#define PAYLOAD_SAYS "LOADED"
#endif

__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

__attribute__((constructor)) static void loaded(void) {
  static const char kText[] = PAYLOAD_SAYS "\n";

  if (write(1, kText, sizeof(kText) - 1) < 0)
    _exit(1);
}

/* What LD_AUDIT and iconv look for in a library; without it they do not keep it. */
unsigned la_version(unsigned version);
int gconv(void);

unsigned la_version(unsigned version) {
  return version;
}

int gconv(void) {
  return 0;
}
