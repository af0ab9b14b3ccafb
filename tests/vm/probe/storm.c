// SPDX-License-Identifier: Apache-2.0
// What a machine goes through while others execute: generations that come and go, memory that runs
// out, thousands of threads.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "many.h"
#include "probe.h"

enum { MEBIBYTE = 1 << 20, MAX_CHUNKS = 4096, STACK_SIZE = 32768 };
#define MILLISECOND 1000000LL
#define PATIENCE (60000 * MILLISECOND)

/* ---- generations ------------------------------------------------------------------------------
 */

/* Waits until an exec of PATH has the wanted end; nanoseconds that it took, -1: it never had. */
static long long await_exec(char *path, int wanted) {
  long long start = probe_now();

  for (;;) {
    struct tally tally = {0};
    exec_once(path, &tally);
    if (tally.other != 0)
      return -1;
    if ((wanted == 0) == (tally.ok == 1))
      return probe_now() - start;
    if (probe_now() - start > PATIENCE)
      return -1;
    usleep(2000);
  }
}

/* Takes the artifact away and puts it back, again and again; each time the kernel is seen to judge
 * by the new generation before the next. */
static int do_swap(int count, char **words) {
  (void)count;
  long long pause = atoi(words[0]) * MILLISECOND;
  unsigned least = (unsigned)atoi(words[1]), swaps = 0, late = 0;
  long long begun = probe_now(), worst = 0;
  const char *from = words[2], *to = words[3];

  /* What is measured is the daemon, not how long this process waits for its turn. */
  if (setpriority(PRIO_PROCESS, 0, -10) != 0)
    probe_setup_failed("setpriority");
  int output = hide_output();
  while (swaps < least || access(words[5], F_OK) != 0) {
    long long start = probe_now();
    if (rename(from, to) != 0)
      probe_setup_failed(from);
    long long took = await_exec(words[4], swaps % 2 == 0 ? EPERM : 0);
    if (took < 0)
      break;
    swaps++;
    late += took > pause;
    worst = took > worst ? took : worst;
    const char *other = from;
    from = to;
    to = other;
    long long left = pause - (probe_now() - start);
    if (left > 0)
      usleep((useconds_t)(left / 1000));
  }
  show_output(output);
  printf("%s %u generations, one each %lld ms; %u took longer than %s ms, the longest %lld ms\n",
         swaps >= least && access(words[5], F_OK) == 0 ? "swapped" : "stuck after", swaps,
         (probe_now() - begun) / (swaps ? swaps : 1) / MILLISECOND, late, words[0],
         worst / MILLISECOND);
  return 0;
}

/* ---- memory -----------------------------------------------------------------------------------
 */

static long available_mebibytes(void) {
  char text[4096];
  int file = probe_open("/proc/meminfo", O_RDONLY | O_CLOEXEC);
  ssize_t size = read(file, text, sizeof(text) - 1);

  close(file);
  text[size > 0 ? size : 0] = 0;
  const char *found = strstr(text, "MemAvailable:");
  if (found == NULL)
    probe_setup_failed("MemAvailable");
  return atol(found + strlen("MemAvailable:")) / 1024;
}

static void set_number(const char *path, const char *text) {
  int file = probe_open(path, O_WRONLY | O_CLOEXEC);

  if (write(file, text, strlen(text)) < 0)
    probe_setup_failed(path);
  close(file);
}

/* What was seen, in memory that outlives whoever is killed. */
struct pressure {
  unsigned looked;
  unsigned held;
  int most;
  long least;
};

/* Takes what memory there is but KEEP mebibytes, and gives way no further than it must. */
static void take_memory(long keep, const char *until, struct pressure *seen) {
  static void *chunks[MAX_CHUNKS];
  int taken = 0;

  while (access(until, F_OK) != 0) {
    long left = available_mebibytes();
    seen->looked++;
    seen->held += left <= keep;
    seen->least = left < seen->least ? left : seen->least;
    if (left > keep && taken < MAX_CHUNKS) {
      void *chunk =
          mmap(NULL, MEBIBYTE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (chunk == MAP_FAILED)
        probe_setup_failed("mmap");
      memset(chunk, 1, MEBIBYTE);
      chunks[taken++] = chunk;
      seen->most = taken > seen->most ? taken : seen->most;
    } else if (left < keep / 2 && taken > 0) {
      munmap(chunks[--taken], MEBIBYTE);
    } else {
      usleep(2000);
    }
  }
}

/* A child takes the memory: should the kernel have to kill, it kills that one, and the next goes
 * on. */
static int do_press(int count, char **words) {
  (void)count;
  struct pressure *seen =
      mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  long keep = atol(words[0]);
  unsigned killed = 0;
  int status = 0;

  if (seen == MAP_FAILED)
    probe_setup_failed("mmap");
  seen->least = 1 << 20;
  set_number("/proc/sys/vm/min_free_kbytes", "1024"); /* what is kept for the kernel itself */
  while (access(words[1], F_OK) != 0) {
    pid_t child = fork();
    if (child == 0) {
      set_number("/proc/self/oom_score_adj", "1000");
      take_memory(keep, words[1], seen);
      _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
      probe_setup_failed("fork");
    killed += WIFSIGNALED(status);
    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
      return 0; /* it said why */
  }
  printf(
      "%s: %d MiB taken, down to %ld MiB available; %u of %u looks found %ld or less; killed for "
      "want of memory %u times\n",
      seen->held > 100 ? "pressed" : "hardly pressed", seen->most, seen->least, seen->held,
      seen->looked, keep, killed);
  return 0;
}

/* ---- threads ----------------------------------------------------------------------------------
 */

struct crowd {
  sem_t go; /* one post, one exec by whichever thread wakes */
  sem_t done;
  pthread_mutex_t lock;
  char *path;
  struct tally tally;
};

static void *stand_by(void *argument) {
  struct crowd *crowd = argument;
  struct tally own = {0};

  while (sem_wait(&crowd->go) != 0) {
  }
  exec_once(crowd->path, &own);
  pthread_mutex_lock(&crowd->lock);
  crowd->tally.ok += own.ok;
  crowd->tally.refused += own.refused;
  crowd->tally.other += own.other;
  crowd->tally.total += own.total;
  crowd->tally.worst = own.worst > crowd->tally.worst ? own.worst : crowd->tally.worst;
  pthread_mutex_unlock(&crowd->lock);
  sem_post(&crowd->done);
  pause(); /* all live until the process ends */
  return NULL;
}

/* ROUNDS of so many living threads execute the program, eight at once. */
static int do_threads(int count, char **words) {
  (void)count;
  int wanted = atoi(words[0]), rounds = atoi(words[1]), living = 0;
  static struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER};
  pthread_attr_t attributes;

  crowd.path = words[2];
  set_number("/proc/sys/kernel/threads-max", "60000");
  sem_init(&crowd.go, 0, 0);
  sem_init(&crowd.done, 0, 0);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK_SIZE);
  pthread_attr_setguardsize(&attributes, 0);
  for (pthread_t thread; living < wanted; living++) {
    errno = pthread_create(&thread, &attributes, stand_by, &crowd);
    if (errno != 0)
      probe_setup_failed("thread");
  }
  int output = hide_output();
  for (int asked = 0, done = 0; done < rounds; done++) {
    for (; asked < rounds && asked < done + 8; asked++)
      sem_post(&crowd.go);
    while (sem_wait(&crowd.done) != 0) {
    }
  }
  show_output(output);
  printf("%d threads live\n", living);
  print_tally(words[2], &crowd.tally);
  return crowd.tally.refused == (unsigned)rounds ? EPERM : 0;
}

const struct probe_verb kStormVerbs[] = {
    {"swap", do_swap, 6,
     "MS LEAST ARTIFACT ASIDE PATH FILE  takes the artifact of PATH away and puts it back, at most "
     "once each MS, at least so often, and until FILE exists"},
    {"press", do_press, 2, "MIB FILE  leaves no more memory available, until FILE exists"},
    {"threads", do_threads, 3, "THREADS ROUNDS PATH  so many of them execute it, while all live"},
    {0},
};
