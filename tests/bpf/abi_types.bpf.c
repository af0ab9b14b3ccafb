/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An object without programs that holds the BTF of the whole contract. The real object carries the
 * structs that it uses, but no enum, since the fields that hold them are bytes.
 */
#include "tests/bpf/abi_types.h"

#include "bpf/abi.h"

#define KEEP_STRUCT(name) struct name kept_##name;
#define KEEP_ENUM(name) enum name kept_##name;

W_ABI_STRUCTS(KEEP_STRUCT)
W_ABI_ENUMS(KEEP_ENUM)
