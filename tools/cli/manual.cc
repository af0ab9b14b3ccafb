// SPDX-License-Identifier: Apache-2.0
// manual_page() of tools/cli/help.h: warrant(1), from the same table as everything else.
#include "daemon/version.h"
#include "tools/cli/help.h"

namespace warrant::cli {
namespace {

/// Text as man(7) wants it: no line begins with a control character, hyphens are hyphens.
std::string roff(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    const bool at_start = safe.empty() || safe.back() == '\n';
    if (at_start && (c == '.' || c == '\''))
      safe += "\\&";
    if (c == '\\')
      safe += "\\e";
    else if (c == '-')
      safe += "\\-";
    else
      safe += c;
  }
  return safe;
}

std::string paragraphs(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const size_t end = text.find("\n\n");
    result += ".PP\n" + roff(text.substr(0, end)) + "\n";
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  }
  return result;
}

std::string option_entry(const Option &option) {
  std::string text = ".TP\n";
  if (!option.name.empty())
    text += "\\fB" + roff(option.name) + "\\fR";
  if (option.type != Value::kSwitch)
    text += std::string(option.name.empty() ? "" : " ") + "\\fI" + roff(option.value) + "\\fR";
  if (option.is_repeatable())
    text += " ...";
  text += "\n" + roff(option.help);
  if (option.is_required() && !option.name.empty())
    text += " Required.";
  if (!option.fallback.empty())
    text += " Default: " + roff(option.fallback) + ".";
  return text + "\n";
}

std::string command_section(const Command &command) {
  std::string text = ".SS " + roff(synopsis(command)) + "\n" + roff(command.summary) + "\n";
  text += paragraphs(command.detail);
  if (!command.operand.value.empty())
    text += option_entry(command.operand);
  for (const Option &option : command.options)
    text += option_entry(option);
  return text;
}

constexpr std::string_view kHead = R"(.SH NAME
warrant \- sign, check and explain authorization artifacts; ask the kernel whether it enforces them
.SH SYNOPSIS
\fBwarrant\fR \fICOMMAND\fR [\fIOPTIONS\fR]
.SH DESCRIPTION
Warrant makes a Linux kernel refuse to execute anything that nobody with the right to do so has
signed for. \fBwarrantd\fR(8) brings signed artifacts into the kernel; this tool makes keys, trust
roots, policies and artifacts, checks them, and asks kernel and records what was decided and why.
.PP
Files are written whole or not at all, and an existing file is replaced only with \fB\-\-force\fR.
Errors go to standard error, as text even with \fB\-\-json\fR, and name the file, the field and the
fix. Colours appear only on a terminal, and not when \fBNO_COLOR\fR is set.
.SH COMMANDS
)";

constexpr std::string_view kTail = R"(.SH FILES
.TP
/etc/warrant/trust\-root.json, /etc/warrant/policy.json, /etc/warrant/revocation.json
Whom this machine believes, what it was told to do, and what is granted no more.
.TP
/etc/warrant/roots/
Trust roots that a machine may have missed, by version (2.json).
.TP
/etc/warrant/artifacts/
Signed artifacts (*.json) and their manifests.
.TP
/var/lib/warrant/state/
What \fBwarrantd\fR(8) must never forget. No command reads or writes it.
.TP
/var/lib/warrant/lineage/
Records of every decision: one log for all boots.
.TP
/var/cache/warrant/, ~/.cache/warrant/
Indexes of the records, made of them at will; they may be deleted at any time.
.TP
/sys/fs/bpf/warrant/
Links and maps of the enforcement in force.
.TP
/run/warrant/control.sock
Where \fBwarrantd\fR(8) answers root.
.SH ENVIRONMENT
.TP
NO_COLOR
When set and not empty, nothing is coloured.
.TP
XDG_CACHE_HOME
Where indexes of the records are kept, in a directory of the name \fBwarrant\fR.
.SH SEE ALSO
\fBwarrantd\fR(8)
)";

} // namespace

std::string manual_page() {
  std::string text = ".\\\" Printed by `warrant manual` from the command table; do not edit.\n";
  text += ".TH WARRANT 1 \"\" \"warrant " + std::string(kVersion) + "\" \"Warrant\"\n";
  text += kHead;
  for (const Command &command : commands())
    text += command_section(command);
  text += ".SH OPTIONS OF ALL COMMANDS\n";
  for (const Option &option : common_options())
    text += option_entry(option);
  text += ".SH EXIT STATUS\n";
  for (const ExitCodeHelp &help : kExitCodes)
    text +=
        ".TP\n" + std::to_string(static_cast<int>(help.code)) + "\n" + roff(help.meaning) + "\n";
  text += kTail;
  return text;
}

} // namespace warrant::cli
