// SPDX-License-Identifier: Apache-2.0
// warrant: finds the command in the table, checks the command line, runs it, says once what failed.
#include <cstdio>
#include <optional>

#include "artifacts/bytes.h"
#include "artifacts/openssl.h"
#include "daemon/tpm.h"
#include "daemon/version.h"
#include "tools/cli/arguments.h"
#include "tools/cli/help.h"
#include "tools/cli/output.h"

namespace warrant::cli {
namespace {

using Words = std::span<char *const>;

size_t count_verbs(std::string_view noun) {
  size_t count = 0;
  for (const Command &command : commands())
    count += command.noun == noun ? 1 : 0;
  return count;
}

/// The command that the first words name, and how many words that takes. A noun with one verb may
/// stand without it.
struct Found {
  const Command *command;
  size_t words;
};
std::optional<Found> find_command(Words words) {
  for (const Command &command : commands()) {
    if (command.noun != words[0])
      continue;
    if (command.verb.empty())
      return Found{&command, 1};
    if (words.size() > 1 && command.verb == words[1])
      return Found{&command, 2};
    if (count_verbs(command.noun) == 1 && (words.size() == 1 || words[1][0] == '-'))
      return Found{&command, 1};
  }
  return std::nullopt;
}

bool is_help(std::string_view word) {
  return word == "--help" || word == "-h" || word == "help";
}

Answer explain_unknown(Words words) {
  const std::string noun = printable(words[0]);
  if (count_verbs(words[0]) == 0)
    return usage("there is no command " + noun + "; `warrant --help` lists them");
  if (words.size() == 1)
    return usage("warrant " + noun + ": what? " + "`warrant " + noun + " --help` lists it");
  if (is_help(words[1])) {
    print(noun_help(words[0]));
    return ExitCode::kOk;
  }
  return usage("there is no command " + noun + " " + printable(words[1]) + "; `warrant " + noun +
               " --help` lists them");
}

Answer run(Words words) {
  if (words.empty())
    return usage("no command given; `warrant --help` lists them");
  if (is_help(words[0])) {
    print(overview());
    return ExitCode::kOk;
  }
  if (std::string_view(words[0]) == "--version") {
    print(std::string("warrant ") + kVersion + "\n");
    return ExitCode::kOk;
  }
  const std::optional<Found> found = find_command(words);
  if (!found)
    return explain_unknown(words);
  const Arguments arguments =
      CLI_TRY(Arguments::parse(*found->command, words.subspan(found->words)));
  if (arguments.has("--help")) {
    print(command_help(*found->command));
    return ExitCode::kOk;
  }
  return found->command->run(arguments);
}

/// What main() prints of a failure.
std::string text_of_failure(const Failure &failure, Words words) {
  std::string text = "warrant: " + failure.message + "\n";
  if (failure.code != ExitCode::kUsage || words.empty())
    return text;
  if (const std::optional<Found> found = find_command(words))
    text += "`warrant " + title(*found->command) + " --help` tells more\n";
  return text;
}

} // namespace
} // namespace warrant::cli

int main(int argc, char **argv) {
  using namespace warrant::cli;
  warrant::openssl::ignore_configuration();
  warrant::silence_tss();
  const Words words = Words(argv, static_cast<size_t>(argc)).subspan(argc > 0 ? 1 : 0);
  const Answer answer = run(words);
  if (!answer.ok()) {
    note(text_of_failure(answer.error(), words));
    return static_cast<int>(answer.error().code);
  }
  // A full disk or a closed pipe must not look like success.
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    note("warrant: cannot write the output\n");
    return static_cast<int>(ExitCode::kError);
  }
  return static_cast<int>(answer.value());
}
