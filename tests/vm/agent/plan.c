// SPDX-License-Identifier: Apache-2.0
#include "plan.h"

#include <stdlib.h>
#include <string.h>

static int hex_value(char digit) {
  if (digit >= '0' && digit <= '9')
    return digit - '0';
  if (digit >= 'A' && digit <= 'F')
    return digit - 'A' + 10;
  return -1;
}

static int decode(char *word) {
  char *out = word;

  for (char *in = word; *in != 0; in++) {
    if (*in != '%') {
      *out++ = *in;
      continue;
    }
    int high = hex_value(in[1]);
    int low = high < 0 ? -1 : hex_value(in[2]);
    if (low < 0)
      return -1;
    *out++ = (char)(high * 16 + low);
    in += 2;
  }
  *out = 0;
  return 0;
}

int step_parse(char *line, struct step *step) {
  int options = 0;
  int arguments = -1; /* -1: "--" has not come yet */
  char *rest = line;

  memset(step, 0, sizeof(*step));
  line[strcspn(line, "\n")] = 0;
  for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
    /* "--" and "-" are told from encoded words: only the plan's own separator is bare. */
    if (arguments < 0 && strcmp(word, "--") == 0) {
      arguments = 0;
      continue;
    }
    if (options >= STEP_MAX_WORDS || arguments >= STEP_MAX_WORDS || decode(word) != 0)
      return -1;
    if (step->verb == NULL)
      step->verb = word[0] == 0 ? NULL : word;
    else if (arguments < 0)
      step->options[options++] = word;
    else
      step->arguments[arguments++] = word;
  }
  return 0;
}

const char *step_option(const struct step *step, const char *name, const char *fallback) {
  size_t size = strlen(name);

  for (int i = 0; step->options[i] != NULL; i++)
    if (strncmp(step->options[i], name, size) == 0 && step->options[i][size] == '=')
      return step->options[i] + size + 1;
  return fallback;
}

long step_number(const struct step *step, const char *name, long fallback) {
  const char *value = step_option(step, name, NULL);
  return value == NULL ? fallback : strtol(value, NULL, 0);
}
