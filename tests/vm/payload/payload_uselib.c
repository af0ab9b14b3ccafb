// SPDX-License-Identifier: Apache-2.0
// A library of the kind that uselib(2) takes: one segment at a fixed address, and its entry point
// is the function.
__attribute__((used)) static const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";

int _start(void) {
  return 42;
}
