// SPDX-License-Identifier: Apache-2.0
// Machines that are described as files, and what preflight says of them.
#include "daemon/preflight.h"

#include <bpf/btf.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

namespace warrant {
namespace {

using Outcome = Check::Outcome;
using Files = std::map<std::string, std::string>;

/// All that is asked for but the BTF, which is no file that one writes by hand.
Files good_machine() {
  return {{"/proc/self/status", "Name:\tx\nCapEff:\t000001ffffffffff\n"},
          {"/proc/sys/kernel/osrelease", "6.1.0-39-amd64\n"},
          {"/sys/kernel/security/lsm", "lockdown,capability,landlock,bpf\n"},
          {"/proc/self/mounts", "bpf /sys/fs/bpf bpf rw 0 0\n"},
          {"/proc/cmdline", "quiet\n"},
          {"/sys/kernel/security/ima/runtime_measurements_count", "1\n"},
          {"/sys/kernel/security/lockdown", "none [integrity] confidentiality\n"},
          {"/proc/sys/kernel/ftrace_enabled", "1\n"},
          {"/sys/class/tpm/tpm0/tpm_version_major", "2\n"},
          {"/sys/class/tpm/tpm0/pcr-sha256/0", "0000\n"},
          {"/boot/config-6.1.0-39-amd64", "CONFIG_IMA_DEFAULT_HASH=\"sha256\"\n"}};
}

/// Checks of a machine, by name.
std::map<std::string, Check> look_at(const Files &files) {
  const test::TemporaryDirectory root;
  for (const auto &[path, content] : files) {
    const std::filesystem::path file = root.file(path.substr(1));
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << content;
  }
  std::map<std::string, Check> checks;
  for (Check &check : run_preflight(root.file("")))
    checks.emplace(check.name, check);
  return checks;
}

/// BTF of a kernel that has these functions, and these members in its linux_binprm.
std::string types_with(const std::vector<std::string> &functions,
                       const std::vector<std::string> &members) {
  btf *types = btf__new_empty();
  const int integer = btf__add_int(types, "unsigned int", 4, 0);
  btf__add_struct(types, "linux_binprm", 4);
  for (uint32_t bit = 0; bit < members.size(); bit++)
    btf__add_field(types, members[bit].c_str(), integer, bit, 1);
  const int prototype = btf__add_func_proto(types, 0);
  for (const std::string &function : functions)
    btf__add_func(types, function.c_str(), BTF_FUNC_STATIC, prototype);
  uint32_t size = 0;
  const char *raw = static_cast<const char *>(btf__raw_data(types, &size));
  std::string data(raw, size);
  btf__free(types);
  return data;
}

std::map<std::string, Check> look_at(const std::string &path, const std::string &content) {
  Files files = good_machine();
  files[path] = content;
  return look_at(files);
}

} // namespace

TEST_CASE("a good machine has only what its kernel's BTF does not tell against it") {
  for (const auto &[name, check] : look_at(good_machine())) {
    INFO(name << ": " << check.found);
    const bool from_btf = name == "kernel BTF" || name == "file measurement" ||
                          name == "inode and task storage" || name == "fs-verity digests" ||
                          name == "measurement at open" || name == "AT_EXECVE_CHECK";
    CHECK((check.outcome == Outcome::kOk) == !from_btf);
    CHECK(check.fix.empty() == (check.outcome == Outcome::kOk));
    CHECK(check.cost.empty() == (check.outcome == Outcome::kOk));
  }
}

TEST_CASE("each lack is found, named and judged") {
  struct Case {
    std::string path, content, check;
    Outcome outcome;
  };
  const std::vector<Case> cases = {
      {"/proc/self/status", "CapEff:\t0000000000200000\n", "privileges", Outcome::kFailed},
      {"/proc/self/status", "", "privileges", Outcome::kFailed},
      {"/proc/sys/kernel/osrelease", "5.15.0\n", "kernel version", Outcome::kFailed},
      {"/proc/sys/kernel/osrelease", "rubbish\n", "kernel version", Outcome::kFailed},
      {"/proc/sys/kernel/osrelease", "6.12.1\n", "kernel version", Outcome::kOk},
      {"/proc/sys/kernel/osrelease", "10.0\n", "kernel version", Outcome::kOk},
      {"/sys/kernel/security/lsm", "capability,bpfnot\n", "BPF LSM", Outcome::kFailed},
      {"/sys/kernel/security/lsm", "", "BPF LSM", Outcome::kFailed},
      {"/proc/self/mounts", "none /sys/fs/bpf tmpfs rw 0 0\n", "bpffs", Outcome::kFailed},
      {"/proc/self/mounts", "bpf /mnt bpf rw 0 0\n", "bpffs", Outcome::kFailed},
      {"/proc/cmdline", "ima_hash=sha1\n", "measurement algorithm", Outcome::kFailed},
      {"/proc/cmdline", "ima_hash=sha1 ima_hash=sha256\n", "measurement algorithm", Outcome::kOk},
      {"/boot/config-6.1.0-39-amd64", "CONFIG_IMA_DEFAULT_HASH=\"sha1\"\n", "measurement algorithm",
       Outcome::kFailed},
      {"/proc/cmdline", "ima_policy=tcb\n", "IMA policy", Outcome::kWarning},
      {"/sys/kernel/security/ima/runtime_measurements_count", "812\n", "IMA policy",
       Outcome::kWarning},
      {"/sys/kernel/security/lockdown", "[none] integrity confidentiality\n", "lockdown",
       Outcome::kWarning},
      {"/sys/kernel/security/lockdown", "none integrity [confidentiality]\n", "lockdown",
       Outcome::kFailed},
      {"/proc/sys/kernel/kptr_restrict", "1\n", "kernel symbols", Outcome::kOk},
      {"/proc/sys/kernel/kptr_restrict", "2\n", "kernel symbols", Outcome::kWarning},
      {"/proc/self/status", "CapEff:\t000000c000200000\n", "kernel symbols", Outcome::kWarning},
      {"/proc/sys/kernel/ftrace_enabled", "0\n", "function tracing", Outcome::kFailed},
      {"/proc/sys/kernel/ftrace_enabled", "", "function tracing", Outcome::kFailed},
      {"/sys/class/tpm/tpm0/tpm_version_major", "", "TPM", Outcome::kWarning},
      {"/sys/class/tpm/tpm0/tpm_version_major", "1\n", "TPM", Outcome::kWarning},
      {"/sys/class/tpm/tpm0/pcr-sha256/0", "", "TPM", Outcome::kWarning},
  };
  for (const Case &one : cases) {
    INFO(one.path << " = " << one.content);
    CHECK(look_at(one.path, one.content).at(one.check).outcome == one.outcome);
  }
}

TEST_CASE("what a newer kernel would have is named, and does not keep from arming") {
  const std::string kBtf = "/sys/kernel/btf/vmlinux";
  const std::vector<std::string> needed = {"bpf_ima_file_hash", "ima_file_hash",
                                           "bpf_inode_storage_get", "bpf_task_storage_get"};
  std::vector<std::string> newer = needed;
  newer.insert(newer.end(), {"bpf_get_fsverity_digest", "bpf_lsm_file_post_open"});
  struct Case {
    std::string kernel, types;
    Outcome verity, post_open, exec_check;
  };
  const std::vector<Case> cases = {
      {"6.1", types_with(needed, {"secureexec"}), Outcome::kWarning, Outcome::kWarning,
       Outcome::kWarning},
      {"6.12", types_with(newer, {"secureexec"}), Outcome::kOk, Outcome::kOk, Outcome::kWarning},
      {"7.2", types_with(newer, {"secureexec", "is_check"}), Outcome::kOk, Outcome::kOk,
       Outcome::kOk},
  };
  for (const Case &one : cases) {
    INFO("like " << one.kernel);
    std::map<std::string, Check> checks = look_at(kBtf, one.types);
    CHECK(checks.at("fs-verity digests").outcome == one.verity);
    CHECK(checks.at("measurement at open").outcome == one.post_open);
    CHECK(checks.at("AT_EXECVE_CHECK").outcome == one.exec_check);
    std::vector<Check> all;
    for (const auto &[name, check] : checks)
      all.push_back(check);
    CHECK(may_arm(all));
  }
}

TEST_CASE("an empty machine may not be armed, a warning alone does not matter") {
  CHECK_FALSE(may_arm(run_preflight("/nowhere")));
  CHECK(may_arm({{"a", Outcome::kOk, "", "", ""}, {"b", Outcome::kWarning, "", "", ""}}));
  CHECK_FALSE(may_arm({{"a", Outcome::kOk, "", "", ""}, {"b", Outcome::kFailed, "", "", ""}}));
}

TEST_CASE("text from the machine is fit for a terminal") {
  const Check check = look_at("/sys/kernel/security/lsm", "capability,\x1b[2J\n").at("BPF LSM");
  CHECK(check.found.find('\x1b') == std::string::npos);
  CHECK(check.fix.find('\x1b') == std::string::npos);
}

} // namespace warrant
