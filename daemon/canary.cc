// SPDX-License-Identifier: Apache-2.0
#include "daemon/canary.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "daemon/unique_fd.h"

#ifndef __x86_64__
#error "the canary is x86-64 code"
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U // Linux 6.3
#endif

namespace warrant {
namespace {

constexpr uint64_t kBase = 0x400000;
constexpr std::array<uint8_t, 9> kExitZero = {0x31, 0xff,                   // xor  edi, edi
                                              0xb8, 0x3c, 0x00, 0x00, 0x00, // mov  eax, 60 (exit)
                                              0x0f, 0x05};                  // syscall
constexpr size_t kNonceSize = 32;

/// A whole static ELF program. The nonce makes its digest one that nobody can have named.
struct Program {
  Elf64_Ehdr header;
  Elf64_Phdr segment;
  std::array<uint8_t, kExitZero.size()> code;
  std::array<uint8_t, kNonceSize> nonce;
};

Result<Program> make_program() {
  Program program{};
  std::memcpy(program.header.e_ident, ELFMAG, SELFMAG);
  program.header.e_ident[EI_CLASS] = ELFCLASS64;
  program.header.e_ident[EI_DATA] = ELFDATA2LSB;
  program.header.e_ident[EI_VERSION] = EV_CURRENT;
  program.header.e_type = ET_EXEC;
  program.header.e_machine = EM_X86_64;
  program.header.e_version = EV_CURRENT;
  program.header.e_entry = kBase + offsetof(Program, code);
  program.header.e_phoff = offsetof(Program, segment);
  program.header.e_ehsize = sizeof(Elf64_Ehdr);
  program.header.e_phentsize = sizeof(Elf64_Phdr);
  program.header.e_phnum = 1;
  program.segment.p_type = PT_LOAD;
  program.segment.p_flags = PF_R | PF_X;
  program.segment.p_vaddr = kBase;
  program.segment.p_filesz = program.segment.p_memsz = sizeof(Program);
  program.segment.p_align = 0x1000;
  program.code = kExitZero;
  if (::getrandom(program.nonce.data(), kNonceSize, 0) != static_cast<ssize_t>(kNonceSize))
    return Error{std::string("no random bytes for the canary: ") + std::strerror(errno)};
  return program;
}

Error cannot(const char *what) {
  return Error{std::string(what) + ": " + std::strerror(errno)};
}

/// Sealed, because content that can still change is refused for another reason.
Result<UniqueFd> write_program(const Program &program) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = ::memfd_create("warrant-canary", kFlags | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) // older than 6.3
    fd = ::memfd_create("warrant-canary", kFlags);
  if (fd < 0)
    return cannot("cannot make a memfd for the canary (vm.memfd_noexec must be below 2)");
  UniqueFd file(fd);
  if (::write(fd, &program, sizeof(program)) != static_cast<ssize_t>(sizeof(program)))
    return cannot("cannot write the canary");
  if (::fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) != 0)
    return cannot("cannot seal the canary");
  return file;
}

/// In the child of a fork, where only async-signal-safe functions may be called.
[[noreturn]] void execute(int program, int report) {
  char name[] = "warrant-canary";
  char *const arguments[] = {name, nullptr};
  char *const environment[] = {nullptr};
  ::syscall(SYS_execveat, program, "", arguments, environment, AT_EMPTY_PATH);
  const int error = errno;
  if (::write(report, &error, sizeof(error)) != static_cast<ssize_t>(sizeof(error)))
    ::_exit(2);
  ::_exit(1);
}

/// The pipe closes at a successful exec and so says nothing.
Result<CanaryResult> try_program(int program) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return cannot("cannot make a pipe for the canary");
  const UniqueFd report(ends[0]);
  const pid_t child = ::fork();
  if (child == 0)
    execute(program, ends[1]);
  ::close(ends[1]);
  if (child < 0)
    return cannot("cannot fork for the canary");
  int error = 0;
  ssize_t got = 0;
  do
    got = ::read(report.get(), &error, sizeof(error));
  while (got < 0 && errno == EINTR);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  CanaryResult result;
  result.error = error;
  result.refused = error == EPERM;
  result.killed = got == 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
  const bool ran = got == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (got == static_cast<ssize_t>(sizeof(error)) || result.killed || ran)
    return result;
  return Error{"the canary ended without a word (wait status " + std::to_string(status) + ")"};
}

} // namespace

Result<CanaryResult> run_canary() {
  const Program program = WARRANT_TRY(make_program());
  const UniqueFd file = WARRANT_TRY(write_program(program));
  CanaryResult result = WARRANT_TRY(try_program(file.get()));
  if (result.refused)
    result.detail = "a program that nobody authorized was refused";
  else if (result.killed)
    result.detail =
        "a program that nobody authorized was let begin, and killed before it ran: only "
        "a part of enforcement is in place";
  else if (result.error == 0)
    result.detail = "a program that nobody authorized RAN: the kernel is not enforcing";
  else
    result.detail = std::string("a program that nobody authorized failed with \"") +
                    std::strerror(result.error) + "\", which is not how enforcement refuses";
  return result;
}

} // namespace warrant
