// SPDX-License-Identifier: Apache-2.0
// A file in which the kernel keeps quotas: it writes there below the pages in memory, what root
// wants, and nobody opens it for that.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/quota.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

#define OLD_FORMAT 1 /* QFMT_VFS_OLD: one record for each id, at a place that the id tells */
#define RECORD 40    /* bytes: struct v1_disk_dqblk, 64 bit (fs/quota/quotaio_v1.h) */

/* Nothing, 16 times, and exit_group(42). The kernel keeps the times, where the code ends, only if
 * more is used than the limits say: the third word is larger than the second, the sixth than the
 * fifth. */
static const uint8_t kExit[RECORD] = {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
                                      0x90, 0x91, 0x90, 0x90, 0x90, 0x90, 0xb8, 231,  0,    0,
                                      0,    0xbf, 42,   0,    0,    0,    0x0f, 0x05};

static void write_record(const char *device, int id) {
  struct dqblk wanted = {.dqb_valid = QIF_ALL};
  uint32_t words[6];
  uint64_t times[2];

  memcpy(words, kExit, sizeof(words));
  memcpy(times, kExit + sizeof(words), sizeof(times));
  wanted.dqb_bhardlimit = words[0];
  wanted.dqb_bsoftlimit = words[1];
  wanted.dqb_curspace = (uint64_t)words[2] << 10;
  wanted.dqb_ihardlimit = words[3];
  wanted.dqb_isoftlimit = words[4];
  wanted.dqb_curinodes = words[5];
  wanted.dqb_btime = times[0];
  wanted.dqb_itime = times[1];
  if (quotactl(QCMD(Q_SETQUOTA, USRQUOTA), device, id, (void *)&wanted) != 0)
    probe_setup_failed("Q_SETQUOTA");
  if (quotactl(QCMD(Q_SYNC, USRQUOTA), device, 0, NULL) != 0)
    probe_setup_failed("Q_SYNC");
}

/* DEVICE FOLDER PATH: a program whose length is that of so many records, on the file system that is
 * mounted on FOLDER. `early`: nobody has executed it before quotas are kept in it. */
static int do_quota_below(int count, char **words) {
  const int early = count > 3 && strcmp(words[3], "early") == 0;
  const uint64_t before = content_of(words[2]);
  int kept = probe_open(words[2], O_RDONLY);
  const off_t place =
      entry_of(kept) / RECORD + 1; /* the first record after the first instruction */
  char *alone[] = {words[2], NULL};

  sync();
  if (!early && run_quietly(words[2]) != 0) /* measured from here on */
    probe_setup_failed("exec");
  if (mount(NULL, words[1], NULL, MS_REMOUNT, "usrquota") != 0)
    probe_setup_failed("remount");
  if (quotactl(QCMD(Q_QUOTAON, USRQUOTA), words[0], OLD_FORMAT, words[2]) != 0)
    return errno;
  const int error = early ? run_quietly(words[2]) : 0;
  if (error == 0)
    write_record(words[0], (int)place);
  if (quotactl(QCMD(Q_QUOTAOFF, USRQUOTA), words[0], 0, NULL) != 0)
    probe_setup_failed("Q_QUOTAOFF");
  return error != 0 ? error : execute_changed(alone, kept, before);
}

const struct probe_verb kQuotaVerbs[] = {
    {"quota-below", do_quota_below, 3,
     "DEVICE FOLDER PATH [early]  quotas are kept in a program, which is executed then; early: and "
     "not before"},
    {0},
};
