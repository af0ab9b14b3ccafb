// SPDX-License-Identifier: Apache-2.0
// A program without code: all that runs is the loader that it names.
__attribute__((used, section(".interp"))) static const char kLoader[] = "/data/interp";
__attribute__((used)) const char kFiller[] = "WARRANT-FILLER:0123456789abcdef";
