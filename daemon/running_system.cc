// SPDX-License-Identifier: Apache-2.0
// check_running_system() of daemon/preflight.h.
#include <fcntl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "artifacts/bytes.h"
#include "daemon/grants.h"
#include "daemon/preflight.h"
#include "daemon/unique_fd.h"

namespace warrant {
namespace {

constexpr size_t kMaxShown = 4; // files that one check names
constexpr std::string_view kShell = "/bin/sh";
constexpr std::string_view kCost =
    "arming would refuse code that the running system needs, and the machine could become "
    "unusable";
constexpr std::string_view kFix =
    "sign a baseline of this host first (warrant baseline capture --root / --out FILE), and put it "
    "among the "
    "artifacts";
constexpr std::string_view kStuck =
    "no warrantd that is started once this is armed could take over, put anything else in force or "
    "disarm";
constexpr std::string_view kAdministerFix =
    "give it an artifact of its own: warrant artifact draft --subject PATH --action "
    "exec,map,administer --initiator uid=0";

constexpr std::string_view kLost =
    "once the machine cannot prove its state, a dead warrantd can be started again only by "
    "restarting the machine";
constexpr std::string_view kRecoveryFix =
    "set recovery in its artifact (warrant artifact draft --recovery)";

/// A file that must stay usable: where it is opened, what people call it, what is done with it.
struct Needed {
  std::string place;
  std::string name;
  uint32_t action;
};

/// Path of a file in the name space of a process.
std::string seen_by(const std::string &process, const std::string &path) {
  return "/proc/" + process + "/root" + path;
}

/// The program of a process. After an upgrade the old file is gone and the new one will be run.
std::vector<Needed> program_of(const std::string &process) {
  std::error_code error;
  std::string path = std::filesystem::read_symlink("/proc/" + process + "/exe", error).string();
  if (error)
    return {{"/proc/" + process + "/exe", "/proc/" + process + "/exe", W_ACTION_EXEC}};
  if (constexpr std::string_view kGone = " (deleted)"; path.ends_with(kGone))
    path.resize(path.size() - kGone.size());
  return {{seen_by(process, path), path, W_ACTION_EXEC}};
}

/// Files that a process has mapped as code. Those that are gone from disk cannot be used again.
std::vector<Needed> mapped_by(const std::string &process) {
  const std::string list = "/proc/" + process + "/maps";
  std::ifstream maps(list);
  if (!maps)
    return {{list, list, W_ACTION_MAP}}; // is looked at, and found unreadable
  std::vector<Needed> needed;
  // Its own program is looked at as a program: its image may be mapped because it may be run.
  std::set<std::string> seen = {program_of(process).front().name};
  for (std::string line; std::getline(maps, line);) {
    const size_t mode = line.find(' ');
    const size_t path = line.find('/');
    if (path == std::string::npos || line.compare(mode + 3, 1, "x") != 0 ||
        line.ends_with(" (deleted)"))
      continue;
    const std::string name = line.substr(path);
    if (seen.insert(name).second)
      needed.push_back({seen_by(process, name), name, W_ACTION_MAP});
  }
  return needed;
}

class RunningSystem {
 public:
  RunningSystem(const Entries &entries, const Policy &policy, uint64_t boot_ns)
      : grants_(entries, boot_ns), policy_(policy) {}

  Check check(std::string name, const std::vector<Needed> &files) {
    std::vector<std::string> wrong;
    for (const Needed &file : files)
      if (const std::optional<std::string> problem = judge(file))
        wrong.push_back(printable(file.name, 256) + " (" + *problem + ")");
    if (wrong.empty())
      return {
          std::move(name),
          Check::Outcome::kOk,
          std::to_string(files.size()) + (files.size() == 1 ? " file" : " files") + " authorized",
          {},
          {}};
    return {std::move(name), bad(), list(wrong), std::string(kCost), std::string(kFix)};
  }

  /// Whether the next daemon of this content may touch what this one arms.
  Check check_administration() {
    const std::string name = "administration";
    const std::string path = printable(program_of("self").front().name, 256);
    const Result<Digest> self = measure("/proc/self/exe");
    if (!self.ok())
      return {name, bad(), self.error().message, std::string(kStuck), std::string(kAdministerFix)};
    constexpr uint32_t kWanted = W_ACTION_EXEC | W_ACTION_ADMINISTER;
    if (!grants_.allow(self.value(), kWanted))
      return {name, bad(), "nothing in force lets " + path + " administer as uid 0",
              std::string(kStuck), std::string(kAdministerFix)};
    if (!(grants_.leading(self.value(), W_ACTION_EXEC) & W_ACTION_ADMINISTER))
      return {name, bad(),
              "an artifact for uid 0 lets " + path +
                  " be executed without administer, and the kernel takes that one first",
              std::string(kStuck), "let no other artifact name the content of warrantd"};
    return {name, Check::Outcome::kOk, path + " may administer", {}, {}};
  }

  /// Whether the daemon can be started again after its leases have ended.
  Check check_recovery() {
    const std::string name = "recovery";
    const std::string path = printable(program_of("self").front().name, 256);
    const Result<Digest> self = measure("/proc/self/exe");
    if (self.ok() && grants_.allow(self.value(), W_ACTION_EXEC) &&
        !grants_.allow_without_leases(self.value(), W_ACTION_EXEC))
      return {name, Check::Outcome::kWarning, path + " may be executed only while a lease lasts",
              std::string(kLost), std::string(kRecoveryFix)};
    return {name, Check::Outcome::kOk, path + " needs no lease", {}, {}};
  }

 private:
  Result<Digest> measure(const std::string &place) {
    const auto known = digests_.find(place);
    if (known != digests_.end())
      return Digest(known->second);
    const Digest digest = WARRANT_TRY(sha256_of_file(place));
    digests_.emplace(place, digest);
    return digest;
  }

  /// Nothing can be bricked where all is only observed.
  Check::Outcome bad() const {
    const bool observes =
        policy_.mode == W_MODE_OBSERVE &&
        std::none_of(policy_.scopes.begin(), policy_.scopes.end(),
                     [](const ScopeMode &scope) { return scope.mode == W_MODE_ENFORCE; });
    return observes ? Check::Outcome::kWarning : Check::Outcome::kFailed;
  }

  static std::string list(const std::vector<std::string> &wrong) {
    std::string text;
    for (size_t i = 0; i < std::min(wrong.size(), kMaxShown); i++)
      text += (i == 0 ? "" : ", ") + wrong[i];
    if (wrong.size() > kMaxShown)
      text += " and " + std::to_string(wrong.size() - kMaxShown) + " more";
    return text;
  }

  /// Why the kernel would refuse it.
  std::optional<std::string> judge(const Needed &file) {
    const int opened = ::open(file.place.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (opened < 0)
      return errno == ENOENT ? std::nullopt
                             : std::optional(std::string("cannot open: ") + std::strerror(errno));
    const UniqueFd fd(opened);
    if (!is_trusted(fd.get()))
      return "its file system is not in the policy";
    const auto known = digests_.find(file.place);
    const Result<Digest> digest =
        known != digests_.end() ? Result<Digest>(known->second) : sha256_of_fd(fd.get());
    if (!digest.ok())
      return digest.error().message;
    digests_.emplace(file.place, digest.value());
    if (grants_.allow(digest.value(), file.action))
      return std::nullopt;
    return file.action == W_ACTION_EXEC ? "no exec grant in force for uid 0"
                                        : "no map grant in force for uid 0";
  }

  bool is_trusted(int fd) const {
    struct statfs status {};
    if (::fstatfs(fd, &status) != 0)
      return false;
    return std::any_of(policy_.filesystems.begin(), policy_.filesystems.end(),
                       [&](const Filesystem &filesystem) {
                         return filesystem.magic == static_cast<uint32_t>(status.f_type);
                       });
  }

  Grants grants_;
  const Policy &policy_;
  std::map<std::string, Digest> digests_;
};

} // namespace

std::vector<Check> check_running_system(const Entries &entries, const Policy &policy,
                                        uint64_t boot_ns) {
  RunningSystem system(entries, policy, boot_ns);
  const std::string shell(kShell);
  return {system.check("PID 1", program_of("1")),
          system.check("code mapped by PID 1", mapped_by("1")),
          system.check("this program", program_of("self")),
          system.check("code mapped by this program", mapped_by("self")),
          system.check("shell", {{shell, shell, W_ACTION_EXEC}}),
          system.check_administration(),
          system.check_recovery()};
}

} // namespace warrant
