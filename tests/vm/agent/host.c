// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "report.h"

#define LARGEST (1 << 20)

/* A file that is not there is left out of the question: the host says what it misses. */
static void tell_file(struct text *question, const char *path, char *content) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  size_t size = 0;
  ssize_t more = -1;

  while (file >= 0 && size < LARGEST && (more = read(file, content + size, LARGEST - size)) > 0)
    size += (size_t)more;
  if (file >= 0)
    close(file);
  if (more == 0)
    text_member(question, path, content, size);
}

static void ask(const struct step *step) {
  struct text question = report_begin("host");
  char *content = malloc(LARGEST);

  text_member_string(&question, "name", step_option(step, "name", ""));
  for (int i = 0; content != NULL && step->arguments[i] != NULL; i++)
    tell_file(&question, step->arguments[i], content);
  free(content);
  report_end(&question);
}

static int do_answers(FILE *answers, int (*act)(const struct step *step)) {
  char *line = NULL;
  size_t room = 0;
  int result = -EPIPE;
  int failed = 0;

  while (getline(&line, &room, answers) >= 0) {
    struct step step;
    if (step_parse(line, &step) != 0 || step.verb == NULL) {
      failed = -EBADMSG;
    } else if (strcmp(step.verb, "end") == 0) {
      result = -(int)step_number(&step, "errno", 0);
      break;
    } else if (failed == 0) {
      failed = act(&step);
    }
  }
  free(line);
  return failed != 0 ? failed : result;
}

int host_ask(const struct step *step, int (*act)(const struct step *step)) {
  struct termios raw;
  int port = open(ANSWER_PORT, O_RDWR | O_NOCTTY | O_CLOEXEC);

  if (port < 0)
    return -errno;
  if (tcgetattr(port, &raw) != 0) {
    int error = errno;
    close(port);
    return -error;
  }
  cfmakeraw(&raw);
  cfsetspeed(&raw, B115200);
  tcsetattr(port, TCSANOW, &raw);
  FILE *answers = fdopen(port, "r");
  ask(step);
  int result = do_answers(answers, act);
  fclose(answers);
  return result;
}
