// SPDX-License-Identifier: Apache-2.0
// Asks the TPM, in a thread of its own: a TPM may take seconds for an answer, or never give one,
// and the event loop must not wait for it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "artifacts/judgement.h"
#include "artifacts/result.h"
#include "daemon/tpm.h"

namespace warrant {

struct Question {
  uint32_t key_handle = kAttestationKeyHandle;
  uint32_t counter_index = kCounterIndex;
  PcrMask pcrs = 0; // at least one
  Bytes nonce;      // fresh: 16 to kMaxQuoteNonce random bytes
  bool wants_ima_log = false;
  // Done first, in this order, and once for a question, whatever fails afterwards.
  bool advance = false; // the counter, by one
  struct Extension {
    uint32_t pcr = 0;
    Digest by{};
  };
  std::optional<Extension> extension;
};

struct Answer {
  Question question;
  int64_t asked = 0;     // boot time, ns, before the TPM was asked anything: what it says is newer
  Status outcome;        // whether all of what follows is there
  bool extended = false; // as the question wished, before anything failed
  std::optional<Bytes> key; // TPMT_PUBLIC; nothing: this TPM has none
  std::optional<uint64_t> counter;
  SignedQuote quote;
  Evidence evidence; // with the PCRs as they were read beside the quote: not judged yet
};

// One question to a TPM that is open. Blocks.
Answer ask_tpm(Tpm &tpm, const Question &question, const std::string &root);

class Attestor {
 public:
  // `tcti`: see Tpm::open(). Opened for each question.
  explicit Attestor(std::string tcti);
  Attestor(const Attestor &) = delete;
  Attestor &operator=(const Attestor &) = delete;
  // Waits for nothing: the thread ends by itself when the TPM lets go of it.
  ~Attestor();

  // Readable while an answer waits.
  int poll_fd() const;
  // Since when (boot time, ns) a question has no answer; nothing: none is open.
  std::optional<int64_t> busy_since() const;
  // Only when none is open.
  void ask(Question question);
  std::optional<Answer> take();

 private:
  struct Desk;
  std::shared_ptr<Desk> desk_; // shared with the thread, which may hang
};

} // namespace warrant
