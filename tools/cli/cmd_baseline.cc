// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>

#include "artifacts/json.h"
#include "artifacts/manifest.h"
#include "artifacts/names.h"
#include "lineage/text.h"
#include "tools/cli/cmd.h"
#include "tools/cli/describe.h"
#include "tools/cli/files.h"
#include "tools/cli/output.h"
#include "tools/cli/restrictions.h"
#include "tools/cli/scan.h"
#include "tools/cli/signing.h"

namespace warrant::cli {
namespace {

constexpr size_t kMaxProblemsShown = 10;
constexpr std::array<std::string_view, static_cast<size_t>(CodeKind::kCount)> kKindNames = {
    "programs", "libraries", "scripts", "others", "code", "modules"};
constexpr const char *kNames = ".names";
constexpr const char *kInterpreters = ".interpreters";
constexpr int64_t kDraftWindow = 365LL * 86400;

using Counts = std::array<uint64_t, kKindNames.size()>;

Counts count(const Scan &scan) {
  Counts counts{};
  for (const CodeFile &file : scan.files)
    counts.at(static_cast<size_t>(file.kind))++;
  return counts;
}

/// On a terminal one line that is overwritten; else silence until the summary.
void show_progress(const Progress &progress) {
  static const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
  if (!on_terminal)
    return;
  note("\r" + std::to_string(progress.files_done) + " of " + std::to_string(progress.files) +
       " files, " + std::to_string(progress.bytes_hashed >> 20) + " MiB of code hashed\x1b[K");
  if (progress.files_done == progress.files)
    note("\n");
}

Try<void> check_problems(const Scan &scan) {
  if (scan.problems.empty())
    return {};
  std::string text =
      "the baseline would be incomplete; nothing was written. Exclude with "
      "--exclude what is not wanted, or run it as root:";
  for (size_t i = 0; i < scan.problems.size() && i < kMaxProblemsShown; i++)
    text += "\n  " + scan.problems[i];
  if (scan.problems.size() > kMaxProblemsShown)
    text += "\n  and " + std::to_string(scan.problems.size() - kMaxProblemsShown) + " more";
  return trouble(text);
}

/// Takes out of the baseline what is to be entered by scripts only. The artifact for them stands
/// beside it, since constraints hold for all that an artifact names.
Scan take_interpreters(Scan &scan, InterpreterKind most) {
  Scan interpreters;
  const auto stays = [&](const CodeFile &file) {
    return !file.interpreter || *file.interpreter > most;
  };
  const auto first = std::stable_partition(scan.files.begin(), scan.files.end(), stays);
  interpreters.files.assign(std::make_move_iterator(first),
                            std::make_move_iterator(scan.files.end()));
  scan.files.erase(first, scan.files.end());
  return interpreters;
}

uint32_t actions_for(const CodeFile &file, const InterpreterRule &rule) {
  // Who is entered by scripts only may not be mapped, and to be read is less.
  return actions_of(file.kind) | (rule.is_empty() ? 0 : W_ACTION_INTERPRET);
}

Try<Manifest> manifest_of(const Scan &scan, const InterpreterRule &rule) {
  std::vector<ManifestRecord> records;
  for (const CodeFile &file : scan.files)
    records.push_back({file.sha256, file.verity, actions_for(file, rule)});
  return CLI_TRY(write_manifest(std::move(records)));
}

/// For people only: which file had which content.
std::string names_text(const Scan &scan, const InterpreterRule &rule) {
  std::string text;
  for (const CodeFile &file : scan.files) {
    std::string actions;
    for (const std::string &name : names_of_bits(action_names(), actions_for(file, rule)))
      actions += (actions.empty() ? "" : ",") + name;
    text += to_hex(file.sha256) + " " + actions + " " + Text(file.path).escaped() + "\n";
  }
  return text;
}

Authorization draft_of(const Scan &scan, const Manifest &manifest, const InterpreterRule &rule) {
  Authorization draft;
  draft.id = new_artifact_id();
  draft.kind = ArtifactKind::kBaseline;
  draft.issued_at = draft.not_before = now();
  draft.not_after = draft.issued_at + kDraftWindow;
  draft.initiator.any = true;
  draft.manifest = manifest.ref;
  draft.interpreter = rule;
  for (const CodeFile &file : scan.files)
    draft.actions |= actions_for(file, rule);
  return draft;
}

/// Writes the manifest, the names and the draft.
Try<Manifest> write_draft(const Arguments &arguments, const std::string &path, const Scan &scan,
                          const InterpreterRule &rule) {
  Manifest manifest = CLI_TRY(manifest_of(scan, rule));
  const std::string draft = CLI_TRY(draft_text(arguments, draft_of(scan, manifest, rule)));
  CLI_TRY(write_file_atomic(directory_of(path) + "/" + manifest_file_name(manifest.ref),
                            manifest.file, 0644));
  CLI_TRY(write_output(arguments, path + kNames, names_text(scan, rule)));
  CLI_TRY(write_output(arguments, path, draft));
  return manifest;
}

std::vector<std::string> targets(const std::string &path, bool restricts) {
  std::vector<std::string> all = {path, path + kNames};
  if (restricts)
    all.insert(all.end(), {path + kInterpreters, path + kInterpreters + kNames});
  return all;
}

/// Of a baseline that lets them run whatever they are given.
std::string interpreters_text(const Scan &scan) {
  std::string text;
  size_t count = 0;
  for (const CodeFile &file : scan.files) {
    if (!file.interpreter)
      continue;
    if (count++ < kMaxProblemsShown)
      text += (text.empty() ? "" : ", ") + Text(file.path).escaped();
  }
  if (count == 0)
    return {};
  return "\n  " + std::to_string(count) + " interpreters run whatever they are given: " + text +
         (count > kMaxProblemsShown ? ", ..." : "") +
         "\n  (--restrict-interpreters, docs/interpreters.md)";
}

void report(const Arguments &arguments, const Scan &scan, const Manifest &manifest,
            const std::string &path, const Scan &interpreters) {
  const Counts counts = count(scan);
  const std::string manifest_path = directory_of(path) + "/" + manifest_file_name(manifest.ref);
  if (arguments.wants_json()) {
    Json kinds = Json::object();
    for (size_t i = 0; i < counts.size(); i++)
      kinds[std::string(kKindNames[i])] = counts[i];
    print_json({{"file", path},
                {"manifest", manifest_path},
                {"names", path + kNames},
                {"files", scan.files.size()},
                {"contents", manifest.ref.count},
                {"kinds", std::move(kinds)},
                {"bytes", scan.progress.bytes_hashed},
                {"interpreters", interpreters.files.empty() ? Json() : Json(path + kInterpreters)},
                {"interpretersRestricted", interpreters.files.size()},
                {"modulesSkipped", scan.modules_skipped}});
    return;
  }
  std::string text = "baseline draft " + path + ", not signed yet\n  " +
                     std::to_string(scan.files.size()) + " files with " +
                     std::to_string(manifest.ref.count) + " different contents, " +
                     std::to_string(scan.progress.bytes_hashed >> 20) + " MiB:";
  for (size_t i = 0; i < counts.size(); i++)
    text += (i == 0 ? " " : ", ") + std::to_string(counts[i]) + " " + std::string(kKindNames[i]);
  if (scan.modules_skipped > 0)
    text += "\n  " + std::to_string(scan.modules_skipped) +
            " kernel modules left out (--modules takes them in)";
  text += interpreters_text(scan);
  if (!interpreters.files.empty())
    text += "\n  " + std::to_string(interpreters.files.size()) +
            " interpreters stand in a draft of their own: " + path + kInterpreters;
  print(text + "\n  manifest: " + manifest_path + "\n  names:    " + path + kNames + "\n");
}

} // namespace

Answer baseline_capture(const Arguments &arguments) {
  const std::string path = arguments.text("--out");
  const std::string restricted = path + kInterpreters;
  const bool restricts = arguments.has("--restrict-interpreters");
  for (const std::string &target : targets(path, restricts)) // before the long work, not after it
    CLI_TRY(check_target(arguments, target));
  ScanOptions options;
  options.root = arguments.text("--root");
  options.exclude = arguments.all("--exclude");
  options.cross = arguments.has("--cross");
  options.modules = arguments.has("--modules");
  Scan scan = CLI_TRY(scan_for_code(options, show_progress));
  show_progress(scan.progress);
  CLI_TRY(check_problems(scan));
  Scan interpreters;
  if (restricts)
    interpreters = take_interpreters(scan, arguments.text("--restrict-interpreters") == "all"
                                               ? InterpreterKind::kCommand
                                               : InterpreterKind::kLanguage);
  if (scan.files.empty())
    return trouble(options.root + ": no code found");
  if (restricts && interpreters.files.empty())
    return trouble(options.root +
                   ": no interpreters found (fix: leave out --restrict-interpreters)");
  const Manifest manifest = CLI_TRY(write_draft(arguments, path, scan, {}));
  if (restricts)
    CLI_TRY(
        write_draft(arguments, restricted, interpreters, {Entry::kScriptOnly, Reads::kSuffixes}));
  report(arguments, scan, manifest, path, interpreters);
  return ExitCode::kOk;
}

Answer baseline_sign(const Arguments &arguments) {
  const std::string &path = arguments.operand();
  const Bytes document = CLI_TRY(read_document(path));
  if (is_envelope(CLI_TRY(in_file(path, parse_json(document)))))
    return trouble(path + ": signed already, no draft (fix: `warrant artifact sign` adds a " +
                   "signature; another policy or window needs the draft)");
  Authorization authorization = CLI_TRY(in_file(path, parse_authorization(document)));
  if (authorization.kind != ArtifactKind::kBaseline)
    return trouble(path + ": predicate.kind: " + std::string(kind_name(authorization.kind)) +
                   ", no baseline (fix: `warrant artifact sign` signs it)");
  // Signed again, it is another artifact: two with one id could not stand together.
  authorization.id = new_artifact_id();
  authorization.policy_sha256 = CLI_TRY(policy_digest(arguments));
  CLI_TRY(apply_restrictions(arguments, authorization));
  CLI_TRY(apply_window(arguments, now(), authorization));
  const Answer answer = sign_and_write(arguments, authorization, path);
  // For people, for `warrant artifact lint` and for `warrant warm`; nobody vouches for it.
  if (Result<Bytes> names = read_file(path + kNames, kMaxNamesFile); answer.ok() && names.ok())
    CLI_TRY(write_file_atomic(arguments.text("--out") + kNames, names.value(), 0644));
  return answer;
}

} // namespace warrant::cli
