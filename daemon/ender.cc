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

void Ender::end_due(const MapSet &maps, Recorder &recorder, int64_t now) {
  const std::vector<uint32_t> bonds = endings_.due(now);
  if (bonds.empty())
    return;
  Result<ReapReport> report =
      reap(bonds, [&maps](int pidfd) { return process_context(maps, pidfd); });
  if (!report.ok()) {
    if (report.error().message != error_)
      std::fprintf(stderr, "warrantd: %s\n", report.error().message.c_str());
    error_ = report.error().message;
    return;
  }
  std::vector<std::string> &errors = report.value().errors;
  if (!report.value().is_complete && errors.empty())
    errors.emplace_back("they are more, or faster, than could be ended for now");
  std::set<std::pair<pid_t, uint64_t>> before;
  before.swap(ended_);
  for (const ReapedProcess &process : report.value().killed) {
    ended_.emplace(process.pid, process.context.lineage);
    if (before.contains({process.pid, process.context.lineage})) {
      errors.push_back("process " + std::to_string(process.pid) +
                       " was killed, and is not gone yet");
      continue;
    }
    const Ending *ending = endings_.why(process.context, now);
    if (ending)
      recorder.note(Ended{ending->artifact, static_cast<uint32_t>(process.pid), process.context,
                          static_cast<uint8_t>(ending->reason)});
    std::fprintf(stderr, "warrantd: ended process %d: its artifact is over\n", process.pid);
  }
  if (!errors.empty() && errors.front() != error_)
    std::fprintf(stderr, "warrantd: processes whose artifact is over go on: %s\n",
                 errors.front().c_str());
  error_ = errors.empty() ? std::string() : errors.front();
}

} // namespace warrant
