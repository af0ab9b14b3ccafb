// SPDX-License-Identifier: Apache-2.0
// What the index of the lineage costs: making it from a log, going on, and asking it.
//   bench/index_speed [--benchmark_filter=...]
// Records are as a busy machine makes them: each exec a decision, three mappings and a commit.
// Files lie below WARRANT_LOG_FOLDER, or else the working directory.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "lineage/index.h"
#include "lineage/index_query.h"
#include "lineage/record.h"

using namespace warrant;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kRecords = 100'000;
constexpr uint64_t kMore = 1000;

/// A broken setup must not look like a figure.
template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::cerr << "index_speed: " << result.error().message << "\n";
    std::exit(1);
  }
  return std::move(result).value();
}

Attribution artifact_of(uint64_t i) {
  Attribution artifact;
  artifact.id.fill(static_cast<uint8_t>(1 + i % 20));
  artifact.sha256.fill(static_cast<uint8_t>(1 + i % 20));
  artifact.issuers = {"SHA256:" + std::string(43, 'A')};
  artifact.governance = {{"ticket", "OPS-1"}};
  return artifact;
}

Record record_number(uint64_t i) {
  const uint64_t exec = 2 + i / 5;
  Task task;
  task.comm = "bash";
  task.pid = task.tgid = static_cast<uint32_t>(1000 + exec % 30000);
  task.uid = task.gid = 1000;
  task.cgroup = "/system.slice/agent-" + std::to_string(exec % 50) + ".service";
  File file;
  file.path = "/usr/bin/tool-" + std::to_string(i % 400);
  w_process process{};
  process.lineage = i % 5 == 0 ? exec - 1 : exec;
  process.parent = process.lineage / 2;
  const Moment time{1'795'255'200'000'000'000 + static_cast<int64_t>(i) * 1'000'000, i * 1'000'000};
  if (i % 5 == 1) {
    Commit commit{i, task, file, process, artifact_of(i)};
    return make_record({"bench", "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6"}, time, commit);
  }
  Decision decision;
  decision.sequence = i;
  decision.exec = i % 5 == 0 ? exec : 0;
  decision.task = task;
  decision.file = file;
  decision.process = process;
  decision.facts.request = i % 5 == 0 ? W_REQUEST_EXEC : W_REQUEST_MAP;
  decision.facts.candidate_count = 1;
  decision.facts.digest[0] = static_cast<uint8_t>(i % 200);
  decision.facts.digest[1] = 1;
  decision.decision = {W_ALLOW, W_REASON_AUTHORIZED, 0, 1};
  decision.artifact = artifact_of(i);
  decision.policy.fill(7);
  return make_record({"bench", "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6"}, time, decision);
}

/// A log in a folder of its own, which goes with the program.
class Log {
 public:
  Log() {
    const char *folder = std::getenv("WARRANT_LOG_FOLDER");
    folder_ = std::string(folder ? folder : ".") + "/index_speed-XXXXXX";
    if (!::mkdtemp(folder_.data()))
      must(Result<int>(Error{folder_ + ": cannot be made"}));
    add(kRecords);
  }
  ~Log() { fs::remove_all(folder_); }
  Log(const Log &) = delete;
  Log &operator=(const Log &) = delete;

  void add(uint64_t count) {
    std::ofstream file(path(), std::ios::app);
    for (const uint64_t end = size_ + count; size_ < end; ++size_)
      file << record_to_line(record_number(size_)) << "\n";
  }
  std::string path() const { return folder_ + "/lineage.jsonl"; }
  std::string index() const { return folder_ + "/index.db"; }
  uint64_t size() const { return size_; }
  LineageIndex open(bool force = false) const {
    LineageIndex::Logs logs;
    logs.push_back(std::make_unique<FileSequence>(must(FileSequence::open(path()))));
    return must(LineageIndex::open(index(), logs, force));
  }

 private:
  std::string folder_;
  uint64_t size_ = 0;
};

Log &log() {
  static Log made;
  return made;
}

void rebuild(benchmark::State &state) {
  for (auto step : state)
    log().open(true);
  state.counters["records/s"] = benchmark::Counter(static_cast<double>(log().size()),
                                                   benchmark::Counter::kIsIterationInvariantRate);
  state.counters["index bytes/record"] =
      static_cast<double>(fs::file_size(log().index())) / static_cast<double>(log().size());
  state.counters["log bytes/record"] =
      static_cast<double>(fs::file_size(log().path())) / static_cast<double>(log().size());
}

void go_on(benchmark::State &state) {
  log().open();
  for (auto step : state) {
    state.PauseTiming();
    log().add(kMore);
    state.ResumeTiming();
    log().open();
  }
}

void nothing_new(benchmark::State &state) {
  log().open();
  for (auto step : state)
    log().open();
}

void ask_who_ran(benchmark::State &state) {
  LineageIndex index = log().open();
  Wanted wanted;
  wanted.path = "/usr/bin/tool-200";
  for (auto step : state)
    if (must(who_ran(index, wanted, {}, false, 50)).empty())
      must(Result<int>(Error{"nobody ran it"}));
}

void ask_top(benchmark::State &state) {
  LineageIndex index = log().open();
  for (auto step : state)
    must(top(index, TopOf::kRun, TopBy::kPath, {}, 10));
}

void tree(benchmark::State &state) {
  LineageIndex index = log().open();
  for (auto step : state)
    must(exec_tree(index, true));
}

} // namespace

BENCHMARK(rebuild)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(go_on)->Unit(benchmark::kMillisecond)->UseRealTime()->Iterations(20);
BENCHMARK(nothing_new)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ask_who_ran)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(ask_top)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(tree)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_MAIN();
