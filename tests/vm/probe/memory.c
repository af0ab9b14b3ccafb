// SPDX-License-Identifier: Apache-2.0
// Executable memory by less common ways. Each puts bytes of its own there and calls them.
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/io_uring.h>
#include <linux/memfd.h>
#include <linux/perf_event.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

#define HUGE_PAGE (2l << 20)

/* Writes the code, makes it executable if that is still to be done, calls it. */
static int plant(void *memory, size_t size, int is_protected) {
  if (memory == MAP_FAILED)
    return errno;
  memcpy(memory, kCode, sizeof(kCode));
  if (is_protected && mprotect(memory, size, RX) != 0)
    return errno;
  return report_call(memory);
}

/* Two mappings of one object: written through the first, called through the second. */
static int alias(int file, off_t offset, int flags) {
  void *writable = mmap(NULL, PAGE, RW, MAP_SHARED, file, offset);
  if (writable == MAP_FAILED)
    probe_setup_failed("writable mapping");
  memcpy(writable, kCode, sizeof(kCode));
  void *code = mmap(NULL, PAGE, RX, flags, file, offset);
  return code == MAP_FAILED ? errno : report_call(code);
}

static int do_pkey_mprotect_x(int count, char **words) {
  (void)count;
  (void)words;
  void *memory = mmap(NULL, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    probe_setup_failed("mmap");
  memcpy(memory, kCode, sizeof(kCode));
  return syscall(SYS_pkey_mprotect, memory, PAGE, RX, -1) == 0 ? report_call(memory) : errno;
}

static int do_shared_anon_wx(int count, char **words) {
  (void)count;
  (void)words;
  return plant(mmap(NULL, PAGE, RWX, MAP_SHARED | MAP_ANONYMOUS, -1, 0), PAGE, 0);
}

static int do_shared_anon_mprotect_x(int count, char **words) {
  (void)count;
  (void)words;
  return plant(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0), PAGE, 1);
}

static int do_zero_wx(int count, char **words) {
  (void)count;
  (void)words;
  return plant(mmap(NULL, PAGE, RWX, MAP_PRIVATE, probe_open("/dev/zero", O_RDWR), 0), PAGE, 0);
}

static int do_zero_mprotect_x(int count, char **words) {
  (void)count;
  (void)words;
  return plant(mmap(NULL, PAGE, RW, MAP_PRIVATE, probe_open("/dev/zero", O_RDWR), 0), PAGE, 1);
}

static int do_huge_wx(int count, char **words) {
  (void)count;
  (void)words;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
  return plant(mmap(NULL, HUGE_PAGE, RWX, flags, -1, 0), HUGE_PAGE, 0);
}

static int do_huge_mprotect_x(int count, char **words) {
  (void)count;
  (void)words;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB;
  return plant(mmap(NULL, HUGE_PAGE, RW, flags, -1, 0), HUGE_PAGE, 1);
}

static int do_huge_memfd_x(int count, char **words) {
  (void)count;
  (void)words;
  int file = memfd_create("huge", MFD_HUGETLB);
  if (file < 0 || ftruncate(file, HUGE_PAGE) != 0)
    probe_setup_failed("memfd");
  void *writable = mmap(NULL, HUGE_PAGE, RW, MAP_SHARED, file, 0);
  if (writable == MAP_FAILED)
    probe_setup_failed("mmap");
  memcpy(writable, kCode, sizeof(kCode));
  void *code = mmap(NULL, HUGE_PAGE, RX, MAP_SHARED, file, 0);
  return code == MAP_FAILED ? errno : report_call(code);
}

static void *attach(int segment, int flags) {
  return shmat(segment, NULL, flags);
}

/* SysV shared memory: attached once to write and once with SHM_EXEC, or once for both. */
static int try_segment(int at_once) {
  int segment = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0777);
  char *memory = attach(segment, at_once ? SHM_EXEC : 0);
  int error = errno;
  char *code = memory;

  if (segment < 0 || (memory == (void *)-1 && !at_once))
    probe_setup_failed("shm");
  if (memory != (void *)-1) {
    memcpy(memory, kCode, sizeof(kCode));
    code = at_once ? memory : attach(segment, SHM_RDONLY | SHM_EXEC);
    error = errno;
  }
  shmctl(segment, IPC_RMID, NULL);
  return code == (void *)-1 ? error : report_call(code);
}

static int do_sysv_wx(int count, char **words) {
  (void)count;
  (void)words;
  return try_segment(1);
}

static int do_sysv_x(int count, char **words) {
  (void)count;
  (void)words;
  return try_segment(0);
}

static int memfd_with_code(void) {
  int file = memfd_create("code", MFD_ALLOW_SEALING);

  if (file < 0 || ftruncate(file, PAGE) != 0 || pwrite(file, kCode, sizeof(kCode), 0) < 0)
    probe_setup_failed("memfd");
  return file;
}

static int do_memfd_alias(int count, char **words) {
  (void)count;
  (void)words;
  return alias(memfd_with_code(), 0, MAP_SHARED);
}

/* F_SEAL_FUTURE_WRITE leaves the writable mapping that is there already. */
static int do_memfd_future(int count, char **words) {
  (void)count;
  (void)words;
  int file = memfd_with_code();
  uint8_t *writable = map_page(file, RW, MAP_SHARED);
  writable[1] = 7;
  if (fcntl(file, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0)
    probe_setup_failed("seal");
  void *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, file, 0);
  if (code == MAP_FAILED)
    return errno;
  writable[1] = 42;
  return report_call(code);
}

static int do_memfd_sealed_x(int count, char **words) {
  (void)count;
  (void)words;
  int file = memfd_with_code();
  int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (fcntl(file, F_ADD_SEALS, seals) != 0)
    probe_setup_failed("seal");
  void *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, file, 0);
  return code == MAP_FAILED ? errno : report_call(code);
}

/* A new file of ours, mapped twice. */
static int do_file_alias(int count, char **words) {
  (void)count;
  int file = probe_open(words[0], O_RDWR | O_CREAT | O_EXCL);
  unlink(words[0]);
  if (ftruncate(file, PAGE) != 0)
    probe_setup_failed("ftruncate");
  return alias(file, 0, MAP_PRIVATE);
}

/* A file that never had a name, and that nobody can write to any more. */
static int do_tmpfile_x(int count, char **words) {
  (void)count;
  char path[64];
  int file = probe_open(words[0], O_RDWR | O_TMPFILE);
  if (ftruncate(file, PAGE) != 0 || pwrite(file, kCode, sizeof(kCode), 0) < 0)
    probe_setup_failed("write");
  snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
  int again = probe_open(path, O_RDONLY);
  close(file);
  void *code = mmap(NULL, PAGE, RX, MAP_PRIVATE, again, 0);
  return code == MAP_FAILED ? errno : report_call(code);
}

/* Executable, made writable and not executable, changed, made executable again. */
static int do_mprotect_cycle(int count, char **words) {
  (void)count;
  void *memory = map_page(probe_open(words[0], O_RDONLY), RX, MAP_PRIVATE);
  if (mprotect(memory, PAGE, RW) != 0)
    probe_setup_failed("mprotect");
  return plant(memory, PAGE, 1);
}

/* remap_file_pages(2) maps anew with what the personality adds, and asked no security module for
 * that before 2024 (CVE-2024-47745). */
static int do_remap_file_pages(int count, char **words) {
  (void)count;
  (void)words;
  int file = memfd_create("code", 0);
  if (file < 0 || ftruncate(file, 2 * PAGE) != 0 ||
      pwrite(file, kCode, sizeof(kCode), PAGE) != sizeof(kCode))
    probe_setup_failed("memfd");
  void *memory = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED || personality(READ_IMPLIES_EXEC) < 0)
    probe_setup_failed("mmap");
  if (remap_file_pages(memory, PAGE, 0, 1, 0) != 0)
    return errno;
  if (!is_executable(memory))
    probe_setup_failed("executable after remap_file_pages");
  return report_call(memory);
}

/* Moves executable memory elsewhere: the same code at another address. */
static int do_mremap(int count, char **words) {
  (void)count;
  void *memory = map_page(probe_open(words[0], O_RDONLY), RX, MAP_PRIVATE);
  void *place = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) != place)
    return errno;
  puts(is_executable(place) ? "moved" : "moved, not executable");
  return 0;
}

/* Memory that the kernel shares with its callers can be mapped executable as well. */
static int do_ring_x(int count, char **words) {
  (void)count;
  (void)words;
  struct io_uring_params setup = {0};
  int ring = (int)syscall(SYS_io_uring_setup, 64, &setup);
  if (ring < 0)
    probe_setup_failed("io_uring_setup");
  return alias(ring, IORING_OFF_SQES, MAP_SHARED);
}

static int do_packet_x(int count, char **words) {
  (void)count;
  (void)words;
  struct tpacket_req wanted = {
      .tp_block_size = PAGE, .tp_block_nr = 1, .tp_frame_size = 2048, .tp_frame_nr = 2};
  if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
    probe_setup_failed("unshare");
  int ring = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  if (ring < 0 || setsockopt(ring, SOL_PACKET, PACKET_RX_RING, &wanted, sizeof(wanted)) != 0)
    probe_setup_failed("packet ring");
  return alias(ring, 0, MAP_SHARED);
}

/* Of a perf event only the page of control can be written to; the kernel uses its first half. */
static int do_perf_x(int count, char **words) {
  (void)count;
  (void)words;
  struct perf_event_attr wanted = {
      .type = PERF_TYPE_SOFTWARE, .size = sizeof(wanted), .config = PERF_COUNT_SW_DUMMY};
  int event = (int)syscall(SYS_perf_event_open, &wanted, 0, -1, -1, 0);
  if (event < 0)
    return errno;
  char *writable = mmap(NULL, PAGE, RW, MAP_SHARED, event, 0);
  if (writable == MAP_FAILED)
    probe_setup_failed("perf event");
  memcpy(writable + PAGE / 2, kCode, sizeof(kCode));
  char *code = mmap(NULL, PAGE, RX, MAP_SHARED, event, 0);
  return code == MAP_FAILED ? errno : report_call(code + PAGE / 2);
}

const struct probe_verb kMemoryVerbs[] = {
    {"pkey-mprotect-x", do_pkey_mprotect_x, 0, "  anonymous memory, by pkey_mprotect"},
    {"shared-anon-wx", do_shared_anon_wx, 0, "  shared anonymous, writable and executable"},
    {"shared-anon-mprotect-x", do_shared_anon_mprotect_x, 0, "  shared anonymous, by mprotect"},
    {"zero-wx", do_zero_wx, 0, "  private mapping of /dev/zero, writable and executable"},
    {"zero-mprotect-x", do_zero_mprotect_x, 0, "  the same by mprotect"},
    {"huge-wx", do_huge_wx, 0, "  huge pages, writable and executable"},
    {"huge-mprotect-x", do_huge_mprotect_x, 0, "  huge pages, by mprotect"},
    {"huge-memfd-x", do_huge_memfd_x, 0, "  memfd of huge pages, mapped twice"},
    {"sysv-wx", do_sysv_wx, 0, "  SysV segment, attached writable and executable"},
    {"sysv-x", do_sysv_x, 0, "  SysV segment, attached twice"},
    {"memfd-alias", do_memfd_alias, 0, "  memfd, mapped twice"},
    {"memfd-future", do_memfd_future, 0, "  memfd with an older writable mapping, sealed since"},
    {"memfd-sealed-x", do_memfd_sealed_x, 0, "  sealed memfd of our own bytes"},
    {"file-alias", do_file_alias, 1, "PATH  new file, mapped twice"},
    {"tmpfile-x", do_tmpfile_x, 1, "FOLDER  file without a name"},
    {"mprotect-cycle", do_mprotect_cycle, 1, "PATH  executable, writable, executable"},
    {"remap-file-pages", do_remap_file_pages, 0, "  remap_file_pages under READ_IMPLIES_EXEC"},
    {"mremap", do_mremap, 1, "PATH  moves an executable mapping"},
    {"ring-x", do_ring_x, 0, "  memory of an io_uring"},
    {"packet-x", do_packet_x, 0, "  ring of a packet socket"},
    {"perf-x", do_perf_x, 0, "  buffer of a perf event"},
    {0},
};
