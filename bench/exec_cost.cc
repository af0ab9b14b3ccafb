// SPDX-License-Identifier: Apache-2.0
// What execs, opens and mappings cost with nothing attached, with empty programs attached, under
// Warrant, and under other enforcers: in one boot, in interleaved rounds. Attaches programs: guests
// only (bench/run, bench/compare).
#include <bpf/bpf.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "bench/first.h"
#include "bench/subjects.h"
#include "bench/worker.h"

namespace warrant::bench {
namespace {

constexpr size_t kWarmups = 5;
constexpr size_t kCounts = 5;     // of what programs cost
constexpr size_t kInstalls = 5;   // in a round
constexpr size_t kLongRounds = 1; // a build or an install takes as long as all other works
constexpr size_t kQuick = 10;     // times more of what is quick: its dearest per cent counts

struct Options {
  Files files;
  std::string first; // what those are made of
  std::string room;  // where programs are made that are executed for the first time
  size_t rounds = 4;
  size_t per_round = 40;
  size_t firsts = 3; // first execs of each size in a round
  Fill fill;
  uint32_t uid = 1000;
  bool verity = false;  // first execs are of files with fs-verity
  bool busy = false;    // builds and installs by how long processors ran
  std::string enforcer; // called with a name and start or stop: 0 when it enforces
  std::string listed;   // a file with what is authorized besides: `path size sha256` a line
  std::vector<std::string> subjects = {"none", "empty", "enforce"};
  std::vector<std::string> last; // what cannot be ended: after all rounds, as many of their own
  std::vector<std::string> works = {"static", "dynamic", "open"};
};

[[noreturn]] void fail(const std::string &what) {
  std::fprintf(stderr, "exec_cost: %s\n", what.c_str());
  std::exit(3);
}

template <typename Value>
Value need(Result<Value> result) {
  if (!result.ok())
    fail(result.error().message);
  return std::move(result).value();
}

void need(const Status &status) {
  if (!status.ok())
    fail(status.error().message);
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

Work work_called(const std::string &name) {
  for (size_t i = 0; i < kWorkNames.size(); i++)
    if (kWorkNames[i].option == name)
      return static_cast<Work>(i);
  fail("no work is called " + name);
}

// Another enforcer, started and ended by a script.
class Enforcer {
 public:
  Enforcer(std::string script) : script_(std::move(script)) {}
  void start(const std::string &name) {
    call(name + " start");
    running_ = name;
  }
  void stop() {
    if (!running_.empty())
      call(running_ + " stop");
    running_.clear();
  }

 private:
  void call(const std::string &words) const {
    if (std::system((script_ + " " + words + " 1>&2").c_str()) != 0)
      fail(script_ + " " + words + " failed");
  }

  std::string script_;
  std::string running_;
};

class Bench {
 public:
  // The workers first: they must hold nothing of the product.
  explicit Bench(const Options &options)
      : options_(options),
        worker_(need(Worker::start(options.files, options.uid))),
        root_(need(Worker::start(options.files, 0))),
        enforcer_(options.enforcer) {
    for (size_t i = 0; i < kFirstBytes.size() && !options.room.empty(); i++)
      firsts_.push_back(need(FirstProgram::create(options.first, options.files.first[i],
                                                  kFirstBytes[i], options.verity)));
    subjects_.emplace(need(Switch::create("/sys/fs/bpf/warrant-bench", authorized_digests(),
                                          verity_digests(), options.uid, options.fill)));
  }

  void run() {
    for (size_t round = 0; round < options_.rounds; round++) {
      // The order turns, and its direction does, so that no subject always follows the same one.
      for (size_t i = 0; i < options_.subjects.size(); i++) {
        const size_t place = (i + round) % options_.subjects.size();
        measure(options_.subjects[round % 2 == 0 ? place : options_.subjects.size() - 1 - place]);
      }
      std::fprintf(stderr, "round %zu of %zu\n", round + 1, options_.rounds);
    }
    // Before those that leave something behind in the kernel.
    if (std::count(options_.subjects.begin(), options_.subjects.end(), "enforce") != 0)
      print_hook_costs();
    for (const std::string &name : options_.last) {
      select(name);
      for (size_t round = 0; round < options_.rounds; round++) {
        if (subject_called(name))
          need(subjects_->select(*subject_called(name))); // takes what was recorded out of the ring
        measure_selected(name);
      }
    }
  }

  // What each program costs in each work, as the kernel counts it: per run of the work. An
  // interrupt within a program is counted with it, some 8 000 instructions: of several counts the
  // lowest tells.
  void print_hook_costs() {
    need(subjects_->select(Subject::kEnforce));
    const UniqueFd counting(bpf_enable_stats(BPF_STATS_RUN_TIME));
    for (const std::string &name : options_.works) {
      const Work work = work_called(name);
      if (work >= Work::kFirst64K && work <= Work::kInstall)
        continue;
      need(worker_.measure(work, 1, kWarmups));
      print_hook_costs_of(work, says(name));
    }
    need(subjects_->select(Subject::kNone));
  }

  void print() const {
    for (const auto &[key, taken] : samples_)
      std::printf(
          "{\"work\":\"%s\",\"subject\":\"%s\",\"clock\":\"%s\",\"samples\":%zu,"
          "\"median\":%lld,\"p99\":%lld,\"quietestRound\":%lld}\n",
          says(options_.works[key.first]), key.second.c_str(),
          clock_of(work_called(options_.works[key.first])) == Clock::kBusy ? "busy" : "time",
          taken.all.size(), static_cast<long long>(at(taken.all, 0.5)),
          static_cast<long long>(at(taken.all, 0.99)),
          static_cast<long long>(
              *std::min_element(taken.round_medians.begin(), taken.round_medians.end())));
    const Published &last = subjects_->last();
    std::printf("{\"published\":%llu,\"nanoseconds\":%lld,\"kernelBytes\":%lld}\n",
                static_cast<unsigned long long>(last.verdicts),
                static_cast<long long>(last.nanoseconds),
                static_cast<long long>(subjects_->last_bytes()));
  }

 private:
  void print_hook_costs_of(Work work, const char *name) {
    struct Counted {
      std::string program;
      double calls = 0;
      double least = std::numeric_limits<double>::infinity(); // of a call, in one count
    };
    std::vector<Counted> counted;
    double runs = 0;
    for (size_t count = 0; count < kCounts; count++) {
      const auto before = need(subjects_->costs());
      runs += static_cast<double>(need(worker_.measure(work, options_.per_round, 0)).size());
      const auto after = need(subjects_->costs());
      counted.resize(after.size());
      for (size_t i = 0; i < after.size(); i++) {
        const auto calls = static_cast<double>(after[i].calls - before[i].calls);
        const auto taken = static_cast<double>(after[i].nanoseconds - before[i].nanoseconds);
        counted[i].program = after[i].program;
        counted[i].calls += calls;
        if (calls != 0)
          counted[i].least = std::min(counted[i].least, taken / calls);
      }
    }
    for (const Counted &one : counted)
      if (one.calls != 0)
        std::printf("{\"hookOf\":\"%s\",\"program\":\"%s\",\"calls\":%.2f,\"each\":%.0f}\n", name,
                    one.program.c_str(), one.calls / runs, one.least);
  }

  static const char *says(const std::string &name) {
    return kWorkNames[static_cast<size_t>(work_called(name))].says.data();
  }

  std::vector<Digest> verity_digests() const {
    std::vector<Digest> digests;
    for (const FirstProgram &first : firsts_)
      if (options_.verity)
        digests.push_back(need(first.verity_digest()));
    return digests;
  }

  std::vector<Digest> authorized_digests() const {
    std::vector<Digest> digests;
    for (const std::string &path : needed_files())
      digests.push_back(need(sha256_of_file(path)));
    if (options_.listed.empty())
      return digests;
    std::ifstream list(options_.listed);
    if (!list)
      fail("cannot read " + options_.listed);
    for (std::string line; std::getline(list, line);) {
      digests.emplace_back();
      if (!from_hex(std::string_view(line).substr(line.rfind(' ') + 1), digests.back()))
        fail(options_.listed + ": no digest at the end of \"" + line + "\"");
    }
    return digests;
  }

  // What the worker and its children run and map, but for what the list names.
  std::vector<std::string> needed_files() const {
    const Files &own = options_.files;
    std::vector<std::string> files = {own.static_program, own.dynamic_program, "/proc/self/exe"};
    for (const std::string &path : {own.script, own.library})
      if (!path.empty())
        files.push_back(path);
    // With fs-verity they run by that digest, or not at all.
    if (!options_.room.empty() && !options_.verity)
      files.insert(files.end(), own.first.begin(), own.first.end());
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
      const size_t slash = line.find('/');
      if (slash != std::string::npos && line.find("r-xp") != std::string::npos)
        files.push_back(line.substr(slash));
    }
    return files;
  }

  void select(const std::string &name) {
    enforcer_.stop();
    const std::optional<Subject> own = subject_called(name);
    need(subjects_->select(own.value_or(Subject::kNone)));
    if (!own)
      enforcer_.start(name);
    ::sleep(1); // what the kernel still has to free of the one before
    check_in_force(name);
  }

  // Nothing is measured of an enforcer that refuses nothing, nor of others after it.
  void check_in_force(const std::string &name) {
    const bool refuses = name != "none" && name != "empty" && name != "observe";
    if ((need(worker_.measure(Work::kUnlisted, 1, 0)).at(0) == 0) != refuses)
      fail(name + (refuses ? ": an unlisted program ran" : ": an unlisted program was refused"));
  }

  void measure(const std::string &name) {
    select(name);
    measure_selected(name);
    enforcer_.stop();
  }

  void measure_selected(const std::string &name) {
    for (size_t i = 0; i < options_.works.size(); i++) {
      const Work work = work_called(options_.works[i]);
      Samples &samples = samples_[{i, name}];
      if ((work == Work::kBuild || work == Work::kInstall) &&
          samples.round_medians.size() == kLongRounds)
        continue;
      samples.add(work >= Work::kFirst64K && work <= Work::kFirst16M ? measure_first(work)
                                                                     : measure_again(work));
    }
  }

  Clock clock_of(Work work) const {
    return options_.busy && (work == Work::kBuild || work == Work::kInstall) ? Clock::kBusy
                                                                             : Clock::kTime;
  }

  std::vector<int64_t> measure_again(Work work) {
    if (work == Work::kBuild)
      return need(worker_.measure(work, 1, 1, clock_of(work)));
    if (work == Work::kInstall)
      return need(root_.measure(work, kInstalls, 1, clock_of(work)));
    if (work >= Work::kHash64K && work <= Work::kHash16M)
      return need(worker_.measure(work, options_.firsts, kWarmups));
    const bool quick = work == Work::kOpen || work == Work::kMap;
    return need(worker_.measure(work, options_.per_round * (quick ? kQuick : 1), kWarmups));
  }

  std::vector<int64_t> measure_first(Work work) {
    const size_t place = static_cast<size_t>(work) - static_cast<size_t>(Work::kFirst64K);
    std::vector<int64_t> all;
    for (size_t i = 0; i < options_.firsts; i++) {
      need(firsts_.at(place).renew());
      all.push_back(need(worker_.measure(work, 1, 0)).at(0));
    }
    return all;
  }

  const Options &options_;
  Worker worker_;
  Worker root_; // fapolicyd trusts it with everything: only what needs it
  Enforcer enforcer_;
  std::vector<FirstProgram> firsts_;
  std::optional<Switch> subjects_;
  std::map<std::pair<size_t, std::string>, Samples> samples_; // by place among the works, subject
};

} // namespace
} // namespace warrant::bench

int main(int argc, char **argv) {
  using namespace warrant::bench;
  std::setvbuf(stdout, nullptr, _IOLBF, 0); // what the enforcers' script says comes between lines
  Options options;
  CLI::App app("Measures execs, opens and mappings under several enforcers. Guests only.");
  app.add_option("--static", options.files.static_program)->required();
  app.add_option("--dynamic", options.files.dynamic_program)->required();
  app.add_option("--script", options.files.script);
  app.add_option("--small", options.files.small, "a file that is read")->required();
  app.add_option("--library", options.files.library, "a file that is mapped");
  app.add_option("--build", options.files.build, "a script that builds something");
  app.add_option("--install", options.files.install, "one that installs something, as root");
  app.add_option("--unlisted", options.files.unlisted, "a program that nobody authorized")
      ->required();
  app.add_option("--first", options.first,
                 "the smallest program: what is executed first is made of it");
  app.add_option("--room", options.room, "a folder for programs that are executed first");
  app.add_option("--rounds", options.rounds);
  app.add_option("--per-round", options.per_round);
  app.add_option("--firsts", options.firsts, "first execs of each size in a round");
  app.add_flag("--verity", options.verity, "first execs are of files with fs-verity");
  app.add_flag("--processor-time", options.busy,
               "of builds and installs, how long the processors ran tasks");
  app.add_option("--digests", options.fill.digests, "other digests that are published");
  app.add_option("--artifacts", options.fill.artifacts, "artifacts that those are granted by");
  app.add_option("--users", options.fill.users, "other users that have scopes of their own");
  app.add_option("--uid", options.uid, "whose works are measured");
  app.add_option("--enforcer", options.enforcer, "a command that starts and stops the others");
  app.add_option("--listed", options.listed,
                 "what Warrant allows besides: a file of `path size sha256`, a line each");
  app.add_option("--works", options.works)->delimiter(',');
  app.add_option("--last", options.last, "enforcers that cannot be ended")->delimiter(',');
  app.add_option("--subjects", options.subjects)->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  for (size_t i = 0; i < kFirstBytes.size(); i++)
    options.files.first[i] = options.room + "/first-" + std::to_string(kFirstBytes[i]);
  Bench bench(options);
  bench.run();
  bench.print();
  return 0;
}
