// SPDX-License-Identifier: Apache-2.0
#include "daemon/handover.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "artifacts/envelope.h"
#include "daemon/contexts.h"
#include "daemon/publish.h"
#include "daemon/unique_fd.h"

namespace warrant {
namespace {

// Nobody vouches for it; it tells which token was refused.
std::optional<ArtifactId> claimed_id(ByteView envelope) {
  const Checked<UnverifiedEnvelope> claimed = peek_envelope(envelope);
  if (!claimed.ok())
    return std::nullopt;
  const Checked<LineageToken> token = parse_lineage_token(claimed.value().payload);
  return token.ok() ? std::optional(token.value().id) : std::nullopt;
}

std::string grounds(const RemoteParent &parent) {
  return "lineage " + std::to_string(parent.lineage) + " of host " + printable(parent.host) +
         ", boot " + parent.boot;
}

// In base64: a request is UTF-8, and a token may be anything. Empty: there is none.
Bytes token_of(const Json &request) {
  const auto token = request.find("token");
  if (token == request.end() || !token->is_string())
    return {};
  Result<Bytes> bytes = from_base64(token->get<std::string>());
  return bytes.ok() ? std::move(bytes).value() : Bytes();
}

// The process waits for its answer: its number is nobody else's meanwhile, or it is gone.
uint64_t lineage_of(const MapSet &maps, uint32_t pid) {
  const int fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0)
    return 0;
  const UniqueFd process(fd);
  const std::optional<w_process> context =
      process_context(maps, process.get(), static_cast<pid_t>(pid));
  return context ? context->lineage : 0;
}

} // namespace

Judged judge_handover(ByteView envelope, const Bearer &bearer, const TrustState &trust,
                      const State &state, int64_t now) {
  Judged judged;
  judged.record.caller = bearer.caller;
  judged.record.lineage = bearer.lineage;
  const auto refuse = [&](w_reason reason, const std::string &why) {
    judged.record.reason = static_cast<uint8_t>(reason);
    judged.record.detail = why;
    return judged;
  };
  const Checked<LineageToken> token = verify_lineage_token(envelope, trust, now);
  if (!token.ok()) {
    judged.record.token = claimed_id(envelope.first(std::min(envelope.size(), kMaxTokenSize)));
    return refuse(token.error().reason, token.error().text());
  }
  judged.token = token.value().id;
  judged.not_after = token.value().not_after;
  judged.record.token = judged.token;
  judged.record.parent = token.value().parent;
  if (state.tokens.contains(judged.token))
    return refuse(W_REASON_REPLAY, "the token was taken before: each is good for one process");
  if (bearer.lineage == 0)
    return refuse(W_REASON_LINEAGE_DISCONTINUITY, "the kernel knows no exec of this process");
  // take_token() forgets those that are over.
  const auto alive = std::count_if(state.tokens.begin(), state.tokens.end(),
                                   [&](const auto &taken) { return taken.second > now; });
  if (static_cast<size_t>(alive) >= kMaxStateTokens)
    return refuse(W_REASON_NOT_READY, "too many tokens are remembered; they are over in an hour");
  judged.record.reason = W_REASON_AUTHORIZED;
  judged.record.detail = "goes on from " + grounds(token.value().parent);
  return judged;
}

Json hand_over(const ControlServer::Question &question, const HandoverPremises &here) {
  if (!here.unrecorded.empty())
    return {{"ok", false}, {"error", "not on record: " + here.unrecorded}};
  const Bytes envelope = token_of(question.whole);
  Admission &admission = here.admission;
  const Bearer bearer{caller_of(question.peer.pid, question.peer.uid),
                      lineage_of(here.maps, question.peer.pid)};
  Judged judged =
      judge_handover(envelope, bearer, here.trust, admission.state(), admission.clock().seconds());
  if (judged.record.reason == W_REASON_AUTHORIZED)
    if (const Status taken = admission.take(judged.token, judged.not_after); !taken.ok()) {
      judged.record.reason = W_REASON_NOT_READY;
      judged.record.detail = "it cannot be remembered as taken: " + taken.error().message;
    }
  const Text detail = judged.record.detail;
  const bool is_taken = judged.record.reason == W_REASON_AUTHORIZED;
  here.recorder.note(std::move(judged.record));
  if (const Status written = here.recorder.commit(); !written.ok())
    return {{"ok", false}, {"error", "not on record: " + written.error().message}};
  if (!is_taken)
    return {{"ok", false}, {"error", detail.escaped()}};
  return {{"ok", true}, {"lineage", std::to_string(bearer.lineage)}};
}

Caller caller_of(uint32_t pid, uint32_t uid) {
  Caller caller;
  caller.pid = pid;
  caller.uid = uid;
  uint32_t login = 0;
  if (std::ifstream("/proc/" + std::to_string(pid) + "/loginuid") >> login)
    caller.login = login;
  return caller;
}

} // namespace warrant
