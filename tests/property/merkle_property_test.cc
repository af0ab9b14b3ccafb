// SPDX-License-Identifier: Apache-2.0
// Every proof of every small tree: made by loops, compared with the definitions of RFC 6962 written
// down as recursion; verified; and refused once anything in it is changed.
#include <algorithm>
#include <bit>
#include <random>

#include "lineage/merkle.h"
#include "tests/catch.h"

using namespace warrant;

namespace {

using Hashes = std::vector<Hash>;
using Random = std::mt19937_64;

constexpr uint64_t kLargest = kSanitized ? 80 : 600;

Hash naive_root(std::span<const Hash> leaves) {
  if (leaves.empty())
    return empty_root();
  if (leaves.size() == 1)
    return leaves[0];
  const size_t split = std::bit_floor(leaves.size() - 1);
  return node_hash(naive_root(leaves.first(split)), naive_root(leaves.subspan(split)));
}

/// The naive roots of [begin, end), each computed once.
class Roots {
 public:
  explicit Roots(uint64_t size) {
    for (uint64_t i = 0; i < size; ++i)
      leaves_.push_back(leaf_hash(view("leaf " + std::to_string(i))));
    cache_.resize(size + 1, std::vector<std::optional<Hash>>(size + 1));
  }
  const Hash &leaf(uint64_t index) const { return leaves_[index]; }
  const Hash &of(uint64_t begin, uint64_t end) {
    std::optional<Hash> &hash = cache_[begin][end];
    if (!hash) {
      const uint64_t size = end - begin;
      const uint64_t split = size > 1 ? std::bit_floor(size - 1) : 0;
      hash = split == 0 ? naive_root(std::span(leaves_).subspan(begin, size))
                        : node_hash(of(begin, begin + split), of(begin + split, end));
    }
    return *hash;
  }

 private:
  Hashes leaves_;
  std::vector<std::vector<std::optional<Hash>>> cache_;
};

// PATH(m, D[n]) of RFC 6962 section 2.1.1, D being [begin, begin + n).
void naive_path(Roots &roots, uint64_t m, uint64_t begin, uint64_t n, Hashes &path) {
  if (n == 1)
    return;
  const uint64_t k = std::bit_floor(n - 1);
  if (m < k) {
    naive_path(roots, m, begin, k, path);
    path.push_back(roots.of(begin + k, begin + n));
  } else {
    naive_path(roots, m - k, begin + k, n - k, path);
    path.push_back(roots.of(begin, begin + k));
  }
}

// SUBPROOF(m, D[n], b) of section 2.1.2.
void naive_subproof(Roots &roots, uint64_t m, uint64_t begin, uint64_t n, bool b, Hashes &proof) {
  if (m == n) {
    if (!b)
      proof.push_back(roots.of(begin, begin + n));
    return;
  }
  const uint64_t k = std::bit_floor(n - 1);
  if (m <= k) {
    naive_subproof(roots, m, begin, k, b, proof);
    proof.push_back(roots.of(begin + k, begin + n));
  } else {
    naive_subproof(roots, m - k, begin + k, n - k, false, proof);
    proof.push_back(roots.of(begin, begin + k));
  }
}

/// One of each way to change a list of hashes, where the list allows it.
std::vector<Hashes> mutants(const Hashes &proof, Random &random) {
  std::vector<Hashes> all;
  Hashes more = proof;
  more.insert(more.begin() + static_cast<ptrdiff_t>(random() % (proof.size() + 1)), Hash{1});
  all.push_back(more);
  more = proof;
  more.push_back(proof.empty() ? Hash{2} : proof.back());
  all.push_back(more);
  if (proof.empty())
    return all;
  const auto at = static_cast<ptrdiff_t>(random() % proof.size());
  Hashes flipped = proof;
  flipped[static_cast<size_t>(at)][random() % W_DIGEST_SIZE] ^=
      static_cast<uint8_t>(1 << random() % 8);
  all.push_back(flipped);
  Hashes dropped = proof;
  dropped.erase(dropped.begin() + at);
  all.push_back(dropped);
  Hashes swapped = proof;
  std::swap(swapped[static_cast<size_t>(at)], swapped[random() % proof.size()]);
  if (swapped != proof)
    all.push_back(swapped);
  return all;
}

HashReader reader_of(Roots &roots) {
  return [&roots](unsigned level, uint64_t index) -> Result<Hash> {
    return roots.of(index << level, (index + 1) << level);
  };
}

} // namespace

TEST_CASE("every inclusion proof of every small tree") {
  Roots roots(kLargest + 1);
  const HashReader reader = reader_of(roots);
  Random random(1);
  size_t wrong = 0;
  size_t accepted_mutants = 0;
  size_t proofs = 0;
  for (uint64_t size = 1; size <= kLargest; ++size) {
    const Hash &root = roots.of(0, size);
    wrong += tree_root(size, reader).value() != root;
    for (uint64_t index = 0; index < size; ++index, ++proofs) {
      const Hash &leaf = roots.leaf(index);
      const Hashes proof = prove_inclusion(index, size, reader).value();
      Hashes naive;
      naive_path(roots, index, 0, size, naive);
      wrong += proof != naive || proof.size() > kMaxProofHashes ||
               !verify_inclusion(leaf, index, size, root, proof).ok();
      for (const Hashes &mutant : mutants(proof, random))
        accepted_mutants += verify_inclusion(leaf, index, size, root, mutant).ok();
      const uint64_t other = random() % (size + 1);
      if (other != index)
        accepted_mutants += verify_inclusion(leaf, other, size, root, proof).ok();
      // Another size has another root; with the same root a size is not bound by an inclusion
      // proof (RFC 6962), but by the checkpoint that states both.
      for (const uint64_t resized : {size - 1, size + 1, random() % (kLargest + 1)})
        if (resized != size)
          accepted_mutants +=
              verify_inclusion(leaf, index, resized, roots.of(0, resized), proof).ok();
      accepted_mutants += verify_inclusion(Hash{3}, index, size, root, proof).ok();
      accepted_mutants += verify_inclusion(leaf, index, size, leaf_hash({}), proof).ok();
    }
  }
  CHECK(proofs == kLargest * (kLargest + 1) / 2);
  CHECK(wrong == 0);
  CHECK(accepted_mutants == 0);
}

TEST_CASE("every consistency proof of every small tree") {
  Roots roots(kLargest + 1);
  const HashReader reader = reader_of(roots);
  Random random(2);
  size_t wrong = 0;
  size_t accepted_mutants = 0;
  for (uint64_t size = 1; size <= kLargest; ++size) {
    const Hash &root = roots.of(0, size);
    for (uint64_t old = 1; old <= size; ++old) {
      const Hash &old_root = roots.of(0, old);
      const Hashes proof = prove_consistency(old, size, reader).value();
      Hashes naive;
      naive_subproof(roots, old, 0, size, true, naive);
      wrong += proof != naive || proof.size() > kMaxProofHashes ||
               !verify_consistency(old, size, old_root, root, proof).ok();
      for (const Hashes &mutant : mutants(proof, random))
        accepted_mutants += verify_consistency(old, size, old_root, root, mutant).ok();
      const uint64_t other = 1 + random() % kLargest;
      if (other != old)
        accepted_mutants += verify_consistency(other, size, roots.of(0, other), root, proof).ok();
      if (other != size)
        accepted_mutants +=
            verify_consistency(old, other, old_root, roots.of(0, other), proof).ok();
      accepted_mutants += verify_consistency(old, size, Hash{4}, root, proof).ok();
      accepted_mutants += verify_consistency(old, size, old_root, Hash{4}, proof).ok();
    }
  }
  CHECK(wrong == 0);
  CHECK(accepted_mutants == 0);
}
