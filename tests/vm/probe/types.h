// SPDX-License-Identifier: Apache-2.0
// BTF as it lies in memory.
#pragma once

#include <linux/btf.h>
#include <stddef.h>

/// Bytes that follow a type, by its kind (Documentation/bpf/btf.rst).
size_t tail_of(const struct btf_type *type);
