// SPDX-License-Identifier: Apache-2.0
#include "daemon/preflight.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "daemon/machine.h"

namespace warrant {
namespace {

using Outcome = Check::Outcome;

constexpr std::array<int, 2> kOldestKernel = {6, 1};
constexpr std::string_view kHashAlgorithm = "sha256";

/// A check that is ok when `good`, else `otherwise`.
Check judge(std::string name, bool good, Outcome otherwise, std::string found, std::string cost,
            std::string fix) {
  if (good)
    return {std::move(name), Outcome::kOk, std::move(found), {}, {}};
  return {std::move(name), otherwise, std::move(found), std::move(cost), std::move(fix)};
}

Check require(std::string name, bool good, std::string found, std::string cost, std::string fix) {
  return judge(std::move(name), good, Outcome::kFailed, std::move(found), std::move(cost),
               std::move(fix));
}

Check wish(std::string name, bool good, std::string found, std::string cost, std::string fix) {
  return judge(std::move(name), good, Outcome::kWarning, std::move(found), std::move(cost),
               std::move(fix));
}

Check check_privileges(const Machine &machine) {
  struct Capability {
    int bit;
    std::string_view name;
  };
  constexpr Capability kNeeded[] = {{21, "CAP_SYS_ADMIN"}, {38, "CAP_PERFMON"}, {39, "CAP_BPF"}};
  const uint64_t effective = machine.effective_capabilities();
  std::string missing;
  for (const Capability &capability : kNeeded)
    if (!(effective >> capability.bit & 1))
      missing += (missing.empty() ? "" : ", ") + std::string(capability.name);
  return require("privileges", missing.empty(),
                 missing.empty() ? "all that loading needs" : "this process lacks " + missing,
                 "programs cannot be loaded", "run it as root, outside any container");
}

Check check_version(const Machine &machine) {
  const std::string release = machine.first_line("/proc/sys/kernel/osrelease");
  std::array<int, 2> version{};
  const bool known = std::sscanf(release.c_str(), "%d.%d", &version[0], &version[1]) == 2;
  return require("kernel version", known && version >= kOldestKernel, "Linux " + release,
                 "the programs were never tried on it", "use Linux 6.1 or newer");
}

Check check_lsm(const Machine &machine) {
  const std::string list = machine.first_line("/sys/kernel/security/lsm");
  const std::vector<std::string> modules = split(list, ',');
  const bool active = std::find(modules.begin(), modules.end(), "bpf") != modules.end();
  return require("BPF LSM", active,
                 list.empty() ? "/sys/kernel/security/lsm cannot be read" : "active: " + list,
                 "attached programs would never be asked, and everything would run",
                 list.empty()
                     ? "mount securityfs: mount -t securityfs none /sys/kernel/security"
                     : "boot with lsm=" + list + ",bpf (the kernel needs CONFIG_BPF_LSM=y)");
}

Check check_btf(const Machine &machine) {
  const size_t types = machine.type_count();
  return require("kernel BTF", types > 0,
                 types > 0 ? std::to_string(types) + " types described"
                           : "/sys/kernel/btf/vmlinux cannot be read",
                 "programs cannot be fitted to this kernel",
                 "use a kernel with CONFIG_DEBUG_INFO_BTF=y (all of Debian's)");
}

Check check_bpffs(const Machine &machine) {
  return require("bpffs", machine.is_mounted("/sys/fs/bpf", "bpf"),
                 machine.is_mounted("/sys/fs/bpf", "bpf") ? "mounted on /sys/fs/bpf"
                                                          : "nothing mounted on /sys/fs/bpf",
                 "enforcement could not outlive the daemon",
                 "mount -t bpf -o mode=0700 bpf /sys/fs/bpf");
}

Check check_ima(const Machine &machine) {
  const bool there =
      machine.has_function("bpf_ima_file_hash") && machine.has_function("ima_file_hash");
  return require("file measurement", there,
                 there ? "bpf_ima_file_hash" : "the kernel has no IMA to hash a file with",
                 "no file can be measured, and everything would be refused",
                 "use a kernel with CONFIG_IMA=y (all of Debian's)");
}

Check check_hash_algorithm(const Machine &machine) {
  std::string algorithm = machine.boot_option("ima_hash");
  std::string origin = "ima_hash= on the kernel command line";
  if (algorithm.empty()) {
    algorithm = machine.build_option("CONFIG_IMA_DEFAULT_HASH");
    origin = "the kernel's configuration";
  }
  if (algorithm.empty())
    return {"measurement algorithm",
            Outcome::kOk,
            "nothing on the kernel command line changes it",
            {},
            {}};
  return require("measurement algorithm", algorithm == kHashAlgorithm, algorithm + ", by " + origin,
                 "measurements are not SHA-256, so that no artifact can name them, and everything "
                 "would be refused",
                 "boot with ima_hash=sha256");
}

Check check_ima_policy(const Machine &machine) {
  const std::string count =
      machine.first_line("/sys/kernel/security/ima/runtime_measurements_count");
  const std::string option = machine.boot_option("ima_policy");
  // Without a policy the list holds only the boot aggregate.
  const bool loaded = !option.empty() || std::atoll(count.c_str()) > 1;
  std::string found = "none loaded";
  if (loaded)
    found = option.empty() ? count + " files were measured under one" : "ima_policy=" + option;
  return wish(
      "IMA policy", !loaded, found,
      "of what IMA reads by its policy it answers with what that was then; such files are not "
      "measured, and refused",
      "leave programs and libraries out of IMA's policy, or boot without one");
}

Check check_storage(const Machine &machine) {
  const bool inodes = machine.has_function("bpf_inode_storage_get");
  const bool tasks = machine.has_function("bpf_task_storage_get");
  return require("inode and task storage", inodes && tasks,
                 inodes && tasks ? "both map types" : "missing in this kernel",
                 "digests cannot be kept, nor the lineage of processes",
                 "use a kernel with CONFIG_BPF_LSM=y, 5.11 or newer");
}

// What newer kernels have and Warrant can do without, at a price.
Check check_verity(const Machine &machine) {
  const bool there = machine.has_function("bpf_get_fsverity_digest");
  return wish("fs-verity digests", there, there ? "bpf_get_fsverity_digest" : "not in this kernel",
              "files with fs-verity are hashed as a whole at their first use, like all others, "
              "however large they are",
              "use Linux 6.8 or newer with CONFIG_FS_VERITY=y, if first uses are too slow");
}

Check check_post_open(const Machine &machine) {
  const bool there = machine.has_function("bpf_lsm_file_post_open");
  return wish("measurement at open", there, there ? "file_post_open" : "not in this kernel",
              "a file that is only read cannot be measured when it is opened: what an interpreter "
              "reads can be judged only by what was measured before",
              "use Linux 6.12 or newer");
}

Check check_exec_check(const Machine &machine) {
  const bool there = machine.has_member("linux_binprm", "is_check");
  return wish("AT_EXECVE_CHECK", there, there ? "execveat() answers it" : "not in this kernel",
              "interpreters cannot ask the kernel whether a file may be executed",
              "use Linux 6.14 or newer");
}

Check check_lockdown(const Machine &machine) {
  const std::string line = machine.first_line("/sys/kernel/security/lockdown");
  if (line.find("[confidentiality]") != std::string::npos)
    return {"lockdown", Outcome::kFailed, line,
            "programs may not read kernel memory, so that they cannot be loaded",
            "boot with lockdown=integrity"};
  return wish("lockdown", line.find("[integrity]") != std::string::npos,
              line.empty() ? "not in this kernel" : line,
              "root can replace the kernel's own code: by modules, kexec or /dev/mem",
              "boot with lockdown=integrity (Secure Boot usually brings it)");
}

// Nobody needs it but policies that ask for proof.
Check check_tpm(const Machine &machine) {
  const std::string version = machine.first_line("/sys/class/tpm/tpm0/tpm_version_major");
  const bool has_bank = !machine.first_line("/sys/class/tpm/tpm0/pcr-sha256/0").empty();
  std::string found = "TPM 2.0 with SHA-256";
  if (version.empty())
    found = "none";
  else if (version != "2")
    found = "TPM " + version + ".x";
  else if (!has_bank)
    found = "TPM 2.0 without a SHA-256 bank";
  return wish("TPM", version == "2" && has_bank, found,
              "under a policy that asks for attestation nothing that must be proven runs",
              "switch TPM 2.0 and its SHA-256 bank on in the firmware's settings, if the policy "
              "asks for attestation");
}

Check check_ftrace(const Machine &machine) {
  const std::string value = machine.first_line("/proc/sys/kernel/ftrace_enabled");
  return require("function tracing", value == "1",
                 value.empty() ? "no kernel.ftrace_enabled: the kernel was built without it"
                               : "kernel.ftrace_enabled = " + value,
                 "the kernel reaches BPF LSM programs through it; without it none is called, "
                 "silently",
                 value.empty() ? "use a kernel with CONFIG_DYNAMIC_FTRACE=y (all of Debian's)"
                               : "sysctl kernel.ftrace_enabled=1");
}

// /proc/kallsyms tells addresses by these (kernel/ksyms_common.c, Linux 6.1 to 7.2).
Check check_symbols(const Machine &machine) {
  constexpr int kSyslog = 34;
  const std::string restricts = machine.first_line("/proc/sys/kernel/kptr_restrict");
  const bool able = machine.effective_capabilities() >> kSyslog & 1;
  std::string found = "addresses are told";
  if (restricts == "2")
    found = "kernel.kptr_restrict = 2 hides all addresses";
  else if (!able)
    found = "this process lacks CAP_SYSLOG";
  return wish("kernel symbols", able && restricts != "2", found,
              "every block device counts as in use, and none may be written unless the policy "
              "permits blockDevices",
              able ? "sysctl kernel.kptr_restrict=1" : "run it as root, outside any container");
}

using CheckFunction = Check (*)(const Machine &);
constexpr CheckFunction kChecks[] = {
    check_privileges, check_version,        check_lsm,        check_btf,      check_bpffs,
    check_ima,        check_hash_algorithm, check_ima_policy, check_storage,  check_verity,
    check_post_open,  check_exec_check,     check_symbols,    check_lockdown, check_ftrace,
    check_tpm};

} // namespace

std::string_view outcome_name(Outcome outcome) {
  constexpr std::array<std::string_view, 3> kNames = {"failed", "warning", "ok"};
  return kNames.at(static_cast<size_t>(outcome));
}

std::vector<Check> run_preflight(const std::string &root) {
  const Machine machine(root);
  std::vector<Check> checks;
  for (const CheckFunction check : kChecks)
    checks.push_back(check(machine));
  return checks;
}

bool may_arm(const std::vector<Check> &checks) {
  return std::none_of(checks.begin(), checks.end(),
                      [](const Check &check) { return check.outcome == Outcome::kFailed; });
}

Error failed_checks(const std::vector<Check> &checks) {
  Error error{"this system is not fit for enforcement:"};
  for (const Check &check : checks) {
    if (check.outcome == Check::Outcome::kFailed)
      error.message += "\n  " + check.name + ": " + check.found + ". " + check.fix;
  }
  return error;
}

std::vector<std::string> warnings_of(const std::vector<Check> &checks) {
  std::vector<std::string> lines;
  for (const Check &check : checks)
    if (check.outcome == Check::Outcome::kWarning)
      lines.push_back(check.name + ": " + check.found + ": " + check.cost + " (fix: " + check.fix +
                      ")");
  return lines;
}

Json checks_to_json(const std::vector<Check> &checks) {
  Json list = Json::array();
  for (const Check &check : checks)
    list.push_back({{"name", check.name},
                    {"outcome", outcome_name(check.outcome)},
                    {"found", check.found},
                    {"cost", check.cost},
                    {"fix", check.fix}});
  return list;
}

} // namespace warrant
