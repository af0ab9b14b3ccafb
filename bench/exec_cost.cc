// SPDX-License-Identifier: Apache-2.0
// What an exec and an open cost with nothing attached, with empty programs attached, and under
// Warrant with a warm cache: in one boot, in interleaved rounds. Attaches programs: guests only.
#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "bench/subjects.h"
#include "daemon/clock.h"

namespace {

using namespace warrant;
using namespace warrant::bench;

enum class Work : size_t { kStatic, kDynamic, kOpen, kCount };
constexpr std::array<const char *, 3> kWorkNames = {"vfork+exec+wait static",
                                                    "vfork+exec+wait dynamic", "open+read+close"};
constexpr size_t kSubjects = static_cast<size_t>(Subject::kCount);
constexpr size_t kWorks = static_cast<size_t>(Work::kCount);

std::string static_program;
std::string dynamic_program;
std::string small_file;

[[noreturn]] void die(const std::string &what) {
  std::fprintf(stderr, "exec_cost: %s\n", what.c_str());
  std::exit(3);
}

void exec_once(const std::string &program) {
  char *const arguments[] = {const_cast<char *>(program.c_str()), nullptr};
  char *const environment[] = {nullptr};
  pid_t child = ::vfork();
  if (child == 0) {
    ::execve(program.c_str(), arguments, environment);
    ::_exit(errno == EPERM ? 101 : 102);
  }
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
    die(program + " did not run: status " + std::to_string(status));
}

void open_once() {
  char byte;
  int fd = ::open(small_file.c_str(), O_RDONLY);
  if (fd < 0 || ::read(fd, &byte, 1) != 1)
    die("cannot read " + small_file);
  ::close(fd);
}

void run_once(Work work) {
  switch (work) {
    case Work::kStatic:
      return exec_once(static_program);
    case Work::kDynamic:
      return exec_once(dynamic_program);
    case Work::kOpen:
      return open_once();
    case Work::kCount:
      break;
  }
  die("no such work");
}

struct Samples {
  std::vector<int64_t> all;
  std::vector<int64_t> round_medians;
};

int64_t at(std::vector<int64_t> values, double part) {
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(part * static_cast<double>(values.size() - 1))];
}

void run_round(Work work, size_t count, Samples &samples) {
  std::vector<int64_t> round;
  for (size_t i = 0; i < 5; i++)
    run_once(work);
  for (size_t i = 0; i < count; i++) {
    int64_t start = read_clock(CLOCK_MONOTONIC);
    run_once(work);
    round.push_back(read_clock(CLOCK_MONOTONIC) - start);
  }
  samples.all.insert(samples.all.end(), round.begin(), round.end());
  samples.round_medians.push_back(at(round, 0.5));
}

// What this process and its children map.
std::vector<std::string> needed_files() {
  std::vector<std::string> files = {static_program, dynamic_program, "/proc/self/exe"};
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    size_t slash = line.find('/');
    if (slash != std::string::npos && line.find("r-xp") != std::string::npos)
      files.push_back(line.substr(slash));
  }
  return files;
}

// What each program costs in each work, as the kernel counts it: per run of the work.
void print_hook_costs(Switch &subjects, size_t count) {
  if (Status done = subjects.select(Subject::kWarrant); !done.ok())
    die(done.error().message);
  const UniqueFd counting(bpf_enable_stats(BPF_STATS_RUN_TIME));
  for (size_t work = 0; work < kWorks; work++) {
    for (size_t i = 0; i < 5; i++)
      run_once(static_cast<Work>(work));
    auto before = subjects.costs();
    for (size_t i = 0; i < count; i++)
      run_once(static_cast<Work>(work));
    auto after = subjects.costs();
    if (!before.ok() || !after.ok())
      die("cannot read what the programs cost");
    for (size_t i = 0; i < after.value().size(); i++) {
      const HookCost &to = after.value()[i];
      const uint64_t calls = to.calls - before.value()[i].calls;
      if (calls != 0)
        std::printf("{\"hookOf\":\"%s\",\"program\":\"%s\",\"calls\":%.2f,\"each\":%.0f}\n",
                    kWorkNames[work], to.program.c_str(),
                    static_cast<double>(calls) / static_cast<double>(count),
                    static_cast<double>(to.nanoseconds - before.value()[i].nanoseconds) /
                        static_cast<double>(calls));
    }
  }
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: exec_cost STATIC DYNAMIC FILE ROUNDS PER_ROUND DIGESTS\n");
    return 2;
  }
  static_program = argv[1];
  dynamic_program = argv[2];
  small_file = argv[3];
  size_t rounds = std::strtoul(argv[4], nullptr, 10);
  size_t count = std::strtoul(argv[5], nullptr, 10);
  size_t digests = std::strtoul(argv[6], nullptr, 10);
  auto made = Switch::create("/sys/fs/bpf/warrant-bench", needed_files(), digests);
  if (!made.ok())
    die(made.error().message);
  std::array<std::array<Samples, kSubjects>, kWorks> samples;
  for (size_t round = 0; round < rounds; round++) {
    for (size_t subject = 0; subject < kSubjects; subject++) {
      // The order turns from round to round, so that no subject always follows the same one.
      size_t turn = (subject + round) % kSubjects;
      if (Status done = made.value().select(static_cast<Subject>(turn)); !done.ok())
        die(done.error().message);
      for (size_t work = 0; work < kWorks; work++)
        run_round(static_cast<Work>(work), count, samples[work][turn]);
    }
    std::fprintf(stderr, "round %zu of %zu\n", round + 1, rounds);
  }
  print_hook_costs(made.value(), count);
  if (Status done = made.value().select(Subject::kNone); !done.ok())
    die(done.error().message);
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
