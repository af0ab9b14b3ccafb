// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "greeting.h"

int main() {
  std::puts(greeting("world").c_str());
}
