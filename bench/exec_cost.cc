// SPDX-License-Identifier: Apache-2.0
// What an exec and an open cost with nothing attached, with empty programs attached, and under
// Warrant with a warm cache: in one boot, in interleaved rounds. Attaches programs: guests only.
#include <bpf/bpf.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "bench/subjects.h"
#include "bench/worker.h"

namespace {

using namespace warrant;
using namespace warrant::bench;

constexpr size_t kSubjects = static_cast<size_t>(Subject::kCount);

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "exec_cost: %s\n", what.c_str());
  std::exit(3);
}

template <typename Value>
Value need(Result<Value> result) {
  if (!result.ok())
    die(result.error().message);
  return std::move(result).value();
}

void need(const Status &status) {
  if (!status.ok())
    die(status.error().message);
}

int64_t at(std::vector<int64_t> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

struct Samples {
  std::vector<int64_t> all;
  std::vector<int64_t> round_medians;

  void add(const std::vector<int64_t> &round) {
    all.insert(all.end(), round.begin(), round.end());
    round_medians.push_back(at(round, 0.5));
  }
};

// What the worker and its children map.
std::vector<std::string> needed_files(const Files &programs) {
  std::vector<std::string> files = {programs.static_program, programs.dynamic_program,
                                    "/proc/self/exe"};
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    size_t slash = line.find('/');
    if (slash != std::string::npos && line.find("r-xp") != std::string::npos)
      files.push_back(line.substr(slash));
  }
  return files;
}

// What each program costs in each work, as the kernel counts it: per run of the work.
void print_hook_costs(Switch &subjects, Worker &worker, size_t count) {
  need(subjects.select(Subject::kWarrant));
  const UniqueFd counting(bpf_enable_stats(BPF_STATS_RUN_TIME));
  for (size_t work = 0; work < kWorks; work++) {
    need(worker.measure(static_cast<Work>(work), 1));
    const auto before = need(subjects.costs());
    const auto runs =
        static_cast<double>(need(worker.measure(static_cast<Work>(work), count)).size() + kWarmups);
    const auto after = need(subjects.costs());
    for (size_t i = 0; i < after.size(); i++) {
      const auto calls = static_cast<double>(after[i].calls - before[i].calls);
      if (calls != 0)
        std::printf("{\"hookOf\":\"%s\",\"program\":\"%s\",\"calls\":%.2f,\"each\":%.0f}\n",
                    kWorkNames[work], after[i].program.c_str(), calls / runs,
                    static_cast<double>(after[i].nanoseconds - before[i].nanoseconds) / calls);
    }
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: exec_cost STATIC DYNAMIC FILE ROUNDS PER_ROUND DIGESTS\n");
    return 2;
  }
  const Files files = {argv[1], argv[2], argv[3]};
  const size_t rounds = std::strtoul(argv[4], nullptr, 10);
  const size_t count = std::strtoul(argv[5], nullptr, 10);
  const size_t digests = std::strtoul(argv[6], nullptr, 10);
  Worker worker = need(Worker::start(files));
  Switch subjects = need(Switch::create("/sys/fs/bpf/warrant-bench", needed_files(files), digests));
  std::array<std::array<Samples, kSubjects>, kWorks> samples;
  for (size_t round = 0; round < rounds; round++) {
    for (size_t subject = 0; subject < kSubjects; subject++) {
      // The order turns from round to round, so that no subject always follows the same one.
      const size_t turn = (subject + round) % kSubjects;
      need(subjects.select(static_cast<Subject>(turn)));
      for (size_t work = 0; work < kWorks; work++)
        samples[work][turn].add(need(worker.measure(static_cast<Work>(work), count)));
    }
    std::fprintf(stderr, "round %zu of %zu\n", round + 1, rounds);
  }
  print_hook_costs(subjects, worker, count);
  need(subjects.select(Subject::kNone));
  for (size_t work = 0; work < kWorks; work++) {
    for (size_t subject = 0; subject < kSubjects; subject++) {
      const Samples &taken = samples[work][subject];
      std::printf(
          "{\"work\":\"%s\",\"subject\":\"%s\",\"samples\":%zu,\"median\":%lld,"
          "\"p99\":%lld,\"quietestRound\":%lld}\n",
          kWorkNames[work], kSubjectNames[subject].data(), taken.all.size(),
          static_cast<long long>(at(taken.all, 0.5)), static_cast<long long>(at(taken.all, 0.99)),
          static_cast<long long>(
              *std::min_element(taken.round_medians.begin(), taken.round_medians.end())));
    }
  }
  return 0;
}
