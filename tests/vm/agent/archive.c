// SPDX-License-Identifier: Apache-2.0
#include "archive.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK 512

/* nftw gives its callback no room for a pointer of ours. */
static int device_file = -1;

/* struct posix_header of POSIX.1-1988 ustar; only the fields that are needed here are filled. */
struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
  char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};

static int put(const void *data, size_t size) {
  return write(device_file, data, size) == (ssize_t)size ? 0 : -1;
}

static int put_header(const char *path, const struct stat *info, char type, off_t size) {
  struct header header = {.type = type, .magic = "ustar", .version = {'0', '0'}};
  unsigned sum = 0;

  if (snprintf(header.name, sizeof(header.name), "%s", path + 1) >= (int)sizeof(header.name))
    return 1; /* too long for this archive: left out */
  snprintf(header.mode, 8, "%07o", info->st_mode & 07777u);
  snprintf(header.uid, 8, "%07o", info->st_uid & 07777777u);
  snprintf(header.gid, 8, "%07o", info->st_gid & 07777777u);
  snprintf(header.size, 12, "%011llo", (unsigned long long)size & 077777777777ull);
  snprintf(header.mtime, 12, "%011llo", (unsigned long long)info->st_mtime & 077777777777ull);
  memset(header.checksum, ' ', sizeof(header.checksum));
  for (size_t i = 0; i < sizeof(header); i++)
    sum += ((unsigned char *)&header)[i];
  snprintf(header.checksum, sizeof(header.checksum), "%06o", sum & 0777777u);
  return put(&header, sizeof(header));
}

/* Exactly `size` bytes even if the file changes meanwhile: what is missing becomes zeros. */
static int put_content(const char *path, off_t size) {
  char block[65536];
  int file = open(path, O_RDONLY | O_CLOEXEC);
  int result = 0;

  for (off_t left = (size + BLOCK - 1) / BLOCK * BLOCK; left > 0 && result == 0;) {
    size_t part = left < (off_t)sizeof(block) ? (size_t)left : sizeof(block);
    memset(block, 0, part);
    for (size_t got = 0; got < part;) {
      ssize_t more = read(file, block + got, part - got);
      if (more <= 0)
        break;
      got += (size_t)more;
    }
    result = put(block, part);
    left -= (off_t)part;
  }
  if (file >= 0)
    close(file);
  return result;
}

static int put_entry(const char *path, const struct stat *info, int type, struct FTW *place) {
  (void)type;
  (void)place;
  if (!S_ISREG(info->st_mode))
    return 0;
  int result = put_header(path, info, '0', info->st_size);
  if (result != 0)
    return result < 0 ? -1 : 0;
  return put_content(path, info->st_size);
}

int archive_write(const char *device, char *const paths[]) {
  char end[2 * BLOCK] = {0};
  int result = 0;

  device_file = open(device, O_WRONLY | O_CLOEXEC);
  if (device_file < 0)
    return -errno;
  for (int i = 0; paths[i] != NULL && result == 0; i++)
    if (nftw(paths[i], put_entry, 16, FTW_PHYS) != 0 && errno != ENOENT)
      result = -errno;
  if (result == 0 && (put(end, sizeof(end)) != 0 || fsync(device_file) != 0))
    result = -errno;
  close(device_file);
  return result;
}
