// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 6962 section 2.1 over SHA-256: hashing, roots, proofs and their check.
// Nothing here recurses, and no loop is longer than a tree is high.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/result.h"

namespace warrant {

/// A Merkle tree hash. Always 32 bytes: roots of other sizes, as one published vector has them, do
/// not come this far.
using Hash = Digest;

/// Leaves of a tree at most; some centuries of a million records a second.
inline constexpr uint64_t kMaxTreeSize = uint64_t{1} << 48;
/// Hashes of a proof at most, whatever its kind: one a level, and one more for consistency.
inline constexpr size_t kMaxProofHashes = 49;

/// SHA-256(0x00 || entry).
Hash leaf_hash(ByteView entry);
/// SHA-256(0x01 || left || right).
Hash node_hash(const Hash &left, const Hash &right);
/// Of no leaves: SHA-256 of nothing.
Hash empty_root();

/// A tree that only grows, as the roots of its perfect subtrees: one a bit of its size.
class CompactRange {
 public:
  void append(const Hash &leaf) { append_subtree(leaf, 0); }
  /// The root of 2^level leaves. The size so far must be a multiple of that.
  void append_subtree(const Hash &root, unsigned level);
  uint64_t size() const { return size_; }
  Hash root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Hash> roots_; // the largest first
};

/// The hash of the perfect subtree of 2^level leaves that begins at leaf index * 2^level.
using HashReader = std::function<Result<Hash>(unsigned level, uint64_t index)>;

/// Of the first `size` leaves. Errors: the size is over the limit; the reader's.
Result<Hash> tree_root(uint64_t size, const HashReader &reader);

/// RFC 6962 section 2.1.1, the leaf's sibling first. Errors: no such leaf or too large a tree; the
/// reader's. Reads at most two hashes a level.
Result<std::vector<Hash>> prove_inclusion(uint64_t index, uint64_t size, const HashReader &reader);
/// RFC 6962 section 2.1.2. From an empty tree nothing can be proved, which is an error.
Result<std::vector<Hash>> prove_consistency(uint64_t old_size, uint64_t size,
                                            const HashReader &reader);

/// RFC 9162 section 2.1.3.2. The error says why it is no proof.
Status verify_inclusion(const Hash &leaf, uint64_t index, uint64_t size, const Hash &root,
                        std::span<const Hash> proof);
/// RFC 9162 section 2.1.4.2. Equal sizes: equal roots and no hashes. An old size of 0 is refused,
/// as every tree follows from the empty one.
Status verify_consistency(uint64_t old_size, uint64_t size, const Hash &old_root, const Hash &root,
                          std::span<const Hash> proof);

} // namespace warrant
