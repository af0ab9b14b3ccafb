// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <array>
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
    "programs", "libraries", "scripts", "others", "modules"};
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

Try<Manifest> manifest_of(const Scan &scan, const std::string &root) {
  std::vector<ManifestRecord> records;
  for (const CodeFile &file : scan.files)
    records.push_back({file.sha256, file.verity, actions_of(file.kind)});
  if (records.empty())
    return trouble(root + ": no code found");
  return CLI_TRY(write_manifest(std::move(records)));
}

/// For people only: which file had which content.
std::string names_text(const Scan &scan) {
  std::string text;
  for (const CodeFile &file : scan.files) {
    std::string actions;
    for (const std::string &name : names_of_bits(action_names(), actions_of(file.kind)))
      actions += (actions.empty() ? "" : ",") + name;
    text += to_hex(file.sha256) + " " + actions + " " + Text(file.path).escaped() + "\n";
  }
  return text;
}

Authorization draft_of(const Scan &scan, const Manifest &manifest) {
  Authorization draft;
  draft.id = new_artifact_id();
  draft.kind = ArtifactKind::kBaseline;
  draft.issued_at = draft.not_before = now();
  draft.not_after = draft.issued_at + kDraftWindow;
  draft.initiator.any = true;
  draft.manifest = manifest.ref;
  for (const CodeFile &file : scan.files)
    draft.actions |= actions_of(file.kind);
  return draft;
}

void report(const Arguments &arguments, const Scan &scan, const Manifest &manifest,
            const std::string &path) {
  const Counts counts = count(scan);
  const std::string manifest_path = directory_of(path) + "/" + manifest_file_name(manifest.ref);
  if (arguments.wants_json()) {
    Json kinds = Json::object();
    for (size_t i = 0; i < counts.size(); i++)
      kinds[std::string(kKindNames[i])] = counts[i];
    print_json({{"file", path},
                {"manifest", manifest_path},
                {"names", path + ".names"},
                {"files", scan.files.size()},
                {"contents", manifest.ref.count},
                {"kinds", std::move(kinds)},
                {"bytes", scan.progress.bytes_hashed},
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
  print(text + "\n  manifest: " + manifest_path + "\n  names:    " + path + ".names\n");
}

} // namespace

Answer baseline_capture(const Arguments &arguments) {
  const std::string path = arguments.text("--out");
  const std::string names_path = path + ".names";
  for (const std::string &target : {path, names_path}) // before the long work, not after it
    CLI_TRY(check_target(arguments, target));
  ScanOptions options;
  options.root = arguments.text("--root");
  options.exclude = arguments.all("--exclude");
  options.cross = arguments.has("--cross");
  options.modules = arguments.has("--modules");
  const Scan scan = CLI_TRY(scan_for_code(options, show_progress));
  show_progress(scan.progress);
  CLI_TRY(check_problems(scan));
  const Manifest manifest = CLI_TRY(manifest_of(scan, options.root));
  const std::string draft = CLI_TRY(draft_text(arguments, draft_of(scan, manifest)));
  CLI_TRY(write_file_atomic(directory_of(path) + "/" + manifest_file_name(manifest.ref),
                            manifest.file, 0644));
  CLI_TRY(write_output(arguments, names_path, names_text(scan)));
  CLI_TRY(write_output(arguments, path, draft));
  report(arguments, scan, manifest, path);
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
  return sign_and_write(arguments, authorization, path);
}

} // namespace warrant::cli
