// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/swtpm_fixture.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "daemon/unique_fd.h"
#include "tests/catch.h"
#include "tests/unit/wire_writer.h"

namespace warrant::test {
namespace {

constexpr uint32_t kOwner = 0x40000001;
constexpr uint32_t kPassword = 0x40000009;
constexpr uint32_t kPlatform = 0x4000000c;
constexpr int kPatience = 20000; // milliseconds

// Output goes to `log`. The child ends with the test, however that ends.
pid_t start_child(const std::vector<std::string> &words, const std::string &log) {
  std::vector<char *> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string &word : words)
    arguments.push_back(const_cast<char *>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child > 0)
    return child;
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (out < 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent ||
      ::dup2(out, STDOUT_FILENO) < 0 || ::dup2(out, STDERR_FILENO) < 0)
    ::_exit(126);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

std::string content(const std::string &path) {
  const Result<Bytes> bytes = read_file(path, 1 << 20);
  return bytes.ok() ? std::string(text_of(bytes.value())) : bytes.error().message;
}

void write(const std::string &path, const std::string &text) {
  REQUIRE(write_file_atomic(path, view(text), 0600).ok());
}

UniqueFd new_socket() {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  return UniqueFd(fd);
}

bool connects(const UniqueFd &fd, const std::string &path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(path.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, path.c_str(), path.size());
  return ::connect(fd.get(), reinterpret_cast<const sockaddr *>(&address), sizeof(address)) == 0;
}

} // namespace

void run(const std::vector<std::string> &words) {
  const TemporaryDirectory folder;
  const std::string log = folder.file("log");
  const pid_t child = start_child(words, log);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  INFO(words[0] << ": " << content(log));
  REQUIRE(status == 0);
}

TpmMaker::TpmMaker() {
  write(folder_.file("localca.conf"), "statedir = " + folder() +
                                          "\nsigningkey = " + folder_.file("signkey.pem") +
                                          "\nissuercert = " + folder_.file("issuercert.pem") +
                                          "\ncertserial = " + folder_.file("certserial") + "\n");
  write(folder_.file("localca.options"),
        "--platform-manufacturer Warrant\n--platform-version 1\n--platform-model Test\n");
  write(folder_.file("setup.conf"),
        "create_certs_tool = swtpm_localca\ncreate_certs_tool_config = " +
            folder_.file("localca.conf") +
            "\ncreate_certs_tool_options = " + folder_.file("localca.options") + "\n");
}

std::string TpmMaker::root() const {
  return content(folder_.file("swtpm-localca-rootca-cert.pem"));
}

std::string TpmMaker::intermediate() const {
  return content(folder_.file("issuercert.pem"));
}

std::string TpmMaker::certificates() const {
  return root() + intermediate();
}

Swtpm::Swtpm(const SwtpmShape &shape) {
  if (shape.maker != nullptr || !shape.banks.empty()) {
    std::vector<std::string> words = {"swtpm_setup", "--tpm2", "--tpmstate", folder_.file("")};
    if (shape.maker != nullptr)
      words.insert(words.end(),
                   {"--create-ek-cert", "--config", shape.maker->folder() + "setup.conf"});
    words.insert(words.end(), {"--pcr-banks", shape.banks.empty() ? "sha1,sha256" : shape.banks});
    run(words);
  }
  start();
}

Swtpm::~Swtpm() {
  if (child_ > 0) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
}

void Swtpm::start() {
  child_ = start_child(
      {"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + folder_.file(""), "--server",
       "type=unixio,path=" + socket(), "--ctrl", "type=unixio,path=" + socket() + ".ctrl",
       "--flags", "not-need-init,startup-clear"},
      folder_.file("log"));
  for (int waited = 0; waited < kPatience; waited += 5) {
    if (connects(new_socket(), socket()))
      return;
    if (::waitpid(child_, nullptr, WNOHANG) == child_) {
      child_ = -1;
      FAIL("swtpm ended: " << content(folder_.file("log")));
    }
    ::poll(nullptr, 0, 5);
  }
  FAIL("swtpm does not listen");
}

void Swtpm::stop() {
  REQUIRE(child_ > 0);
  // By its request: it shuts down as a TPM does.
  REQUIRE(::kill(child_, SIGTERM) == 0);
  REQUIRE(::waitpid(child_, nullptr, 0) == child_);
  child_ = -1;
}

// One connection a command: swtpm has one customer at a time, and the one under test waits.
Bytes Swtpm::exchange(ByteView command) const {
  const UniqueFd fd = new_socket();
  REQUIRE(connects(fd, socket()));
  REQUIRE(::write(fd.get(), command.data(), command.size()) ==
          static_cast<ssize_t>(command.size()));
  Bytes response;
  while (response.size() < 10 ||
         response.size() <
             *Cursor(ByteView(response).subspan(2), ByteOrder::kBig).number<uint32_t>()) {
    pollfd waiting{fd.get(), POLLIN, 0};
    REQUIRE(::poll(&waiting, 1, kPatience) == 1);
    std::array<uint8_t, 4096> piece{};
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    REQUIRE(got > 0);
    response.insert(response.end(), piece.begin(), piece.begin() + got);
  }
  return response;
}

// TPM 2.0 Library, part 1, 18: tag, size, code, handles, authorizations, parameters.
static Bytes frame(uint16_t tag, uint32_t code, ByteView rest) {
  WireWriter out(ByteOrder::kBig);
  out.number(tag).number(static_cast<uint32_t>(10 + rest.size())).number(code).bytes(rest);
  return out.done();
}

static uint32_t code_of(ByteView response) {
  return *Cursor(response.subspan(6), ByteOrder::kBig).number<uint32_t>();
}

static Bytes checked(ByteView response, uint32_t expected) {
  REQUIRE(code_of(response) == expected);
  return Bytes(response.begin() + 10, response.end());
}

Bytes Swtpm::command(uint32_t code, const std::vector<uint32_t> &handles, ByteView parameters,
                     uint32_t expected) {
  WireWriter rest(ByteOrder::kBig);
  for (const uint32_t handle : handles)
    rest.number(handle);
  rest.bytes(parameters);
  return checked(exchange(frame(0x8001, code, rest.done())), expected);
}

Bytes Swtpm::authorized(uint32_t code, const std::vector<uint32_t> &handles, ByteView parameters,
                        uint32_t expected) {
  WireWriter rest(ByteOrder::kBig);
  for (const uint32_t handle : handles)
    rest.number(handle);
  rest.number(uint32_t{9}).number(kPassword).number(uint16_t{0}).number(uint8_t{0});
  rest.number(uint16_t{0}).bytes(parameters);
  const Bytes whole = frame(0x8002, code, rest.done());
  Bytes response = exchange(whole);
  // TPM_RC_RETRY: what guesses are counted for is used for the first time since the start.
  if (code_of(response) == 0x922)
    response = exchange(whole);
  return checked(response, expected);
}

std::vector<uint32_t> Swtpm::handles(uint32_t first) {
  WireWriter parameters(ByteOrder::kBig);
  parameters.number(uint32_t{1}).number(first).number(uint32_t{64}); // TPM_CAP_HANDLES
  const Bytes answer = command(0x17a, {}, parameters.done());
  Cursor cursor(answer, ByteOrder::kBig);
  cursor.take(5); // more data, capability
  std::vector<uint32_t> found(*cursor.number<uint32_t>());
  for (uint32_t &handle : found)
    handle = *cursor.number<uint32_t>();
  return found;
}

std::vector<uint32_t> Swtpm::loaded() {
  std::vector<uint32_t> all;
  for (const uint32_t kind : {0x80000000u, 0x02000000u, 0x03000000u})
    for (const uint32_t handle : handles(kind))
      all.push_back(handle);
  return all;
}

void Swtpm::clear() {
  authorized(0x126, {kPlatform}, {});
}

void Swtpm::make_storage_key(uint32_t handle) {
  WireWriter area(ByteOrder::kBig); // ECC P-256, AES-128-CFB, restricted decrypt
  area.number(uint16_t{0x23}).number(uint16_t{0x0b}).number(uint32_t{0x00030072});
  area.number(uint16_t{0}).number(uint16_t{6}).number(uint16_t{128}).number(uint16_t{0x43});
  area.number(uint16_t{0x10}).number(uint16_t{3}).number(uint16_t{0x10}).number(uint32_t{0});
  WireWriter parameters(ByteOrder::kBig); // sensitive, public, outside information, PCRs
  parameters.sized<uint16_t>(Bytes(4, 0)).sized<uint16_t>(area.done());
  parameters.number(uint16_t{0}).number(uint32_t{0});
  const Bytes made = authorized(0x131, {kOwner}, parameters.done());
  const uint32_t loaded = *Cursor(made, ByteOrder::kBig).number<uint32_t>();
  WireWriter where(ByteOrder::kBig);
  authorized(0x120, {kOwner, loaded}, where.number(handle).done());
  WireWriter gone(ByteOrder::kBig);
  command(0x165, {}, gone.number(loaded).done());
}

void Swtpm::make_nv_index(uint32_t index, uint32_t attributes, uint16_t size) {
  WireWriter area(ByteOrder::kBig);
  area.number(index).number(uint16_t{0x0b}).number(attributes).number(uint16_t{0}).number(size);
  WireWriter parameters(ByteOrder::kBig);
  authorized(0x12a, {kOwner}, parameters.number(uint16_t{0}).sized<uint16_t>(area.done()).done());
}

void Swtpm::write_nv(uint32_t index, ByteView content) {
  for (size_t at = 0; at < content.size(); at += 512) {
    WireWriter parameters(ByteOrder::kBig);
    parameters.sized<uint16_t>(content.subspan(at, std::min<size_t>(512, content.size() - at)));
    authorized(0x137, {index, index}, parameters.number(static_cast<uint16_t>(at)).done());
  }
}

} // namespace warrant::test
