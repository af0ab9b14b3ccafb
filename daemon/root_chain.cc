// SPDX-License-Identifier: Apache-2.0
#include "daemon/root_chain.h"

#include <optional>
#include <utility>

#include "artifacts/envelope.h"

namespace warrant {
namespace {

Error in_file(const Rejection &rejection, const std::string &path) {
  return rejection.to_error().context(path);
}

std::string root_path(const std::string &config, uint64_t version) {
  return config + "/roots/" + std::to_string(version) + ".json";
}

std::string name_of(const RootMark &kernel) {
  return "trust root version " + std::to_string(kernel.version) + " (sha256 " +
         to_hex(kernel.sha256) + ")";
}

bool is_marked(ByteView envelope, const RootMark &kernel) {
  if (envelope.empty())
    return false;
  const Checked<SignedTrustRoot> root = load_trust_root(envelope);
  return root.ok() && root.value().sha256 == kernel.sha256;
}

// The envelope of the kernel's root, wherever it lies.
std::optional<Bytes> find_marked(const std::string &config, const RootMark &kernel,
                                 ByteView remembered, ByteView newest) {
  for (const ByteView known : {newest, remembered})
    if (is_marked(known, kernel))
      return Bytes(known.begin(), known.end());
  Result<Bytes> kept = read_file(root_path(config, kernel.version), kMaxEnvelopeSize);
  if (kept.ok() && is_marked(kept.value(), kernel))
    return std::move(kept).value();
  return std::nullopt;
}

} // namespace

Result<TrustRoot> follow_root(const std::string &config, const std::string &place, ByteView known,
                              ByteView newest) {
  Checked<SignedTrustRoot> current = load_trust_root(known);
  if (!current.ok())
    return in_file(current.error(), place);
  TrustRoot before = current.value().root;
  for (;;) {
    Checked<SignedTrustRoot> next = update_trust_root(current.value(), newest);
    if (next.ok())
      return before;
    // Roots that were missed on the way lie beside it, by version.
    const std::string path =
        root_path(config, static_cast<uint64_t>(current.value().root.version) + 1);
    Result<Bytes> step = read_file(path, kMaxEnvelopeSize);
    if (!step.ok())
      return in_file(next.error(), config + "/trust-root.json");
    next = update_trust_root(current.value(), step.value());
    if (!next.ok())
      return in_file(next.error(), path);
    if (next.value().root.version == current.value().root.version)
      return Error{path + ": holds version " + std::to_string(next.value().root.version) +
                   " again"};
    current = std::move(next);
  }
}

Status check_descent(const std::string &config, const RootMark &kernel, ByteView remembered,
                     ByteView newest) {
  if (kernel.version == 0)
    return Error{
        "the kernel does not say under which trust root it enforces, so nobody can take "
        "over. Restart the machine"};
  const std::optional<Bytes> known = find_marked(config, kernel, remembered, newest);
  if (!known)
    return Error{"the kernel enforces under " + name_of(kernel) + ", which is neither " + config +
                 "/trust-root.json nor remembered in the state nor " +
                 root_path(config, kernel.version) +
                 ": whoever armed this machine believed somebody else. What is in force stays "
                 "(fix: the configuration that armed it)"};
  Result<TrustRoot> followed = follow_root(config, name_of(kernel), *known, newest);
  if (!followed.ok())
    return std::move(followed).error().context("the kernel enforces under " + name_of(kernel) +
                                               ", from which no step leads on");
  return {};
}

} // namespace warrant
