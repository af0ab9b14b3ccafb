// SPDX-License-Identifier: Apache-2.0
#include "lineage/merkle.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <optional>

namespace warrant {
namespace {

Hash hash_parts(uint8_t prefix, ByteView first, ByteView second) {
  crypto_hash_sha256_state state;
  crypto_hash_sha256_init(&state);
  crypto_hash_sha256_update(&state, &prefix, 1);
  if (!first.empty())
    crypto_hash_sha256_update(&state, first.data(), first.size());
  if (!second.empty())
    crypto_hash_sha256_update(&state, second.data(), second.size());
  Hash hash;
  crypto_hash_sha256_final(&state, hash.data());
  return hash;
}

// The largest power of two below `size`, which is at least 2.
uint64_t split_of(uint64_t size) {
  return std::bit_floor(size - 1);
}

// The root of leaves [begin, begin + size). The size's largest power of two divides `begin`, which
// holds of every range that a split leaves.
Result<Hash> range_root(uint64_t begin, uint64_t size, const HashReader &reader) {
  std::optional<Hash> root;
  // From the right: each bit of the size is one perfect subtree.
  for (uint64_t rest = size, end = begin + size; rest != 0; rest &= rest - 1) {
    const unsigned level = static_cast<unsigned>(std::countr_zero(rest));
    end -= uint64_t{1} << level;
    const Hash subtree = WARRANT_TRY(reader(level, end >> level));
    root = root ? node_hash(subtree, *root) : subtree;
  }
  return *root;
}

Error size_error(uint64_t size) {
  return Error{"a tree of " + std::to_string(size) + " leaves is over the limit of 2^48"};
}

} // namespace

Hash leaf_hash(ByteView entry) {
  return hash_parts(0x00, entry, {});
}

Hash node_hash(const Hash &left, const Hash &right) {
  std::array<uint8_t, 1 + 2 * W_DIGEST_SIZE> node;
  node[0] = 0x01;
  std::copy(left.begin(), left.end(), node.begin() + 1);
  std::copy(right.begin(), right.end(), node.begin() + 1 + W_DIGEST_SIZE);
  return sha256(node);
}

Hash empty_root() {
  return sha256({});
}

void CompactRange::append_subtree(const Hash &root, unsigned level) {
  const uint64_t leaves = uint64_t{1} << level;
  if (size_ % leaves != 0)
    __builtin_trap(); // the caller has lost count: every root from here on would be wrong
  Hash merged = root;
  for (uint64_t bit = leaves; (size_ & bit) != 0; bit <<= 1) {
    merged = node_hash(roots_.back(), merged);
    roots_.pop_back();
  }
  roots_.push_back(merged);
  size_ += leaves;
}

Hash CompactRange::root() const {
  if (roots_.empty())
    return empty_root();
  Hash root = roots_.back();
  for (size_t i = roots_.size() - 1; i-- > 0;)
    root = node_hash(roots_[i], root);
  return root;
}

Result<Hash> tree_root(uint64_t size, const HashReader &reader) {
  if (size > kMaxTreeSize)
    return size_error(size);
  if (size == 0)
    return empty_root();
  return range_root(0, size, reader);
}

Result<std::vector<Hash>> prove_inclusion(uint64_t index, uint64_t size, const HashReader &reader) {
  if (size > kMaxTreeSize)
    return size_error(size);
  if (index >= size)
    return Error{"there is no leaf " + std::to_string(index) + " in a tree of " +
                 std::to_string(size)};
  std::vector<Hash> proof;
  uint64_t begin = 0;
  for (uint64_t rest = size; rest > 1;) {
    const uint64_t left = split_of(rest);
    if (index - begin < left) {
      proof.push_back(WARRANT_TRY(range_root(begin + left, rest - left, reader)));
      rest = left;
    } else {
      proof.push_back(WARRANT_TRY(range_root(begin, left, reader)));
      begin += left;
      rest -= left;
    }
  }
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Result<std::vector<Hash>> prove_consistency(uint64_t old_size, uint64_t size,
                                            const HashReader &reader) {
  if (size > kMaxTreeSize)
    return size_error(size);
  if (old_size == 0 || old_size > size)
    return Error{"no consistency from " + std::to_string(old_size) + " to " + std::to_string(size) +
                 " leaves can be proved"};
  std::vector<Hash> proof;
  uint64_t begin = 0;
  uint64_t rest = size;
  bool is_old_root = true; // whoever checks knows the hash of this range: it is the old tree
  while (begin + rest != old_size) {
    const uint64_t left = split_of(rest);
    if (old_size - begin <= left) {
      proof.push_back(WARRANT_TRY(range_root(begin + left, rest - left, reader)));
      rest = left;
    } else {
      proof.push_back(WARRANT_TRY(range_root(begin, left, reader)));
      begin += left;
      rest -= left;
      is_old_root = false;
    }
  }
  if (!is_old_root)
    proof.push_back(WARRANT_TRY(range_root(begin, rest, reader)));
  std::reverse(proof.begin(), proof.end());
  return proof;
}

Status verify_inclusion(const Hash &leaf, uint64_t index, uint64_t size, const Hash &root,
                        std::span<const Hash> proof) {
  if (size > kMaxTreeSize)
    return size_error(size);
  if (index >= size)
    return Error{"there is no leaf " + std::to_string(index) + " in a tree of " +
                 std::to_string(size)};
  uint64_t node = index;
  uint64_t last = size - 1;
  Hash hash = leaf;
  for (const Hash &sibling : proof) {
    if (last == 0)
      return Error{"the proof is too long"};
    if ((node & 1) == 1 || node == last) {
      hash = node_hash(sibling, hash);
      // Where the right edge has no sibling, its hash goes up unchanged.
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0)
    return Error{"the proof is too short"};
  if (hash != root)
    return Error{"the proof leads to another root"};
  return {};
}

Status verify_consistency(uint64_t old_size, uint64_t size, const Hash &old_root, const Hash &root,
                          std::span<const Hash> proof) {
  if (size > kMaxTreeSize)
    return size_error(size);
  if (old_size == 0 || old_size > size)
    return Error{"nothing can be proved from " + std::to_string(old_size) + " to " +
                 std::to_string(size) + " leaves"};
  if (old_size == size) {
    if (!proof.empty())
      return Error{"the proof is too long"};
    return old_root == root ? Status() : Error{"the roots of one size differ"};
  }
  // A perfect old tree is itself the first hash.
  const bool is_perfect = std::has_single_bit(old_size);
  if (!is_perfect && proof.empty())
    return Error{"the proof is too short"};
  Hash old_hash = is_perfect ? old_root : proof[0];
  Hash hash = old_hash;
  const unsigned shared = static_cast<unsigned>(std::countr_one(old_size - 1));
  uint64_t node = (old_size - 1) >> shared;
  uint64_t last = (size - 1) >> shared;
  for (const Hash &sibling : proof.subspan(is_perfect ? 0 : 1)) {
    if (last == 0)
      return Error{"the proof is too long"};
    if ((node & 1) == 1 || node == last) {
      old_hash = node_hash(sibling, old_hash);
      hash = node_hash(sibling, hash);
      while ((node & 1) == 0 && node != 0) {
        node >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    node >>= 1;
    last >>= 1;
  }
  if (last != 0)
    return Error{"the proof is too short"};
  if (old_hash != old_root)
    return Error{"the proof leads to another old root"};
  if (hash != root)
    return Error{"the proof leads to another root"};
  return {};
}

} // namespace warrant
