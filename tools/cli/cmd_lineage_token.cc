// SPDX-License-Identifier: Apache-2.0
// warrant lineage token, adopt: a lineage carried to another host, or into a container.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "artifacts/lineage_token.h"
#include "artifacts/statement.h"
#include "artifacts/time.h"
#include "daemon/control_client.h"
#include "lineage/checkpoint.h"
#include "lineage/reader.h"
#include "tools/cli/blame.h"
#include "tools/cli/cmd.h"
#include "tools/cli/daemon_reply.h"
#include "tools/cli/files.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"
#include "tools/cli/signing.h"

namespace warrant::cli {
namespace {

/// Of the latest boot that has an exec of this lineage.
Try<RemoteParent> find_parent(const std::vector<std::string> &files, uint64_t lineage) {
  std::optional<RemoteParent> found;
  CLI_TRY(read_records(files, [&](const Record &record) {
    const auto *decision = std::get_if<Decision>(&record.body);
    const auto *commit = std::get_if<Commit>(&record.body);
    if (!decision && !commit)
      return;
    const w_process &process = decision ? decision->process : commit->process;
    if (process.lineage != lineage)
      return;
    ArtifactId artifact{};
    std::copy(std::begin(process.artifact), std::end(process.artifact), artifact.begin());
    found = RemoteParent{record.origin.host.bytes(), record.origin.boot, lineage, {}, {}};
    if (artifact != ArtifactId{})
      found->artifact = artifact;
  }));
  if (!found)
    return trouble("no record tells of an exec with lineage " + std::to_string(lineage) +
                   " (fix: `warrant lineage show` prints them)");
  return *found;
}

Try<std::optional<LogPlace>> log_place_of(const Arguments &arguments) {
  if (arguments.has("--checkpoint") != arguments.has("--index"))
    return usage("--checkpoint and --index: both or none");
  if (!arguments.has("--checkpoint"))
    return std::optional<LogPlace>();
  const std::string path = arguments.text("--checkpoint");
  const Bytes note = CLI_TRY(read_document(path));
  // Its signatures are checked by whoever follows the token to the log.
  const std::string_view text = text_of(note);
  const size_t end = text.find("\n\n");
  Result<Checkpoint> checkpoint =
      parse_checkpoint(text.substr(0, end == std::string_view::npos ? end : end + 1));
  if (!checkpoint.ok())
    return trouble(path + ": " + checkpoint.error().message);
  LogPlace place;
  place.origin = checkpoint.value().origin;
  place.size = checkpoint.value().size;
  place.index = *arguments.number("--index");
  std::copy(checkpoint.value().root.begin(), checkpoint.value().root.end(), place.root.begin());
  if (place.index >= place.size)
    return usage("--index " + std::to_string(place.index) + ": the checkpoint is of " +
                 std::to_string(place.size) + " entries");
  return std::optional(place);
}

std::string describe(const LineageToken &token) {
  std::string text = "  id        " + to_hex(token.id) + "\n  from      lineage " +
                     std::to_string(token.parent.lineage) + " of " + printable(token.parent.host) +
                     ", boot " + token.parent.boot + "\n";
  if (token.parent.artifact)
    text += "  artifact  " + to_hex(*token.parent.artifact) + "\n";
  if (token.parent.log)
    text += "  log       entry " + std::to_string(token.parent.log->index) + " of " +
            std::to_string(token.parent.log->size) + ", " + printable(token.parent.log->origin) +
            "\n";
  return text + "  for       " + printable(token.audience) + ", once\n  window    " +
         format_time(token.not_before) + " to " + format_time(token.not_after) + "\n";
}

} // namespace

Answer lineage_token(const Arguments &arguments) {
  LineageToken token;
  token.id = new_artifact_id();
  token.audience = arguments.text("--audience");
  token.not_before = *arguments.moment("--not-before", now());
  const int64_t length = *arguments.duration("--valid-for");
  if (length > kMaxTokenWindow)
    return usage("--valid-for: at most 1h; a token is for what is about to be started");
  token.not_after = token.not_before + length;
  token.parent =
      CLI_TRY(find_parent(CLI_TRY(lineage_files_of(arguments)), *arguments.number("--lineage")));
  token.parent.log = CLI_TRY(log_place_of(arguments));
  const std::string payload = CLI_TRY(from_options(arguments, serialize_lineage_token(token)));
  const std::vector<SecretKey> keys = CLI_TRY(load_secret_keys(arguments.all("--key")));
  const std::string out = arguments.text("--out");
  CLI_TRY(check_target(arguments, out));
  announce("lineage token", describe(token), keys);
  CLI_TRY(write_output(arguments, out, CLI_TRY(sign(payload, keys))));
  if (arguments.wants_json())
    print_json({{"file", out}, {"id", to_hex(token.id)}, {"audience", token.audience}});
  else
    print("lineage token " + out + "\n" + describe(token));
  return ExitCode::kOk;
}

Answer lineage_adopt(const Arguments &arguments) {
  const std::vector<std::string> &words = arguments.operands();
  if (words.size() < 2)
    return usage("a program is missing: TOKEN -- PROGRAM [ARGUMENT...]");
  const Bytes token = CLI_TRY(read_file(words[0], kMaxTokenSize));
  const Json reply = CLI_TRY(ask_daemon({{"verb", "adopt-lineage"}, {"token", to_base64(token)}},
                                        arguments.text("--socket")));
  if (!is_done(reply)) {
    const std::string why =
        complaint_of(reply).empty() ? "warrantd does not say why" : complaint_of(reply);
    if (arguments.wants_json())
      print_json({{"adopted", false}, {"problem", why}});
    note("warrant: " + words[0] + " is not taken: " + why + "\n");
    return ExitCode::kNo;
  }
  std::vector<char *> argv;
  std::vector<std::string> program(words.begin() + 1, words.end());
  for (std::string &word : program)
    argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  return trouble("the token is taken, but " + program[0] +
                 " cannot be executed: " + std::strerror(errno));
}

} // namespace warrant::cli
