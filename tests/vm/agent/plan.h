// SPDX-License-Identifier: Apache-2.0
// The plan: one step a line, words apart by one blank, each word percent-encoded (RFC 3986), so
// that any byte but NUL can stand in it. `verb name=value ... -- argument ...`
#pragma once

#include <stddef.h>

#define STEP_MAX_WORDS 64

struct step {
  char *verb;
  char *options[STEP_MAX_WORDS + 1];   /* "name=value", NULL-terminated */
  char *arguments[STEP_MAX_WORDS + 1]; /* what follows "--", NULL-terminated */
};

/// Takes one line apart in place. Returns 0, or -1 for a line with too many words or bad encoding.
/// An empty line has no verb.
int step_parse(char *line, struct step *step);
/// The value of an option, or `fallback`.
const char *step_option(const struct step *step, const char *name, const char *fallback);
long step_number(const struct step *step, const char *name, long fallback);
