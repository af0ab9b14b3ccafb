// SPDX-License-Identifier: Apache-2.0
// warrant lineage prune: records that nobody needs any more are given up, provably.
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "artifacts/time.h"
#include "daemon/clock.h"
#include "daemon/handover.h"
#include "daemon/log_key.h"
#include "daemon/recorder.h"
#include "daemon/state_store.h"
#include "lineage/log_check.h"
#include "lineage/log_snapshot.h"
#include "lineage/log_writer.h"
#include "lineage/retention.h"
#include "tools/cli/cmd_log.h"
#include "tools/cli/files.h"
#include "tools/cli/log_options.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

/// What is, or would be, given up.
struct Plan {
  uint64_t first = 0;   ///< entry with which the log begins now
  uint64_t entries = 0; ///< entry with which it will
  uint64_t size = 0;    ///< entries that it has, pruned ones included
};

/// Whoever gives up records that were changed would give up the evidence, too.
Try<LogReport> check_whole(const std::string &folder, const NoteKey &key) {
  const std::unique_ptr<FolderFiles> files = CLI_TRY(open_log_folder(folder));
  Result<LogReport> report = verify_log(*files, key, {}, progress_notes());
  if (!report.ok())
    return trouble(folder + ": NOT VERIFIED, and left as it is: " + report.error().message);
  return std::move(report).value();
}

/// A log that was put back to an older state must not be signed anew: as warrantd would, at its
/// start, this asks what the daemon's state remembers of the log, where there is one.
Try<void> check_head(LogWriter &writer, const std::string &state_file) {
  if (::access(state_file.c_str(), F_OK) != 0)
    return {};
  const Bytes bytes = CLI_TRY(read_file(state_file, kMaxStateSize));
  const State state = CLI_TRY(in_file(state_file, parse_state(bytes)));
  if (state.log.key != writer.key().key().bytes())
    return {};
  if (const Status contains = writer.check_contains(state.log.size, state.log.root); !contains.ok())
    return trouble("the log is not the one that warrantd knows: " + contains.error().message);
  return {};
}

Try<Plan> plan_of(const std::string &folder, uint64_t signed_size, int64_t before) {
  LogSnapshot log = CLI_TRY(LogSnapshot::open(folder));
  Plan plan{log.first(), 0, log.size()};
  plan.entries = std::max(
      plan.first, CLI_TRY(prunable_entries(log, signed_size, before * kSecond, progress_notes())));
  return plan;
}

Try<void> prune(LogWriter &writer, const std::string &folder, const Plan &plan) {
  LogSnapshot log = CLI_TRY(LogSnapshot::open(folder));
  const Record last = CLI_TRY(parse_record(text_of(CLI_TRY(log.entry(log.size() - 1)))));
  const Origin here{last.origin.host, CLI_TRY(read_boot_id())};
  const Moment now{wall_now(), static_cast<uint64_t>(boot_now())};
  CLI_TRY(writer.prune(plan.entries, here, now,
                       caller_of(static_cast<uint32_t>(::getpid()), ::getuid())));
  return {};
}

void tell(const Arguments &arguments, const std::string &folder, const Plan &plan, bool is_done) {
  const uint64_t count = plan.entries - plan.first;
  if (arguments.wants_json()) {
    print_json({{"log", folder},
                {"before", format_time(*arguments.moment("--before", now()))},
                {"pruned", count},
                {"first", plan.entries},
                {"size", plan.size + (is_done ? 1 : 0)},
                {"done", is_done}});
    return;
  }
  if (count == 0)
    print(folder +
          ": nothing to prune: entries are given up 256 at a time, when all of them are "
          "older, and none of the last boot\n");
  else
    print(folder + ": " + count_text(count, "record") + (is_done ? " pruned" : " would be pruned") +
          ", the log begins with entry " + std::to_string(plan.entries) + " of " +
          std::to_string(plan.size + (is_done ? 1 : 0)) + "\n");
}

} // namespace

Answer lineage_prune(const Arguments &arguments) {
  const std::string folder = arguments.text("--log");
  const int64_t before = *arguments.moment("--before", now());
  if (before > now())
    return usage("--before: a time that has not come yet");
  if (arguments.has("--dry-run")) {
    const LogTrust trust = CLI_TRY(log_trust_of(arguments, folder));
    const LogReport report = CLI_TRY(check_whole(folder, trust.key));
    tell(arguments, folder, CLI_TRY(plan_of(folder, report.checkpoint.checkpoint.size, before)),
         false);
    return ExitCode::kOk;
  }
  if (!is_log_folder(folder))
    return trouble(folder + ": no log");
  const std::string beside = folder_beside(folder);
  // Its name is in log.vkey: without that, another would be made.
  const NoteKey key = CLI_TRY(verifier_key_of(beside + "/log.vkey"));
  if (arguments.has("--key") &&
      CLI_TRY(verifier_key_of(arguments.text("--key"))).vkey() != key.vkey())
    return usage("--key: not the key of this log, which is " + key.vkey());
  NoteSigner signer =
      CLI_TRY(open_log_key({beside + "/log.key", beside + "/log.vkey"}, "", host_name(), false));
  std::unique_ptr<FolderFiles> files = CLI_TRY(open_log_folder(folder));
  if (const Status locked = files->lock(); !locked.ok())
    return trouble(locked.error().message +
                   " (fix: `systemctl stop warrantd` for it; what is enforced stays)");
  CLI_TRY(check_whole(folder, key));
  const std::unique_ptr<LogWriter> writer =
      CLI_TRY(LogWriter::open(std::move(files), std::move(signer)));
  CLI_TRY(check_head(*writer, beside + "/state/" + std::string(kStateFile)));
  CLI_TRY(writer->checkpoint());
  // What came behind the checkpoint that was verified is what the writer itself just wrote.
  const Plan plan = CLI_TRY(plan_of(folder, writer->log().size(), before));
  if (plan.entries > plan.first)
    CLI_TRY(prune(*writer, folder, plan));
  tell(arguments, folder, plan, plan.entries > plan.first);
  return ExitCode::kOk;
}

} // namespace warrant::cli
