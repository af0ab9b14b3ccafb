// SPDX-License-Identifier: Apache-2.0
// Whether a lineage from elsewhere goes on in a process here (ADR 0022).
#pragma once

#include <string>

#include "artifacts/bytes.h"
#include "artifacts/lineage_token.h"
#include "daemon/admission.h"
#include "daemon/control.h"
#include "daemon/pins.h"
#include "daemon/recorder.h"
#include "lineage/record.h"

namespace warrant {

// Who showed a token, and what exec it is in: 0, if the kernel knows of none.
struct Bearer {
  Caller caller;
  uint64_t lineage = 0;
};

// What is to be done about it: the record, and, where `record.reason` is AUTHORIZED, what must not
// be forgotten before anybody is told so. Pure. Beyond what verify_lineage_token() refuses: REPLAY,
// the id was taken before; LINEAGE_DISCONTINUITY, the bearer is in no exec that the kernel knows;
// NOT_READY, more tokens are remembered than the state holds.
struct Judged {
  Handover record;
  ArtifactId token{};
  int64_t not_after = 0; // unix seconds: until then the id must be remembered
};
Judged judge_handover(ByteView envelope, const Bearer &bearer, const TrustState &trust,
                      const State &state, int64_t now);

// The process that stands at the other end of a socket.
Caller caller_of(uint32_t pid, uint32_t uid);

// What a daemon that enforces has.
struct HandoverPremises {
  Admission &admission;
  Recorder &recorder;
  const MapSet &maps;
  const TrustState &trust; // in force
  // Why what the process did before is not on record: nothing is handed over then. Empty: it is.
  const std::string &unrecorded;
};

// Answers `{"verb": "adopt-lineage", "token": "ENVELOPE IN BASE64"}`. First the id is taken, then
// the record is on disk, then the process is told; so a crash between them loses the token, and
// never gives it twice. A refusal is recorded, too. Whoever asks waits for the answer.
Json hand_over(const ControlServer::Question &question, const HandoverPremises &here);

} // namespace warrant
