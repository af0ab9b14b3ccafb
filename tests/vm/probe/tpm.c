// SPDX-License-Identifier: Apache-2.0
// Commands for the TPM, as bytes (TPM 2.0 Library, part 3). What the driver refuses is told by its
// errno; what the TPM itself refuses by `rc=0x...` and EREMOTEIO.
#include "tpm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

#define TPM "/dev/tpmrm0" /* the kernel's resource manager: beside other users of the TPM */
#define SESSIONS 0x8002
#define NO_SESSIONS 0x8001
#define CC_CLEAR 0x126
#define CC_CREATE_PRIMARY 0x131
#define CC_PCR_RESET 0x13D
#define CC_PCR_READ 0x17E
#define CC_PCR_EXTEND 0x182
#define CC_QUOTE 0x158
#define CC_READ_CLOCK 0x181
#define RH_OWNER 0x40000001
#define RH_LOCKOUT 0x4000000A
#define RS_PW 0x40000009
#define ALG_SHA1 0x0004
#define ALG_SHA256 0x000B
#define ALG_NULL 0x0010
#define HEADER 10

struct message {
  uint8_t data[4096];
  size_t size;
};

static void put(struct message *message, uint64_t value, size_t bytes) {
  while (bytes > 0)
    message->data[message->size++] = (uint8_t)(value >> (8 * --bytes));
}

static uint32_t get(const uint8_t *data, size_t bytes) {
  uint32_t value = 0;

  for (size_t i = 0; i < bytes; i++)
    value = value << 8 | data[i];
  return value;
}

static struct message begin(uint16_t tag, uint32_t command) {
  struct message message = {.size = 0};

  put(&message, tag, 2);
  put(&message, 0, 4);
  put(&message, command, 4);
  return message;
}

/* The empty password of that handle. */
static void put_authorized(struct message *message, uint32_t handle) {
  put(message, handle, 4);
  put(message, 9, 4);
  put(message, RS_PW, 4);
  put(message, 0, 2 + 1 + 2);
}

/* Sends it; the answer takes its place. */
static int exchange(struct message *message) {
  struct timespec start, end;
  static int tpm = -1; /* one descriptor: what is loaded by it goes when it is closed */
  struct message size = {.size = 0};

  if (tpm < 0)
    tpm = open(TPM, O_RDWR | O_CLOEXEC);
  if (tpm < 0)
    return errno;
  put(&size, message->size, 4);
  memcpy(message->data + 2, size.data, 4);
  clock_gettime(CLOCK_MONOTONIC, &start);
  ssize_t done = write(tpm, message->data, message->size);
  if (done >= 0)
    done = read(tpm, message->data, sizeof(message->data));
  int error = done < 0 ? errno : 0;
  clock_gettime(CLOCK_MONOTONIC, &end);
  long long took = (end.tv_sec - start.tv_sec) * 1000LL + (end.tv_nsec - start.tv_nsec) / 1000000;
  printf("seconds=%lld ms=%lld\n", took / 1000, took);
  if (error == 0 && done < HEADER)
    error = EBADMSG;
  if (error != 0)
    return error;
  message->size = (size_t)done;
  uint32_t code = get(message->data + 6, 4);
  if (code != 0)
    printf("rc=0x%x\n", code);
  return code == 0 ? 0 : EREMOTEIO;
}

static int bank_of(const char *name) {
  if (name != NULL && strcmp(name, "sha1") == 0)
    return ALG_SHA1;
  return ALG_SHA256;
}

static int extend(const char *pcr, int bank) {
  struct message message = begin(SESSIONS, CC_PCR_EXTEND);

  put_authorized(&message, (uint32_t)atoi(pcr));
  put(&message, 1, 4);
  put(&message, (uint64_t)bank, 2);
  for (int i = 0; i < (bank == ALG_SHA1 ? 20 : 32); i++)
    put(&message, 'W', 1);
  return exchange(&message);
}

int tpm_extend(const char *pcr) {
  return extend(pcr, ALG_SHA256);
}

static int do_extend(int count, char **words) {
  return extend(words[0], bank_of(count > 1 ? words[1] : NULL));
}

static int do_read(int count, char **words) {
  struct message message = begin(NO_SESSIONS, CC_PCR_READ);
  int pcr = atoi(words[0]);

  put(&message, 1, 4);
  put(&message, (uint64_t)bank_of(count > 1 ? words[1] : NULL), 2);
  put(&message, 3, 1);
  for (int i = 0; i < 3; i++)
    put(&message, pcr / 8 == i ? 1u << pcr % 8 : 0, 1);
  int error = exchange(&message);
  const size_t digest =
      HEADER + 4 + 10 + 4; /* after the counter, the selection, and how many there are */
  if (error != 0)
    return error;
  if (message.size <= digest + 2)
    return ENODATA; /* no such bank */
  printf("pcr=");
  for (size_t i = 0; i < get(message.data + digest, 2); i++)
    printf("%02x", message.data[digest + 2 + i]);
  printf("\n");
  return 0;
}

static int do_reset(int count, char **words) {
  (void)count;
  struct message message = begin(SESSIONS, CC_PCR_RESET);

  put_authorized(&message, (uint32_t)atoi(words[0]));
  return exchange(&message);
}

static int do_clock(int count, char **words) {
  (void)count;
  (void)words;
  struct message message = begin(NO_SESSIONS, CC_READ_CLOCK);
  int error = exchange(&message);

  if (error == 0)
    printf("resets=%u restarts=%u\n", get(message.data + HEADER + 16, 4),
           get(message.data + HEADER + 20, 4));
  return error;
}

static int do_clear(int count, char **words) {
  (void)count;
  (void)words;
  struct message message = begin(SESSIONS, CC_CLEAR);

  put_authorized(&message, RH_LOCKOUT);
  return exchange(&message);
}

/* A restricted signing key of the owner's, ECDSA over P-256: the same one each time. */
static int load_key(uint32_t *key) {
  static const uint8_t kPublic[] = {
      0x00, 0x23, 0x00, ALG_SHA256, 0x00, 0x05, 0x04, 0x72,     /* ECC; fixed, restricted, signs */
      0x00, 0x00, 0x00, ALG_NULL,                               /* no policy, no symmetric */
      0x00, 0x18, 0x00, ALG_SHA256, 0x00, 0x03, 0x00, ALG_NULL, /* ECDSA, P-256, no KDF */
      0x00, 0x00, 0x00, 0x00};
  struct message message = begin(SESSIONS, CC_CREATE_PRIMARY);

  put_authorized(&message, RH_OWNER);
  put(&message, 4, 2); /* neither password nor data */
  put(&message, 0, 4);
  put(&message, sizeof(kPublic), 2);
  for (size_t i = 0; i < sizeof(kPublic); i++)
    put(&message, kPublic[i], 1);
  put(&message, 0, 2 + 4); /* no outside information, no PCRs */
  int error = exchange(&message);
  if (error == 0)
    *key = get(message.data + HEADER, 4);
  return error;
}

/* Prints the nonce that is in what the TPM signed. */
static int do_quote(int count, char **words) {
  (void)count;
  uint32_t key;
  int error = load_key(&key);
  if (error != 0)
    return error;
  struct message message = begin(SESSIONS, CC_QUOTE);
  put_authorized(&message, key);
  put(&message, strlen(words[0]), 2);
  for (const char *byte = words[0]; *byte != 0; byte++)
    put(&message, (uint8_t)*byte, 1);
  put(&message, ALG_NULL, 2);
  put(&message, 1, 4);
  put(&message, ALG_SHA256, 2);
  put(&message, 0x03ff0000, 4); /* three bytes: PCRs 0 to 7 */
  error = exchange(&message);
  if (error != 0)
    return error;
  const uint8_t *nonce = message.data + HEADER + 4 + 2 + 6; /* sizes, magic and type */
  nonce += 2 + get(nonce, 2);                               /* whose key it is */
  printf("nonce=%.*s\n", (int)get(nonce, 2), (const char *)nonce + 2);
  return 0;
}

const struct probe_verb kTpmVerbs[] = {
    {"tpm-extend", do_extend, 1,
     "PCR [sha1]  another measurement in that PCR (SHA-256 bank, or SHA-1)"},
    {"tpm-read", do_read, 1, "PCR [sha1]  what is in it"},
    {"tpm-quote", do_quote, 1,
     "NONCE  of PCRs 0 to 7, by a key made for it; the nonce in the answer"},
    {"tpm-reset", do_reset, 1, "PCR  sets it to zeroes"},
    {"tpm-clock", do_clock, 0, "  how often it was reset, and resumed since"},
    {"tpm-clear", do_clear, 0,
     "  takes the owner's keys away, with the empty password of the lockout"},
    {0},
};
