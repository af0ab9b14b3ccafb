// SPDX-License-Identifier: Apache-2.0
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct probe_verb *const kTables[] = {
    kExecVerbs,      kMapVerbs,     kWriteVerbs,     kManyVerbs,     kRaceVerbs,   kLatencyVerbs,
    kMemoryVerbs,    kEntryVerbs,   kNamespaceVerbs, kUserlandVerbs, kChangeVerbs, kWriterVerbs,
    kNameVerbs,      kOverlayVerbs, kPlaceVerbs,     kProcessVerbs,  kInjectVerbs, kServedVerbs,
    kPinVerbs,       kBelowVerbs,   kScriptVerbs,    kRewriteVerbs,  kBpfVerbs,    kDoorVerbs,
    kIntrudeVerbs,   kPinnedVerbs,  kStaleVerbs,     kDecoyVerbs,    kRecurVerbs,  kStormVerbs,
    kSuperviseVerbs, kTpmVerbs,     kLeaseVerbs,     kTurncoatVerbs, kWorkerVerbs, kDirectVerbs,
    kQuotaVerbs,
};
#define TABLES (sizeof(kTables) / sizeof(kTables[0]))

void probe_setup_failed(const char *what) {
  printf("setup %s: %s\n", what, strerrorname_np(errno));
  exit(PROBE_SETUP);
}

int probe_open(const char *path, int flags) {
  int file = open(path, flags, 0600);

  if (file < 0)
    probe_setup_failed(path);
  return file;
}

static int usage(void) {
  for (size_t i = 0; i < TABLES; i++)
    for (const struct probe_verb *verb = kTables[i]; verb->name != NULL; verb++)
      printf("probe %s %s\n", verb->name, verb->help);
  return PROBE_USAGE;
}

static const struct probe_verb *find_verb(const char *name) {
  for (size_t i = 0; i < TABLES; i++)
    for (const struct probe_verb *verb = kTables[i]; verb->name != NULL; verb++)
      if (strcmp(verb->name, name) == 0)
        return verb;
  return NULL;
}

int main(int count, char **words) {
  const struct probe_verb *verb = count > 1 ? find_verb(words[1]) : NULL;

  setvbuf(stdout, NULL, _IONBF, 0);
  if (verb == NULL || count - 2 < verb->least)
    return usage();
  int error = verb->act(count - 2, words + 2);
  if (error != 0)
    printf("errno=%s\n", strerrorname_np(error));
  return error;
}
