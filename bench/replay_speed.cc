// SPDX-License-Identifier: Apache-2.0
// How many recorded verdicts a second are decided again, on one core: whole, from a file; and what
// of it is reading lines, finding facts in them, deciding.
//   bench/replay_speed                       a log of 100 000 decisions, made here
//   bench/replay_speed --keep FILE [--count N]   makes it, and leaves it there
//   bench/replay_speed FILE...               logs and transcripts that there are
// Answers 1 if any verdict is another one. The decisions that are made here are decide()'s own upon
// random facts, as far apart as a machine's are: most of them with one or two grants.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <iostream>
#include <random>

#include "bpf/decide.h"
#include "lineage/replay.h"
#include "lineage/verdict_line.h"

using namespace warrant;

namespace {

constexpr int kRounds = 5;

/// A broken setup must not look like a figure.
template <class T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::cerr << "replay_speed: " << result.error().message << "\n";
    std::exit(2);
  }
  return std::move(result).value();
}

using Random = std::mt19937_64;

uint64_t below(Random &random, uint64_t limit) {
  return random() % limit;
}

/// The usual value, but one time in `rare` any below `limit`.
uint8_t mostly(Random &random, uint64_t rare, uint64_t usual, uint64_t limit) {
  return static_cast<uint8_t>(below(random, rare) ? usual : below(random, limit));
}

w_candidate random_grant(Random &random, uint64_t now) {
  w_candidate grant{};
  grant.not_before = below(random, 8) == 0 ? now + below(random, 9) : now - below(random, now);
  grant.not_after = below(random, 8) == 0 ? now - below(random, 9) : W_FOREVER - below(random, 9);
  grant.lease_until = below(random, 16) == 0 ? now - 1 : W_FOREVER;
  grant.artifact = static_cast<uint32_t>(below(random, 40));
  grant.scope = W_SCOPE_HOST;
  grant.actions = W_ACTION_EXEC | W_ACTION_MAP;
  if (below(random, 4) == 0)
    grant.actions = static_cast<uint32_t>(random()) & (W_ACTION_ALL | W_ACTION_SCRIPT);
  grant.flags = below(random, 4) == 0 ? static_cast<uint32_t>(random()) & W_CANDIDATE_ALL : 0;
  return grant;
}

w_facts random_facts(Random &random) {
  w_facts facts{};
  facts.now = 1'000'000'000 + below(random, uint64_t{1} << 50);
  facts.generation = below(random, 100);
  facts.flags = W_FACT_NAMED;
  if (below(random, 4) == 0)
    facts.flags = static_cast<uint32_t>(random()) & W_FACT_ALL;
  facts.hook = static_cast<uint8_t>(below(random, W_HOOK_COUNT));
  facts.request = mostly(random, 3, W_REQUEST_EXEC, W_REQUEST_COUNT);
  facts.mode = mostly(random, 8, W_MODE_ENFORCE, W_MODE_COUNT);
  facts.audit = mostly(random, 4, W_AUDIT_OPTIONAL, W_AUDIT_COUNT);
  facts.measure = mostly(random, 8, W_MEASURE_CACHED, W_MEASURE_COUNT);
  facts.digest_kind = W_DIGEST_SHA256;
  facts.chain = static_cast<uint8_t>(below(random, 6) == 0);
  if (facts.request == W_REQUEST_TOUCH || facts.request == W_REQUEST_LOAD)
    facts.object = mostly(random, 1, W_OBJECT_NONE, W_OBJECT_COUNT);
  for (uint8_t &byte : facts.digest)
    byte = static_cast<uint8_t>(random());
  facts.candidate_count = static_cast<uint32_t>(
      below(random, 50) == 0 ? below(random, W_MAX_CANDIDATES + 1) : below(random, 3));
  for (uint32_t i = 0; i < facts.candidate_count; i++)
    facts.candidates[i] = random_grant(random, facts.now);
  return facts;
}

Attribution attribution() {
  Attribution made;
  made.id.fill(0x3c);
  made.sha256.fill(0xa7);
  made.issuers = {"SHA256:/PoKiz61Vj1unmOE4NiaJ78XODCR/WIoXZs7YotbOwc"};
  made.governance.emplace("ticket", "OPS-4711");
  return made;
}

Record random_decision(Random &random, uint64_t sequence) {
  Decision made;
  made.sequence = sequence;
  made.exec = sequence * 2;
  made.facts = random_facts(random);
  made.decision = w_decide(&made.facts);
  made.task = {"cc1plus", 4711, 4711, 1000, 1000, 7, "/system.slice/build.service"};
  made.file = {"/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", 266338304, sequence, 61267};
  made.process.lineage = sequence;
  if (made.decision.candidate != W_NO_CANDIDATE)
    made.artifact = attribution();
  const Moment time{1795255200'000000000 + static_cast<int64_t>(sequence), made.facts.now};
  const Origin origin{"build-7", "928be53a-b84d-4be7-85d3-5ea57467da7c"};
  return make_record(origin, time, std::move(made));
}

void make_log(const std::string &path, uint64_t count) {
  std::FILE *file = std::fopen(path.c_str(), "w");
  Random random(1);
  bool good = file != nullptr;
  for (uint64_t i = 1; good && i <= count; i++) {
    const std::string line = record_to_line(random_decision(random, i)) + "\n";
    good = std::fwrite(line.data(), 1, line.size(), file) == line.size();
  }
  if (!good || std::fclose(file) != 0)
    must(Result<int>(Error{path + ": cannot be written: " + std::strerror(errno)}));
}

/// Of this process's own time, so that a busy machine changes little.
double seconds_of(const auto &work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  };
  const double start = now();
  work();
  return now() - start;
}

/// The quickest of some rounds: what the machine does otherwise only ever adds.
double quickest(const auto &work) {
  double best = seconds_of(work);
  for (int round = 1; round < kRounds; round++)
    best = std::min(best, seconds_of(work));
  return best;
}

void visit_lines(const std::vector<std::string> &files, const auto &visit) {
  for (const std::string &file : files) {
    RecordReader reader = must(RecordReader::open(file));
    while (const std::optional<std::string_view> line = must(reader.next_line()))
      visit(*line, reader.place());
  }
}

void print_rate(const char *what, double seconds, uint64_t decisions) {
  std::printf("%-28s %8.1f ms  %11.0f decisions/s\n", what, seconds * 1e3,
              static_cast<double>(decisions) / seconds);
}

int measure(const std::vector<std::string> &files) {
  ReplayResult result;
  const double whole = quickest([&] { result = must(replay_files(files)); });
  uint64_t bytes = 0;
  uint64_t plain = 0;
  std::vector<VerdictLine> verdicts;
  const double reading = quickest([&] {
    bytes = 0;
    visit_lines(files, [&](std::string_view line, const Place &) { bytes += line.size() + 1; });
  });
  const double facts = quickest([&] {
    plain = 0;
    visit_lines(files, [&](std::string_view line, const Place &) {
      VerdictLine seen;
      plain += read_verdict_line(line, seen) ? 1 : 0;
    });
  });
  visit_lines(files, [&](std::string_view line, const Place &) {
    VerdictLine seen;
    if (read_verdict_line(line, seen) && seen.is_decision)
      verdicts.push_back(seen);
  });
  uint64_t allowed = 0;
  const double deciding = quickest([&] {
    for (const VerdictLine &one : verdicts)
      allowed += w_decide(&one.facts).verdict == W_ALLOW ? 1 : 0;
  });
  std::printf(
      "%lu records, %lu decisions (%.0f %% allowed), %.0f bytes each; %lu not in the plain "
      "form\n",
      result.records, result.decisions,
      100.0 * static_cast<double>(allowed / kRounds) / static_cast<double>(verdicts.size()),
      static_cast<double>(bytes) / static_cast<double>(result.records), result.records - plain);
  print_rate("whole, from file to answer", whole, result.decisions);
  print_rate("  reading lines", reading, result.decisions);
  print_rate("  and finding the facts", facts, result.decisions);
  print_rate("decide() alone, in memory", deciding, verdicts.size());
  std::printf("%lu differ\n", result.decisions - result.equal);
  if (result.first_difference)
    std::cout << difference_text(*result.first_difference) << "\n";
  return result.agrees() ? 0 : 1;
}

} // namespace

int main(int argc, char **argv) {
  std::vector<std::string> files(argv + 1, argv + argc);
  std::string made = "/tmp/replay_speed-" + std::to_string(::getpid());
  uint64_t count = 100'000;
  const bool keeps = files.size() >= 2 && files[0] == "--keep";
  if (keeps) {
    made = files[1];
    if (files.size() == 4 && files[2] == "--count")
      count = std::strtoull(files[3].c_str(), nullptr, 10);
    files.clear();
  }
  if (!files.empty())
    return measure(files);
  make_log(made, count);
  const int answer = measure({made});
  if (!keeps)
    ::unlink(made.c_str());
  return answer;
}
