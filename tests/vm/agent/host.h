// SPDX-License-Identifier: Apache-2.0
// A question to the host, and steps for an answer.
#pragma once

#include "plan.h"

#define ANSWER_PORT "/dev/ttyS2"

/// Tells the host the name of the step and the contents of the files that it names, and reads lines
/// of a plan until one whose verb is `end`. Each other one goes to `act`, which returns 0 or
/// -errno. Returns the first error, else that which `end` tells (errno=N).
int host_ask(const struct step *step, int (*act)(const struct step *step));
