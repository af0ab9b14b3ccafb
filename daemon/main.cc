// SPDX-License-Identifier: Apache-2.0
// warrantd: wiring only.
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include "artifacts/openssl.h"
#include "daemon/disarm.h"
#include "daemon/service.h"
#include "daemon/tpm.h"
#include "daemon/version.h"

namespace {

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

warrant::Status make_directories(const warrant::ServiceOptions &options) {
  std::error_code error;
  ::umask(0027);
  for (const std::string &directory :
       {options.lineage(), std::filesystem::path(options.socket).parent_path().string()}) {
    if (!directory.empty() && !std::filesystem::create_directories(directory, error) && error)
      return warrant::Error{"cannot make " + directory + ": " + error.message()};
  }
  return {};
}

// Before ordinary processes: who keeps every processor busy must not put off a revocation. The unit
// says the same, and leaves the daemon no right to do so; this is for those who start it by hand.
constexpr int kNice = -10;

void step_forward() {
  if (::getpriority(PRIO_PROCESS, 0) > kNice && ::setpriority(PRIO_PROCESS, 0, kNice) != 0)
    std::perror("warrantd: cannot have priority over other processes");
}

// Nor may anybody change its memory where that was written to, in swap. What is not touched needs
// no memory (MCL_ONFAULT, Linux 4.4).
warrant::Status stay_in_memory() {
  if (::mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
    return warrant::Error{std::string("cannot keep memory out of swap: ") + std::strerror(errno) +
                          " (fix: LimitMEMLOCK=infinity, `ulimit -l unlimited`)"};
  return {};
}

// Libraries are told nothing by whoever starts the daemon: the TSS, for one, writes its log to
// whatever file a variable names.
void forget_environment() {
  std::array<std::pair<const char *, std::string>, 3> kept = {
      {{"NOTIFY_SOCKET", {}}, {"WATCHDOG_USEC", {}}, {"WATCHDOG_PID", {}}}};
  for (auto &[name, value] : kept)
    if (const char *given = std::getenv(name))
      value = given;
  ::clearenv();
  for (const auto &[name, value] : kept)
    if (!value.empty())
      ::setenv(name, value.c_str(), 1);
}

int fail(const warrant::Error &error) {
  std::fprintf(stderr, "warrantd: %s\n", error.message.c_str());
  return 3;
}

int end_enforcement(const warrant::ServiceOptions &options) {
  const warrant::Result<warrant::Attribution> order = warrant::disarm(options);
  if (!order.ok())
    return fail(order.error());
  std::string words;
  for (const auto &[name, value] : order.value().governance)
    words += ", " + name.escaped() + " " + value.escaped();
  std::fprintf(stderr,
               "warrantd: DISARMED by artifact %s%s, which is spent: this machine enforces nothing "
               "any more. The next start of warrantd arms it anew\n",
               warrant::to_hex(order.value().id).c_str(), words.c_str());
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  forget_environment();
  warrant::openssl::ignore_configuration();
  warrant::ServiceOptions options;
  options.host = host_name();
  CLI::App app{"warrantd - authorization before execution", "warrantd"};
  app.set_version_flag("--version", warrant::kVersion);
  app.add_option("--config", options.config,
                 "Directory with trust-root.json, policy.json and artifacts/")
      ->capture_default_str();
  app.add_option("--state", options.state, "Directory for state, log of records and its key")
      ->capture_default_str();
  app.add_option("--log-origin", options.log_origin,
                 "Name of the log when it is made; without it, warrant.invalid/HOST");
  app.add_option("--pin", options.pins, "Directory on bpffs for links and maps")
      ->capture_default_str();
  app.add_option("--socket", options.socket, "Control socket")->capture_default_str();
  app.add_option("--host", options.host, "Name of this machine in artifacts")
      ->capture_default_str();
  app.add_option("--tcti", options.tcti, "The TPM, as the TSS names it")->capture_default_str();
  app.add_option("--key-handle", options.key_handle, "Persistent handle of the attestation key");
  app.add_option("--counter-index", options.counter_index, "NV index of the state's counter");
  bool wants_disarm = false;
  app.add_flag("--disarm", wants_disarm,
               "End enforcement, by a break-glass artifact that lets this program administer");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &error) {
    int code = app.exit(error);
    return code == 0 ? 0 : 2;
  }

  if (warrant::Status made = make_directories(options); !made.ok())
    return fail(made.error());
  if (warrant::Status kept = stay_in_memory(); !kept.ok())
    return fail(kept.error());
  if (wants_disarm)
    return end_enforcement(options);
  step_forward();
  warrant::silence_tss();
  auto service = warrant::Service::start(options);
  if (!service.ok())
    return fail(service.error());
  const warrant::InForce &state = service.value()->in_force();
  std::fprintf(stderr,
               "warrantd: %s; generation %llu: %llu verdicts from %zu artifacts in %.1f ms, "
               "%zu refused\n",
               service.value()->is_adopted() ? "took over enforcement" : "enforcement armed",
               static_cast<unsigned long long>(state.published.generation),
               static_cast<unsigned long long>(state.published.verdicts), state.accepted.size(),
               static_cast<double>(state.published.nanoseconds) / 1e6, state.refused.size());
  if (!service.value()->has_own_programs())
    std::fprintf(stderr,
                 "warrantd: the programs in the kernel are those of another build; they "
                 "stay until the machine is restarted or disarmed\n");
  warrant::Status ended = service.value()->run();
  return ended.ok() ? 0 : fail(ended.error());
}
