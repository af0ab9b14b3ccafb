/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file's name says of it. Names are judged by their ends, which are compared as numbers. */
#ifndef WARRANT_NAMES_BPF_H
#define WARRANT_NAMES_BPF_H

#include "maps.bpf.h"
#include "suffixes.h"

static __always_inline int w_is_same_name(const struct w_name *a, const struct w_name *b) {
  return a->words[0] == b->words[0] && a->words[1] == b->words[1];
}

static __always_inline int w_has_name(const struct w_name *name) {
  return name->words[1] != 0;
}

/* Up to 8 characters before `end`, the last one in the highest byte. Memory of the kernel may be
 * read beyond a short name: what is read is shifted out. */
static __always_inline __u64 w_word_before(const unsigned char *begin, __u64 length, __u64 end) {
  __u64 word = 0;

  if (end == 0 || end > length)
    return 0;
  if (end >= 8) {
    bpf_probe_read_kernel(&word, sizeof(word), begin + (end - 8));
    return word;
  }
  bpf_probe_read_kernel(&word, sizeof(word), begin);
  return word << ((8 - end) * 8);
}

static __always_inline struct w_name w_name_in(const unsigned char *begin, __u64 length) {
  struct w_name name = {{w_word_before(begin, length, length < 8 ? 0 : length - 8),
                         w_word_before(begin, length, length)}};

  return name;
}

static __always_inline struct w_name w_name_of_dentry(struct dentry *dentry) {
  return w_name_in(BPF_CORE_READ(dentry, d_name.name), BPF_CORE_READ(dentry, d_name.len));
}

/* Of a path: leaves only what follows the last slash. */
static __noinline int w_cut_path(struct w_name *name) {
  __u8 *bytes = (__u8 *)name->words;
  __u8 keep = 0xff;

  for (int i = W_NAME_TAIL - 1; i >= 0; i--) {
    keep = bytes[i] == '/' ? 0 : keep;
    bytes[i] &= keep;
  }
  return 0;
}

#define W_CHARACTER(text, place) \
  ((place) < sizeof(text) - 1 ? (__u64)(__u8)(text)[(place) < sizeof(text) - 1 ? (place) : 0] : 0)
#define W_WORD(text, at)                                                   \
  (W_CHARACTER(text, (at) + 0) << 0 | W_CHARACTER(text, (at) + 1) << 8 |   \
   W_CHARACTER(text, (at) + 2) << 16 | W_CHARACTER(text, (at) + 3) << 24 | \
   W_CHARACTER(text, (at) + 4) << 32 | W_CHARACTER(text, (at) + 5) << 40 | \
   W_CHARACTER(text, (at) + 6) << 48 | W_CHARACTER(text, (at) + 7) << 56)

/* `end`: the last 8 characters of a name. Global, so that the verifier walks it once. */
__noinline int w_has_code_suffix(__u64 end) {
#define W_SUFFIX_TEST(suffix)                                      \
  _Static_assert(sizeof(suffix) - 1 <= W_SUFFIX_MAX, suffix);      \
  if (end >> (64 - 8 * (sizeof(suffix) - 1)) == W_WORD(suffix, 0)) \
    return 1;
  W_CODE_SUFFIXES(W_SUFFIX_TEST)
#undef W_SUFFIX_TEST
  return 0;
}

/* As long as the ends of libraries' names are: ".so", or ".so." and their version. */
#define W_LIBRARY_TAIL 24

/* Whether the name is one of a library, which is judged when it is mapped. */
static __noinline int w_is_library_name(struct dentry *dentry) {
  const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
  __u64 length = BPF_CORE_READ(dentry, d_name.len);
  char tail[W_LIBRARY_TAIL + 4] = {};

  if (length > W_LIBRARY_TAIL)
    name += length - W_LIBRARY_TAIL;
  bpf_probe_read_kernel_str(tail, W_LIBRARY_TAIL + 1, name);
  for (int i = 0; i < W_LIBRARY_TAIL; i++) {
    if (tail[i] == '.' && tail[i + 1] == 's' && tail[i + 2] == 'o' &&
        (tail[i + 3] == '.' || tail[i + 3] == 0))
      return 1;
  }
  return 0;
}

#endif
