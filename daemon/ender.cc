// SPDX-License-Identifier: Apache-2.0
#include "daemon/ender.h"

#include <cstdio>

#include "daemon/contexts.h"
#include "daemon/reaper.h"

namespace warrant {

void Ender::follow(const std::vector<AcceptedArtifact> &accepted,
                   const std::map<ArtifactId, uint32_t> &bonds) {
  endings_.follow(accepted, bonds);
}

void Ender::say(const std::vector<std::string> &problems) {
  std::set<std::string> now(problems.begin(), problems.end());
  int lines = 0; // where nobody can be looked up, there are as many problems as processes
  for (const std::string &problem : now)
    if (!told_.contains(problem) && lines++ < kMaxLines)
      std::fprintf(stderr, "warrantd: processes whose artifact is over may go on: %s\n",
                   problem.c_str());
  told_ = std::move(now);
}

void Ender::end_due(const MapSet &maps, Recorder &recorder, int64_t now) {
  const std::vector<uint32_t> bonds = endings_.due(now);
  if (bonds.empty())
    return;
  std::vector<pid_t> before;
  for (const auto &[pid, process] : dying_)
    before.push_back(pid);
  Result<ReapReport> report = reap(
      bonds, [&maps](int pidfd) { return process_context(maps, pidfd); }, dying_);
  if (!report.ok())
    return say({report.error().message});
  std::vector<std::string> &problems = report.value().errors;
  if (!report.value().is_complete && problems.empty())
    problems.emplace_back("they are more, or faster, than could be ended for now");
  for (const pid_t pid : before)
    if (dying_.contains(pid))
      problems.push_back("process " + std::to_string(pid) + " was killed, and is not gone yet");
  say(problems);
  for (const ReapedProcess &process : report.value().killed) {
    const Ending *ending = endings_.why(process.context, now);
    if (ending)
      recorder.note(Ended{ending->artifact, static_cast<uint32_t>(process.pid), process.context,
                          static_cast<uint8_t>(ending->reason)});
    std::fprintf(stderr, "warrantd: ended process %d: its artifact is over\n", process.pid);
  }
}

} // namespace warrant
