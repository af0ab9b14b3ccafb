// SPDX-License-Identifier: Apache-2.0
// The probe asks the kernel for exactly one thing and says exactly what it was answered, so that a
// probe that broke for another reason can never pass as a denial:
//   exit 0              the kernel did it
//   exit E, `errno=E..` the kernel refused the thing itself with errno E
//   exit 200            no such verb, or wrong arguments
//   exit 201, `setup..` something that comes before the thing failed
#pragma once

#define PROBE_USAGE 200
#define PROBE_SETUP 201

/// A verb gets the words after its own name (NULL-terminated, `count` of them). It returns 0, or
/// the errno of the thing under test; setup failures end the process by themselves.
struct probe_verb {
  const char *name;
  int (*act)(int count, char **words);
  int least; /* words that it needs */
  const char *help;
};

extern const struct probe_verb kExecVerbs[];
extern const struct probe_verb kMapVerbs[];
extern const struct probe_verb kWriteVerbs[];
extern const struct probe_verb kManyVerbs[];
extern const struct probe_verb kRaceVerbs[];
extern const struct probe_verb kLatencyVerbs[];
extern const struct probe_verb kMemoryVerbs[];
extern const struct probe_verb kEntryVerbs[];
extern const struct probe_verb kNamespaceVerbs[];
extern const struct probe_verb kUserlandVerbs[];
extern const struct probe_verb kChangeVerbs[];
extern const struct probe_verb kWriterVerbs[];
extern const struct probe_verb kNameVerbs[];
extern const struct probe_verb kOverlayVerbs[];
extern const struct probe_verb kPlaceVerbs[];
extern const struct probe_verb kProcessVerbs[];
extern const struct probe_verb kScriptVerbs[];
extern const struct probe_verb kInjectVerbs[];
extern const struct probe_verb kServedVerbs[];
extern const struct probe_verb kPinVerbs[];
extern const struct probe_verb kPinnedVerbs[];
extern const struct probe_verb kBelowVerbs[];
extern const struct probe_verb kRewriteVerbs[];
extern const struct probe_verb kBpfVerbs[];
extern const struct probe_verb kDoorVerbs[];
extern const struct probe_verb kIntrudeVerbs[];
extern const struct probe_verb kStaleVerbs[];
extern const struct probe_verb kDirectVerbs[];
extern const struct probe_verb kQuotaVerbs[];
extern const struct probe_verb kDecoyVerbs[];
extern const struct probe_verb kRecurVerbs[];
extern const struct probe_verb kStormVerbs[];
extern const struct probe_verb kSuperviseVerbs[];
extern const struct probe_verb kTpmVerbs[];
extern const struct probe_verb kLeaseVerbs[];
extern const struct probe_verb kTurncoatVerbs[];
extern const struct probe_verb kWorkerVerbs[];

/* Standard output to nowhere, until it is shown again. */
int hide_output(void);
void show_output(int before);

/// Ends the process with PROBE_SETUP and says what failed, with errno.
void probe_setup_failed(const char *what) __attribute__((noreturn));
/// Opens or gives up as a setup failure.
int probe_open(const char *path, int flags);
/// Makes the process root of a user and a mount namespace of its own, or gives up as a setup
/// failure.
void enter_namespaces(void);
/// Environment for programs that the probe starts.
extern char **environ;
