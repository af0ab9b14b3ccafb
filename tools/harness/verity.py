# SPDX-License-Identifier: Apache-2.0
"""What the kernel calls the fs-verity digest of a file: SHA-256, 4 KiB blocks, no salt
(Documentation/filesystems/fsverity.rst)."""
import hashlib
import struct

BLOCK = 4096
SHA256 = 1


def _blocks(data):
    return [data[start:start + BLOCK].ljust(BLOCK, b"\0") for start in range(0, len(data), BLOCK)]


def root_hash(data):
    """Of the Merkle tree; an empty file has none (all zero)."""
    if not data:
        return bytes(32)
    hashes = [hashlib.sha256(block).digest() for block in _blocks(data)]
    while len(hashes) > 1:
        hashes = [hashlib.sha256(block).digest() for block in _blocks(b"".join(hashes))]
    return hashes[0]


def digest(data):
    """The hash over the descriptor, in hex."""
    descriptor = struct.pack("<BBBBIQ64s32s144s", 1, SHA256, BLOCK.bit_length() - 1, 0, 0, len(data),
                             root_hash(data), b"", b"")
    return hashlib.sha256(descriptor).hexdigest()
