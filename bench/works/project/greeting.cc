// SPDX-License-Identifier: Apache-2.0
#include "greeting.h"

std::string greeting(const std::string &whom) {
  return "Hello, " + whom;
}
