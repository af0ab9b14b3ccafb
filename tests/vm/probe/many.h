// SPDX-License-Identifier: Apache-2.0
// What became of many execs.
#pragma once

struct tally {
  unsigned ok;      /* ran and exited with 0 */
  unsigned refused; /* execve gave EPERM */
  unsigned other;   /* anything else */
  long long total;  /* nanoseconds from fork to end, of all */
  long long worst;  /* and of the one that took longest */
};

/* One exec in a child, counted. */
void exec_once(char *path, struct tally *tally);
/* In the words that the harness looks for. */
void print_tally(const char *path, const struct tally *tally);
/* Of the monotonic clock, in nanoseconds. */
long long probe_now(void);
