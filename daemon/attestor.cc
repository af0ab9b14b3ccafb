// SPDX-License-Identifier: Apache-2.0
#include "daemon/attestor.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <utility>

#include "daemon/clock.h"
#include "daemon/evidence.h"
#include "daemon/unique_fd.h"

namespace warrant {
namespace {

Status fill(Tpm &tpm, Answer &answer, const std::string &root) {
  const Question &question = answer.question;
  if (question.advance)
    WARRANT_TRY(tpm.increment_counter(question.counter_index));
  if (question.extension) {
    WARRANT_TRY(tpm.extend(question.extension->pcr, question.extension->by));
    answer.extended = true;
  }
  answer.counter = WARRANT_TRY(tpm.read_counter(question.counter_index));
  answer.key = WARRANT_TRY(tpm.attestation_key(question.key_handle));
  if (!answer.key)
    return {};
  // A PCR may be extended between the two: then they are asked for once more.
  for (int tries = 0; tries < 3; tries++) {
    answer.quote = WARRANT_TRY(tpm.quote(question.key_handle, question.pcrs, question.nonce));
    answer.evidence.pcrs = WARRANT_TRY(tpm.read_pcrs(question.pcrs));
    const Result<Quote> said = parse_quote(answer.quote.attest);
    const Result<Digest> read = digest_of_pcrs(answer.evidence.pcrs, question.pcrs);
    if (!said.ok() || !read.ok() || said.value().pcr_digest == read.value())
      break;
  }
  PcrValues pcrs = std::move(answer.evidence.pcrs);
  answer.evidence = read_evidence(root, question.wants_ima_log);
  answer.evidence.pcrs = std::move(pcrs);
  return {};
}

} // namespace

Answer ask_tpm(Tpm &tpm, const Question &question, const std::string &root) {
  Answer answer;
  answer.question = question;
  answer.asked = boot_now();
  answer.outcome = fill(tpm, answer, root);
  return answer;
}

struct Attestor::Desk {
  std::mutex mutex;
  std::condition_variable came;
  std::string tcti;
  UniqueFd ready{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
  std::optional<Question> question;
  std::optional<Answer> answer;
  std::optional<int64_t> busy_since;
  bool is_over = false;

  // The TPM is let go of in between: where nobody manages it, others could not ask it meanwhile.
  Answer answer_to(const Question &asked) const {
    const int64_t before = boot_now();
    Result<Tpm> tpm = Tpm::open(tcti);
    Answer given;
    if (tpm.ok()) {
      given = ask_tpm(tpm.value(), asked, "");
    } else {
      given.question = asked;
      given.outcome = tpm.error();
    }
    given.asked = before;
    return given;
  }

  void work() {
    // A TPM behind a socket may go away in the middle of a command: that is an error, no signal.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      came.wait(lock, [this] { return is_over || question.has_value(); });
      if (is_over)
        return;
      const Question asked = *std::exchange(question, std::nullopt);
      lock.unlock();
      Answer given = answer_to(asked);
      lock.lock();
      answer.emplace(std::move(given));
      busy_since.reset();
      const uint64_t one = 1;
      // Fails only when it is signalled already.
      [[maybe_unused]] const ssize_t written = ::write(ready.get(), &one, sizeof(one));
    }
  }
};

Attestor::Attestor(std::string tcti) : desk_(std::make_shared<Desk>()) {
  desk_->tcti = std::move(tcti);
  std::thread([desk = desk_] { desk->work(); }).detach();
}

Attestor::~Attestor() {
  const std::lock_guard<std::mutex> lock(desk_->mutex);
  desk_->is_over = true;
  desk_->came.notify_all();
}

int Attestor::poll_fd() const {
  return desk_->ready.get();
}

std::optional<int64_t> Attestor::busy_since() const {
  const std::lock_guard<std::mutex> lock(desk_->mutex);
  return desk_->busy_since;
}

void Attestor::ask(Question question) {
  const std::lock_guard<std::mutex> lock(desk_->mutex);
  desk_->question.emplace(std::move(question));
  desk_->busy_since = boot_now();
  desk_->came.notify_all();
}

std::optional<Answer> Attestor::take() {
  const std::lock_guard<std::mutex> lock(desk_->mutex);
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t got = ::read(desk_->ready.get(), &count, sizeof(count));
  return std::exchange(desk_->answer, std::nullopt);
}

} // namespace warrant
