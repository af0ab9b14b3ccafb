// SPDX-License-Identifier: Apache-2.0
// Does the steps of a plan in order, tells the host what happened, and switches the machine off. It
// never execs itself, so it goes on under any enforcement.
//   as init of the small guest: prepares the machine first, the plan is /plan
//   agent service: a service of a whole system, the plan is /run/agent/plan
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "archive.h"
#include "boot.h"
#include "files.h"
#include "host.h"
#include "job.h"
#include "plan.h"
#include "report.h"

#define DEFAULT_LIMIT 20000
#define RESULT_DISK "/dev/vdb"

static int notify_socket = -1;

static int do_run(const struct step *step) {
  struct job *job = job_start(step);

  if (job == NULL)
    return -EAGAIN;
  job_wait(job, step_number(step, "limit", DEFAULT_LIMIT), (int)step_number(step, "stream", 0));
  job_report(job);
  return 0;
}

static int do_start(const struct step *step) {
  return job_start(step) == NULL ? -EAGAIN : 0;
}

static int do_wait(const struct step *step) {
  struct job *job = job_find(step_option(step, "id", ""));

  if (job == NULL)
    return -ESRCH;
  job_wait(job, step_number(step, "limit", DEFAULT_LIMIT), 0);
  job_report(job);
  return 0;
}

static int do_signal(const struct step *step) {
  struct job *job = job_find(step_option(step, "id", ""));

  if (job == NULL)
    return -ESRCH;
  return kill(job->pid, (int)step_number(step, "signal", SIGTERM)) == 0 ? 0 : -errno;
}

/* sd_notify(3): datagrams of NAME=VALUE lines. */
static int notified_ready(void) {
  char message[4096];
  ssize_t size = recv(notify_socket, message, sizeof(message) - 1, MSG_DONTWAIT);

  if (size <= 0)
    return 0;
  message[size] = 0;
  return strncmp(message, "READY=1", 7) == 0 || strstr(message, "\nREADY=1") != NULL;
}

static int do_ready(const struct step *step) {
  struct job *job = job_find(step_option(step, "id", ""));
  int64_t deadline = boot_time() + step_number(step, "limit", DEFAULT_LIMIT) * 1000000LL;

  if (job == NULL)
    return -ESRCH;
  while (!job->ended && boot_time() < deadline) {
    struct pollfd wait = {.fd = notify_socket, .events = POLLIN};
    poll(&wait, 1, 50);
    while (wait.revents != 0 && recv(notify_socket, NULL, 0, MSG_PEEK | MSG_DONTWAIT) >= 0)
      if (notified_ready())
        return 0;
    job_reap();
  }
  return job->ended ? -ECHILD : -ETIMEDOUT;
}

/* What warrantd answers to a request on its control socket; no exec, so nothing is disturbed. */
static ssize_t ask_daemon(const char *path, const char *request, char *answer, size_t room) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  struct timeval patience = {.tv_sec = 90};
  ssize_t got = 0;
  size_t size = 0;

  int daemon = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
  setsockopt(daemon, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (connect(daemon, (struct sockaddr *)&address, sizeof(address)) == 0 &&
      write(daemon, request, strlen(request)) == (ssize_t)strlen(request))
    while (size < room - 1 && (got = read(daemon, answer + size, room - 1 - size)) > 0) {
      size += (size_t)got;
      if (answer[size - 1] == '\n')
        break;
    }
  close(daemon);
  answer[size] = 0;
  return (ssize_t)size;
}

/* The number of the generation in force, or -1. */
static long long read_generation(const struct step *step) {
  static char answer[1 << 20];
  static const char kName[] = "\"generation\":";

  ask_daemon(step->arguments[0], "{\"verb\":\"status\"}\n", answer, sizeof(answer));
  const char *found = strstr(answer, kName);
  return found == NULL ? -1 : strtoll(found + strlen(kName), NULL, 10);
}

/* Done when warrantd has answered that it is. */
static int do_ask(const struct step *step) {
  char answer[65536];

  if (ask_daemon(step->arguments[0], step->arguments[1], answer, sizeof(answer)) == 0)
    return -ETIMEDOUT;
  return strstr(answer, "\"ok\":true") != NULL ? 0 : -EPROTO;
}

static long long marked_generation = -1;

static int do_mark(const struct step *step) {
  marked_generation = read_generation(step);
  return marked_generation < 0 ? -ENODATA : 0;
}

/* Asks again and again until another generation is in force than the marked one. */
static int do_changed(const struct step *step) {
  int64_t deadline = boot_time() + step_number(step, "limit", DEFAULT_LIMIT) * 1000000LL;

  while (boot_time() < deadline) {
    long long generation = read_generation(step);
    if (generation >= 0 && generation != marked_generation)
      return 0;
    usleep(10000);
  }
  return -ETIMEDOUT;
}

/* time: seconds since 1970 by the guest's clock, which is the host's. */
static int do_sleep_until(const struct step *step) {
  double seconds = strtod(step_option(step, "time", "0"), NULL);
  struct timespec until = {.tv_sec = (time_t)seconds,
                           .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};

  return -clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL);
}

static int do_collect(const struct step *step) {
  if (boot_wait_for(RESULT_DISK) != 0)
    return -ENODEV;
  return archive_write(RESULT_DISK, step->arguments);
}

static int do_switch_root(const struct step *step) {
  return boot_switch_root(step->arguments[0], step->arguments[1]);
}

/* A shell on the console with job control, for people. */
static int do_shell(const struct step *step) {
  (void)step;
  pid_t shell = fork();
  if (shell == 0) {
    setsid();
    int console = open("/dev/console", O_RDWR);
    ioctl(console, TIOCSCTTY, 1);
    dup2(console, 0);
    dup2(console, 1);
    dup2(console, 2);
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    execl("/bin/sh", "-sh", (char *)NULL);
    _exit(127);
  }
  while (kill(shell, 0) == 0) {
    job_reap();
    usleep(50000);
  }
  return 0;
}

static int do_host(const struct step *step);

struct verb {
  const char *name;
  int (*act)(const struct step *step);
  int arguments; /* how many it needs at least */
};

static const struct verb kVerbs[] = {
    {"run", do_run, 1},          {"start", do_start, 1},
    {"wait", do_wait, 0},        {"signal", do_signal, 0},
    {"ready", do_ready, 0},      {"mark", do_mark, 1},
    {"changed", do_changed, 1},  {"sleep-until", do_sleep_until, 0},
    {"copy", files_copy, 2},     {"write", files_write, 1},
    {"mkdir", files_mkdir, 1},   {"symlink", files_symlink, 2},
    {"rename", files_rename, 2}, {"remove", files_remove, 1},
    {"mount", files_mount, 2},   {"umount", files_umount, 1},
    {"ask", do_ask, 2},          {"host", do_host, 0},
    {"collect", do_collect, 1},  {"switch-root", do_switch_root, 2},
    {"shell", do_shell, 0},
};

static int count_arguments(const struct step *step) {
  int count = 0;

  while (step->arguments[count] != NULL)
    count++;
  return count;
}

static int act(const struct step *step) {
  const struct verb *verb = NULL;

  for (size_t i = 0; i < sizeof(kVerbs) / sizeof(kVerbs[0]); i++)
    if (strcmp(kVerbs[i].name, step->verb) == 0)
      verb = &kVerbs[i];
  return verb != NULL && count_arguments(step) >= verb->arguments ? verb->act(step) : -EINVAL;
}

static int do_host(const struct step *step) {
  return host_ask(step, act);
}

/* Every step answers: a "result" for what ran, "step" for the rest and for whatever failed. */
static void do_step(const struct step *step, int number) {
  int result = act(step);
  struct text text = report_begin("step");
  text_member_number(&text, "number", number);
  text_member_string(&text, "verb", step->verb);
  text_member_number(&text, "errno", -result);
  report_end(&text);
}

static void do_plan(const char *path) {
  FILE *plan = fopen(path, "re");
  char *line = NULL;
  size_t room = 0;
  int number = 0;

  if (plan == NULL) {
    report_note("error", "%s: %s", path, strerror(errno));
    return;
  }
  while (getline(&line, &room, plan) >= 0) {
    struct step step;
    number++;
    if (step_parse(line, &step) != 0)
      report_note("error", "%s: line %d cannot be read", path, number);
    else if (step.verb != NULL)
      do_step(&step, number);
  }
  free(line);
  fclose(plan);
}

static void open_notify_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = NOTIFY_SOCKET};

  unlink(NOTIFY_SOCKET); /* one from before switch-root */
  notify_socket = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (bind(notify_socket, (struct sockaddr *)&address, sizeof(address)) != 0)
    report_note("error", "%s: %s", NOTIFY_SOCKET, strerror(errno));
}

static void serve(const char *plan) {
  open_notify_socket();
  do_plan(plan);
  job_kill_all();
  report_note("done", "plan ended");
  boot_off();
}

int main(int count, char **words) {
  if (getpid() == 1) {
    boot_mount();
    report_note("up", "first user process");
    boot_modules();
    serve("/plan");
  }
  if (count == 2 && strcmp(words[1], "service") == 0) {
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    report_open(REPORT_PORT);
    report_note("service", "the whole system has started its agent");
    serve("/run/agent/plan");
  }
  fprintf(stderr, "agent: part of a test machine, not a command\n");
  return 2;
}
