// SPDX-License-Identifier: Apache-2.0
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "code.h"
#include "probe.h"

#define FILE_NODE 2
#define LIMIT (1 << 20) /* of one file */

struct content {
  char *bytes;
  size_t size;
};

struct server {
  int device;
  struct content contents[2];
  struct fuse_state *state;
};

static struct content read_content(const char *path) {
  struct content content = {malloc(LIMIT), 0};
  int file = probe_open(path, O_RDONLY);
  ssize_t size = content.bytes == NULL ? -1 : read(file, content.bytes, LIMIT);

  if (size < 0)
    probe_setup_failed(path);
  content.size = (size_t)size;
  close(file);
  return content;
}

static void reply(const struct server *server, uint64_t unique, int error, const void *data,
                  size_t size) {
  struct fuse_out_header header = {(uint32_t)(sizeof(header) + size), error, unique};
  struct iovec parts[2] = {{&header, sizeof(header)}, {(void *)data, size}};

  if (writev(server->device, parts, 2) < 0 && errno != ENOENT)
    _exit(1);
}

static struct fuse_attr attributes(const struct server *server, uint64_t node) {
  const struct content *content = &server->contents[server->state->which];
  struct fuse_attr attr = {.ino = node, .nlink = 1};

  attr.mode = node == FUSE_ROOT_ID ? S_IFDIR | 0755 : S_IFREG | 0755;
  attr.size = node == FUSE_ROOT_ID ? 0 : content->size;
  attr.blocks = attr.size / 512 + 1;
  attr.blksize = PAGE;
  return attr;
}

static void answer_read(const struct server *server, uint64_t unique,
                        const struct fuse_read_in *wanted) {
  struct fuse_state *state = server->state;

  if (state->stalls) {
    state->waiting = 1;
    while (!state->go)
      usleep(1000);
  }
  const struct content *content = &server->contents[state->which];
  size_t from = wanted->offset > content->size ? content->size : wanted->offset;
  size_t size = content->size - from < wanted->size ? content->size - from : wanted->size;
  reply(server, unique, 0, content->bytes + from, size);
}

static void answer(const struct server *server, const struct fuse_in_header *header,
                   const void *body) {
  struct fuse_init_out init = {.major = FUSE_KERNEL_VERSION,
                               .minor = 31,
                               .max_readahead = 0,
                               .max_write = 65536,
                               .time_gran = 1};
  struct fuse_entry_out entry = {.nodeid = FILE_NODE, .attr = attributes(server, FILE_NODE)};
  struct fuse_attr_out attr = {.attr = attributes(server, header->nodeid)};
  struct fuse_open_out opened = {0};

  switch (header->opcode) {
    case FUSE_INIT:
      return reply(server, header->unique, 0, &init, sizeof(init));
    case FUSE_LOOKUP:
      if (strcmp(body, "program") != 0)
        return reply(server, header->unique, -ENOENT, NULL, 0);
      return reply(server, header->unique, 0, &entry, sizeof(entry));
    case FUSE_GETATTR:
      return reply(server, header->unique, 0, &attr, sizeof(attr));
    case FUSE_OPEN:
      return reply(server, header->unique, 0, &opened, sizeof(opened));
    case FUSE_READ:
      return answer_read(server, header->unique, body);
    case FUSE_RELEASE:
    case FUSE_FLUSH:
      return reply(server, header->unique, 0, NULL, 0);
    case FUSE_FORGET:
    case FUSE_BATCH_FORGET:
      return;
    default:
      return reply(server, header->unique, -ENOSYS, NULL, 0);
  }
}

static void serve(const struct server *server) {
  static char request[FUSE_MIN_READ_BUFFER + 65536];
  ssize_t size;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while ((size = read(server->device, request, sizeof(request))) > 0 || errno == EINTR)
    if (size > 0)
      answer(server, (const struct fuse_in_header *)request,
             request + sizeof(struct fuse_in_header));
  _exit(0);
}

struct fuse_state *fuse_serve(const char *first, const char *second, pid_t *server) {
  char options[128];
  struct server data = {.contents = {read_content(first), read_content(second)}};

  data.state = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (data.state == MAP_FAILED)
    probe_setup_failed("shared state");
  take_mounts();
  data.device = probe_open("/dev/fuse", O_RDWR | O_CLOEXEC);
  snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%d,group_id=%d", data.device,
           (int)geteuid(), (int)getegid());
  if (mount("probe", FUSE_PLACE, "fuse", MS_NODEV, options) != 0)
    probe_setup_failed("fuse mount");
  *server = fork();
  if (*server == 0)
    serve(&data);
  if (*server < 0)
    probe_setup_failed("server");
  close(data.device); /* so that requests fail, and do not wait, when the server is gone */
  return data.state;
}
