// SPDX-License-Identifier: Apache-2.0
// Runs the vectors of decide_vectors through the verified bytecode of decide() and compares the
// answers. For a guest only: it loads a program into the running kernel (which attaches to
// nothing).
//   decide_probe FILE [spoil]
// Prints `N vectors, N equal`; exit code 0 only when all are equal. `spoil` changes the answer that
// is expected of the last vector, so that one must be found unequal.
#include "tests/bpf/decide_probe.h"

#include <bpf/bpf.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
// The skeleton knows the types of the maps only by name.
#include "decide_probe.skel.h"
#include "tests/property/decide_domain.h"

namespace {

[[noreturn]] void fail(const std::string &what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

std::vector<w_probe_vector> read_vectors(const char *path) {
  std::ifstream in(path, std::ios::binary);
  w_probe_header header{};
  in.read(reinterpret_cast<char *>(&header), sizeof header);
  if (!in || header.magic != W_PROBE_MAGIC || header.abi != W_ABI_VERSION)
    throw std::runtime_error(std::string(path) + ": not a file of vectors of this ABI");
  std::vector<w_probe_vector> vectors(header.count);
  in.read(reinterpret_cast<char *>(vectors.data()),
          static_cast<std::streamsize>(vectors.size() * sizeof(w_probe_vector)));
  if (!in || in.peek() != std::ifstream::traits_type::eof())
    throw std::runtime_error(std::string(path) + ": truncated, or longer than it says");
  return vectors;
}

// The whole array map as memory.
template <typename T>
T *map_memory(const bpf_map *map) {
  void *memory = mmap(nullptr, sizeof(T) * W_PROBE_BATCH, PROT_READ | PROT_WRITE, MAP_SHARED,
                      bpf_map__fd(map), 0);
  if (memory == MAP_FAILED)
    fail(std::string("mmap of map ") + bpf_map__name(map));
  return static_cast<T *>(memory);
}

class Probe {
 public:
  Probe() : skeleton_(decide_probe__open_and_load(), &decide_probe__destroy) {
    if (!skeleton_)
      fail("load");
    facts_ = map_memory<w_facts>(skeleton_->maps.vectors);
    answers_ = map_memory<w_probe_answer>(skeleton_->maps.answers);
  }

  // Answers of the bytecode; at most W_PROBE_BATCH vectors.
  const w_probe_answer *run(const w_probe_vector *vectors, std::size_t count) {
    for (std::size_t i = 0; i < count; i++)
      facts_[i] = vectors[i].facts;
    // What is not answered must not look like an answer.
    std::memset(static_cast<void *>(answers_), 0xa5, sizeof(w_probe_answer) * W_PROBE_BATCH);
    w_probe_args args = {static_cast<__u32>(count)};
    bpf_test_run_opts options{};
    options.sz = sizeof options;
    options.ctx_in = &args;
    options.ctx_size_in = sizeof args;
    if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.decide_probe), &options) != 0)
      fail("run");
    if (options.retval != count)
      throw std::runtime_error("the program answered " + std::to_string(options.retval) + " of " +
                               std::to_string(count));
    return answers_;
  }

 private:
  std::unique_ptr<decide_probe, decltype(&decide_probe__destroy)> skeleton_;
  w_facts *facts_ = nullptr;
  w_probe_answer *answers_ = nullptr;
};

bool report(const w_probe_vector &vector, const w_probe_answer &answer) {
  using warrant::domain::describe;
  if (std::memcmp(&answer, &vector.expected, sizeof answer) == 0)
    return true;
  std::cerr << describe(vector.facts) << "\n  host:     " << describe(vector.expected.decision)
            << " errno " << vector.expected.error << "\n  bytecode: " << describe(answer.decision)
            << " errno " << answer.error << '\n';
  return false;
}

std::size_t count_equal(const std::vector<w_probe_vector> &vectors) {
  Probe probe;
  std::size_t equal = 0;
  for (std::size_t start = 0; start < vectors.size(); start += W_PROBE_BATCH) {
    const auto count = std::min<std::size_t>(W_PROBE_BATCH, vectors.size() - start);
    const auto *answers = probe.run(&vectors[start], count);
    for (std::size_t i = 0; i < count; i++)
      equal += report(vectors[start + i], answers[i]);
  }
  return equal;
}

} // namespace

int main(int argc, char *argv[]) {
  const bool spoils = argc == 3 && std::string(argv[2]) == "spoil";
  if (argc != 2 && !spoils) {
    std::cerr << "usage: decide_probe FILE [spoil]\n";
    return 2;
  }
  try {
    auto vectors = read_vectors(argv[1]);
    if (spoils && !vectors.empty())
      vectors.back().expected.error ^= 1;
    const auto equal = count_equal(vectors);
    std::cout << vectors.size() << " vectors, " << equal << " equal\n";
    return !vectors.empty() && equal == vectors.size() ? 0 : 1;
  } catch (const std::exception &error) {
    std::cerr << "decide_probe: " << error.what() << '\n';
    return 1;
  }
}
