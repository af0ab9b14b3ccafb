// SPDX-License-Identifier: Apache-2.0
#include "daemon/evidence.h"

#include <sys/utsname.h>

namespace warrant {
namespace {

constexpr std::string_view kBootLog = "/sys/kernel/security/tpm0/binary_bios_measurements";
constexpr std::string_view kImaLog = "/sys/kernel/security/ima/binary_runtime_measurements";
constexpr size_t kMaxLine = 1u << 16;

// Without the line feed; empty: it cannot be read.
std::string read_line(const std::string &path) {
  const Result<Bytes> bytes = read_file(path, kMaxLine);
  if (!bytes.ok())
    return {};
  const std::string_view text = text_of(bytes.value());
  return std::string(text.substr(0, text.find('\n')));
}

// "none [integrity] confidentiality"
std::optional<Lockdown> read_lockdown(const std::string &path) {
  const std::string line = read_line(path);
  const size_t from = line.find('[');
  const size_t to = line.find(']');
  if (from == std::string::npos || to == std::string::npos || to < from)
    return std::nullopt;
  return lockdown_from_name(line.substr(from + 1, to - from - 1));
}

template <class T>
Result<T> parsed(const Result<Bytes> &bytes, Result<T> (*parse)(ByteView)) {
  return bytes.ok() ? parse(bytes.value()) : Result<T>(bytes.error());
}

} // namespace

Result<Bytes> read_boot_log(const std::string &root) {
  return read_file(root + std::string(kBootLog), kMaxBootLog);
}

Result<Bytes> read_ima_log(const std::string &root) {
  return read_file(root + std::string(kImaLog), kMaxImaLog);
}

std::string machine_id(const std::string &root) {
  return read_line(root + "/etc/machine-id");
}

Evidence read_evidence(const std::string &root, bool with_ima_log) {
  Evidence evidence;
  evidence.boot_log = parsed(read_boot_log(root), parse_boot_log);
  if (with_ima_log)
    evidence.ima_log = parsed(read_ima_log(root), parse_ima_log);
  evidence.command_line = read_line(root + "/proc/cmdline");
  // Of this machine by the system call, which nobody can mount another file over.
  utsname system{};
  if (root.empty() && ::uname(&system) == 0)
    evidence.release = system.release;
  else
    evidence.release = read_line(root + "/proc/sys/kernel/osrelease");
  evidence.lockdown = read_lockdown(root + "/sys/kernel/security/lockdown");
  return evidence;
}

} // namespace warrant
