// SPDX-License-Identifier: Apache-2.0
// A process that the plan asked for: started under an identity, watched, its end reported exactly.
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "plan.h"

#define JOB_MAX 32

struct job {
  char id[128];
  char phase[32];
  pid_t pid; /* 0: this place in the table is free */
  int pidfd;
  int output;     /* stdout and stderr go to files, so that no full pipe can stop a process */
  int errors;     /* and no grandchild that keeps a pipe open can stop us */
  int exec_errno; /* of a failed execve, as the kernel gave it; 0: the image was entered */
  int ended;
  int status; /* as from waitpid */
  int hung;   /* killed because its time was over */
  int64_t start;
  int64_t end;
  off_t streamed; /* bytes of output that were already reported */
};

/// Starts a job as the step says: options id, phase, uid, gid, cgroup, stdin, cwd, nice names in
/// docs/scenarios.md. Returns NULL and reports a failed setup when the process could not be made.
struct job *job_start(const struct step *step);
/// Waits up to `limit` milliseconds, then kills the job's process group and calls it hung. With
/// `stream`, output is reported while it comes.
void job_wait(struct job *job, long limit, int stream);
/// Reports everything about an ended job and frees its place.
void job_report(struct job *job);
/// Frees its place without a word.
void job_discard(struct job *job);
/// The job of that id, or NULL.
struct job *job_find(const char *id);
/// Collects every process that ended: jobs, and orphans that init inherits.
void job_reap(void);
/// Kills whatever is still running.
void job_kill_all(void);
