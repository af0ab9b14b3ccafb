// SPDX-License-Identifier: Apache-2.0
// The same as a dynamic program.
#include <stdio.h>

__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

int main(void) {
  puts("RAN");
  return 0;
}
