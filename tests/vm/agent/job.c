// SPDX-License-Identifier: Apache-2.0
#include "job.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "files.h"
#include "report.h"

#define OUTPUT_LIMIT 65536

static struct job jobs[JOB_MAX];

static char *const kEnvironment[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", "LC_ALL=C", "TERM=linux",
    "NOTIFY_SOCKET=" NOTIFY_SOCKET,       NULL};

/* What went wrong before or in execve: which step, and errno. */
struct setup_failure {
  int stage;
  int error;
};
enum { STAGE_CGROUP = 1, STAGE_STDIN, STAGE_IDENTITY, STAGE_DIRECTORY, STAGE_EXEC };
static const char *const kStages[] = {"", "cgroup", "stdin", "identity", "directory", "exec"};

static void child_fail(int channel, int stage) {
  struct setup_failure failure = {stage, errno};
  if (write(channel, &failure, sizeof(failure)) < 0)
    _exit(126);
  _exit(127);
}

static int open_input(const struct step *step) {
  const char *data = step_option(step, "stdin", NULL);

  if (data == NULL)
    return open("/dev/null", O_RDONLY);
  int file = (int)syscall(SYS_memfd_create, "stdin", 0);
  if (file >= 0 && write(file, data, strlen(data)) >= 0)
    lseek(file, 0, SEEK_SET);
  return file;
}

static int take_identity(const struct step *step) {
  uid_t uid = (uid_t)step_number(step, "uid", 0);
  gid_t gid = (gid_t)step_number(step, "gid", uid);

  return setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0;
}

/* env=NAME=VALUE in front of the fixed environment: the first of two equal names counts. */
static char **make_environment(const struct step *step) {
  static char *environment[STEP_MAX_WORDS + 8];
  int count = 0;

  for (int i = 0; step->options[i] != NULL; i++)
    if (strncmp(step->options[i], "env=", 4) == 0)
      environment[count++] = step->options[i] + 4;
  for (int i = 0; kEnvironment[i] != NULL; i++)
    environment[count++] = kEnvironment[i];
  environment[count] = NULL;
  return environment;
}

static void child_run(const struct step *step, const struct job *job, int channel) {
  const char *cgroup = step_option(step, "cgroup", NULL);
  const char *directory = step_option(step, "cwd", "/");

  setsid();
  if (cgroup != NULL && files_enter_cgroup(cgroup) != 0)
    child_fail(channel, STAGE_CGROUP);
  int input = open_input(step);
  if (input < 0 || dup2(input, 0) < 0 || dup2(job->output, 1) < 0 || dup2(job->errors, 2) < 0)
    child_fail(channel, STAGE_STDIN);
  if (input > 2)
    close(input);
  umask(022);
  if (chdir(directory) != 0)
    child_fail(channel, STAGE_DIRECTORY);
  if (take_identity(step) != 0)
    child_fail(channel, STAGE_IDENTITY);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(step->arguments[0], step->arguments, make_environment(step));
  child_fail(channel, STAGE_EXEC);
}

static struct job *free_place(void) {
  for (int i = 0; i < JOB_MAX; i++)
    if (jobs[i].pid == 0)
      return &jobs[i];
  return NULL;
}

static void read_failure(struct job *job, int channel) {
  struct setup_failure failure;

  if (read(channel, &failure, sizeof(failure)) != sizeof(failure))
    return;
  if (failure.stage == STAGE_EXEC)
    job->exec_errno = failure.error;
  else
    report_note("error", "%s: %s: %s", job->id, kStages[failure.stage], strerror(failure.error));
}

struct job *job_start(const struct step *step) {
  struct job *job = free_place();
  int channel[2];

  if (job == NULL || step->arguments[0] == NULL || pipe2(channel, O_CLOEXEC) != 0) {
    report_note("error", "cannot start a job: %s", step_option(step, "id", "?"));
    return NULL;
  }
  memset(job, 0, sizeof(*job));
  snprintf(job->id, sizeof(job->id), "%s", step_option(step, "id", "?"));
  snprintf(job->phase, sizeof(job->phase), "%s", step_option(step, "phase", ""));
  job->output = (int)syscall(SYS_memfd_create, "stdout", MFD_CLOEXEC);
  job->errors = (int)syscall(SYS_memfd_create, "stderr", MFD_CLOEXEC);
  job->start = boot_time();
  job->pid = fork();
  if (job->pid == 0)
    child_run(step, job, channel[1]);
  job->pidfd = (int)syscall(SYS_pidfd_open, job->pid, 0);
  fcntl(job->pidfd, F_SETFD, FD_CLOEXEC);
  close(channel[1]);
  /* Ends with the exec: then its close-on-exec end of the channel is gone. A hanging execve must
   * not hang us, so this wait has a limit too. */
  struct pollfd wait = {.fd = channel[0], .events = POLLIN};
  if (poll(&wait, 1, (int)step_number(step, "limit", 20000)) > 0)
    read_failure(job, channel[0]);
  close(channel[0]);
  return job;
}

static char *read_output(int file, off_t from, size_t limit, size_t *size) {
  struct stat info;

  *size = 0;
  if (fstat(file, &info) != 0 || info.st_size <= from)
    return NULL;
  size_t wanted = (size_t)(info.st_size - from) < limit ? (size_t)(info.st_size - from) : limit;
  char *data = malloc(wanted);
  if (data == NULL)
    return NULL;
  ssize_t got = pread(file, data, wanted, from);
  *size = got > 0 ? (size_t)got : 0;
  return data;
}

static void stream_output(struct job *job) {
  size_t size = 0;
  char *data = read_output(job->output, job->streamed, OUTPUT_LIMIT, &size);

  if (size > 0) {
    struct text text = report_begin("output");
    text_member_string(&text, "id", job->id);
    text_member(&text, "text", data, size);
    report_end(&text);
    job->streamed += (off_t)size;
  }
  free(data);
}

void job_reap(void) {
  int status;
  pid_t pid;

  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    for (int i = 0; i < JOB_MAX; i++)
      if (jobs[i].pid == pid && !jobs[i].ended) {
        jobs[i].ended = 1;
        jobs[i].end = boot_time();
        jobs[i].status = status;
      }
}

void job_wait(struct job *job, long limit, int stream) {
  int64_t deadline = boot_time() + limit * 1000000LL;

  for (job_reap(); !job->ended; job_reap()) {
    struct pollfd wait = {.fd = job->pidfd, .events = POLLIN};
    poll(&wait, 1, 50);
    if (stream)
      stream_output(job);
    if (!job->hung && boot_time() > deadline) {
      job->hung = 1;
      kill(-job->pid, SIGKILL);
      kill(job->pid, SIGKILL);
    }
    if (boot_time() > deadline + 5000000000LL)
      return; /* not even SIGKILL ends it: reported as hung without an end */
  }
  off_t before = -1;
  while (stream && before != job->streamed) {
    before = job->streamed;
    stream_output(job);
  }
}

static void report_file(struct text *text, const char *name, int file, off_t from) {
  size_t size = 0;
  char *data = read_output(file, from, OUTPUT_LIMIT, &size);

  text_member(text, name, data == NULL ? "" : data, size);
  free(data);
}

void job_report(struct job *job) {
  struct text text = report_begin("result");

  text_member_string(&text, "id", job->id);
  text_member_string(&text, "phase", job->phase);
  text_member_number(&text, "pid", job->pid);
  text_member_number(&text, "execErrno", job->exec_errno);
  text_member_number(&text, "hung", job->hung);
  text_member_number(&text, "exit", WIFEXITED(job->status) ? WEXITSTATUS(job->status) : -1);
  text_member_number(&text, "signal", WIFSIGNALED(job->status) ? WTERMSIG(job->status) : 0);
  text_member_number(&text, "start", job->start);
  text_member_number(&text, "end", job->ended ? job->end : boot_time());
  report_file(&text, "stdout", job->output, job->streamed);
  report_file(&text, "stderr", job->errors, 0);
  report_end(&text);
  job_discard(job);
}

void job_discard(struct job *job) {
  close(job->output);
  close(job->errors);
  close(job->pidfd);
  memset(job, 0, sizeof(*job));
}

struct job *job_find(const char *id) {
  for (int i = 0; i < JOB_MAX; i++)
    if (jobs[i].pid != 0 && strcmp(jobs[i].id, id) == 0)
      return &jobs[i];
  return NULL;
}

void job_kill_all(void) {
  for (int i = 0; i < JOB_MAX; i++)
    if (jobs[i].pid != 0 && !jobs[i].ended) {
      kill(jobs[i].pid, SIGCONT);
      kill(-jobs[i].pid, SIGKILL);
      job_wait(&jobs[i], 2000, 0);
    }
}
