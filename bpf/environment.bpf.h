/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The environment of a new image: whether it holds a variable by which whoever executes a script
 * could make the script's interpreter run something else. Looked at when the exec is committed: by
 * then the strings lie in memory that nobody else has, and nothing has run yet.
 */
#ifndef WARRANT_ENVIRONMENT_BPF_H
#define WARRANT_ENVIRONMENT_BPF_H

#include "conclude.bpf.h"
#include "names.bpf.h"

/* Beginnings of such variables, of at most 24 characters; docs/interpreters.md says what each does.
 */
/* clang-format off */
#define W_STEERING_VARIABLES(X) \
  X("BASH_ENV=") \
  X("BASH_FUNC_") \
  X("BASH_LOADABLES_PATH=") \
  X("BASHOPTS=") \
  X("SHELLOPTS=") \
  X("ENV=") \
  X("PS4=") \
  X("FPATH=") \
  X("CDPATH=") \
  X("TEXTDOMAIN") \
  X("ZDOTDIR=") \
  X("PYTHONPATH=") \
  X("PYTHONHOME=") \
  X("PYTHONSTARTUP=") \
  X("PYTHONINSPECT=") \
  X("PYTHONUSERBASE=") \
  X("PYTHONPLATLIBDIR=") \
  X("PYTHONPYCACHEPREFIX=") \
  X("PYTHONBREAKPOINT=") \
  X("PYTHONWARNINGS=") \
  X("PYTHON_PRESITE=") \
  X("PERL5") \
  X("PERLLIB=") \
  X("PERL_USE_UNSAFE_INC=") \
  X("RUBYOPT=") \
  X("RUBYLIB=") \
  X("RUBYGEMS_GEMDEPS=") \
  X("GEM_HOME=") \
  X("GEM_PATH=") \
  X("GEMRC=") \
  X("BUNDLE") \
  X("NODE_OPTIONS=") \
  X("NODE_PATH=") \
  X("NODE_COMPILE_CACHE=") \
  X("NODE_PRESERVE_SYMLINKS") \
  X("DENO_DIR=") \
  X("LUA_") \
  X("AWKPATH=") \
  X("AWKLIBPATH=") \
  X("GAWK_PERSIST_FILE=") \
  X("JAVA_TOOL_OPTIONS=") \
  X("JDK_JAVA_OPTIONS=") \
  X("_JAVA_OPTIONS=") \
  X("OPENJ9_JAVA_OPTIONS=") \
  X("IBM_JAVA_OPTIONS=") \
  X("CLASSPATH=") \
  X("PHPRC=") \
  X("PHP_INI_SCAN_DIR=") \
  X("TCL") \
  X("TK_LIBRARY=")
/* clang-format on */

#define W_LOW_BYTES(count) \
  ((count) >= 8 ? ~0ull : (count) <= 0 ? 0ull : (1ull << (8 * ((count)&7))) - 1)
#define W_BEGINS(word, text, at) \
  (((word)&W_LOW_BYTES((int)sizeof(text) - 1 - (at))) == W_WORD(text, at))

/* The first 24 characters of a variable. Global, so that the verifier walks it once. */
__noinline int w_is_steering(__u64 first, __u64 second, __u64 third) {
#define W_STEERING_TEST(text)                                                             \
  _Static_assert(sizeof(text) - 1 <= 24, text);                                           \
  if (W_BEGINS(first, text, 0) && W_BEGINS(second, text, 8) && W_BEGINS(third, text, 16)) \
    return 1;
  W_STEERING_VARIABLES(W_STEERING_TEST)
#undef W_STEERING_TEST
  return 0;
}

/* A walk over the strings of a new image: first its arguments, then its environment. */
struct w_strings {
  char *room; /* of W_PATH_SIZE bytes */
  __u64 address;
  __u32 skip;      /* strings before the environment */
  __u32 left;      /* strings of the environment */
  __u32 is_inside; /* what comes next is the rest of a string */
  __u32 found;
  __u32 arguments;
  __u32 goes_on; /* W_GOES_ON, W_LATE_OPTION, or 0 */
};

#define W_GOES_ON 1
#define W_LATE_OPTION 2

/*
 * Whether options may stand behind the script, as far as that is known after so many arguments and
 * one more: where the first line has -f or --file, as awk's has, the script is the argument of
 * that. A shell's -f takes none. The arguments are: interpreter, option of the first line, script,
 * those of the caller. `end`: the last two characters. Global, so that the verifier walks it once.
 */
__noinline int w_look_at_argument(__u32 number, __u32 first, __u32 end, __u32 known) {
  if (number == 0)
    return end == ('s' << 8 | 'h') ? 0 : W_GOES_ON;
  if (number == 1)
    return first == '-' && ((end & 0xff) == 'f' || end == ('l' << 8 | 'e')) ? known : 0;
  return number > 2 && first == '-' && known ? W_LATE_OPTION : known;
}

static __always_inline int w_is_late_option(struct w_strings *strings, long size) {
  const __u8 *text = (const __u8 *)strings->room;
  __u32 end = text[(size - 3) & (W_PATH_SIZE - 1)] << 8 | text[(size - 2) & (W_PATH_SIZE - 1)];

  strings->goes_on =
      w_look_at_argument(strings->arguments - strings->skip, text[0], end, strings->goes_on);
  return strings->goes_on == W_LATE_OPTION;
}

static __always_inline long w_read_string(struct w_strings *strings) {
  long got = bpf_probe_read_user_str(strings->room, W_PATH_SIZE, (void *)strings->address);
  char touch;

  if (got > 0)
    return got;
  /* The page may have been taken away since the kernel wrote it. */
  if (bpf_copy_from_user(&touch, sizeof(touch), (void *)strings->address) != 0)
    return -1;
  /* So may the next, if it goes on there; behind the last string there may be none. */
  (void)bpf_copy_from_user(&touch, sizeof(touch), (void *)(strings->address + W_PATH_SIZE - 1));
  return bpf_probe_read_user_str(strings->room, W_PATH_SIZE, (void *)strings->address);
}

static long w_visit_string(__u32 index, struct w_strings *strings) {
  const __u64 *words = (const __u64 *)strings->room;
  long got = w_read_string(strings);

  if (got <= 0 || got > W_PATH_SIZE)
    return 1;
  if (!strings->is_inside && (strings->skip == 0 ? w_is_steering(words[0], words[1], words[2])
                                                 : w_is_late_option(strings, got))) {
    strings->found = 1;
    return 1;
  }
  /* A string that fills the room may go on: its last byte is left to the next round. */
  strings->is_inside = got == W_PATH_SIZE;
  strings->address += strings->is_inside ? got - 1 : got;
  if (strings->is_inside)
    return 0;
  if (strings->skip)
    strings->skip--;
  else
    strings->left--;
  return strings->skip == 0 && strings->left == 0;
}

/* More is not looked at, and counts as if it steered. */
#define W_MAX_STRINGS (1u << 16)

static __always_inline int w_is_steered(struct w_task *task, struct linux_binprm *bprm) {
  /* 0, which the verifier must not know: 6.1's walks what a loop calls once, with the values of the
   * first time, and takes out what no first time comes to. */
  __u32 none = (__u32)bprm->argc >> 31;
  struct w_strings strings = {.room = task->event.path,
                              .address = bprm->p,
                              .skip = bprm->argc,
                              .left = bprm->envc,
                              .is_inside = none,
                              .arguments = bprm->argc,
                              .goes_on = none};

  bpf_loop(W_MAX_STRINGS, w_visit_string, &strings, 0);
  return strings.found || strings.skip || strings.left;
}

/*
 * An interpreter that was let in for a script's sake is asked about again now that its environment
 * can be read: nothing can be refused any more, but nothing of the image has run yet. Returns
 * whether it must not.
 */
static __noinline int w_is_misled(struct linux_binprm *bprm) {
  struct w_context *context = w_context();
  struct w_task *task = w_enter(context);
  struct w_facts *facts;

  if (!task || !context)
    return w_conclude_blind();
  if (!w_is_steered(task, bprm)) {
    w_leave(task);
    return 0;
  }
  facts = w_begin(task, W_HOOK_BPRM_COMMITTED, W_REQUEST_CHECK);
  facts->chain = context->chain > 255 ? 255 : context->chain;
  facts->flags |= W_FACT_STEERED;
  facts->measure = W_MEASURE_CACHED;
  facts->digest_kind = context->pending_image.digest_kind;
  __builtin_memcpy(facts->digest, context->pending_image.digest, W_DIGEST_SIZE);
  task->event.exec = context->pending.lineage;
  w_gather_grants(task);
  return w_conclude_file(task, bprm->file);
}

#endif
