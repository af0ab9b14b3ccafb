// SPDX-License-Identifier: Apache-2.0
// The same as a dynamic program.
#include <stdio.h>

#ifndef PAYLOAD_SAYS
#define PAYLOAD_SAYS "RAN"
#endif

__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

int main(void) {
  puts(PAYLOAD_SAYS);
  return 0;
}
