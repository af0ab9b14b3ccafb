// SPDX-License-Identifier: Apache-2.0
#include "daemon/source.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <system_error>
#include <tuple>

#include "artifacts/envelope.h"

namespace warrant {
namespace {

constexpr std::string_view kSuffix = ".json";

bool is_envelope_name(const std::string &name) {
  return name.size() > kSuffix.size() && name.front() != '.' && name.ends_with(kSuffix);
}

Rejection clash(const CompileError &error) {
  return Rejection{W_REASON_MALFORMED, "", error.message,
                   "withdraw one of the artifacts that clash, or issue it anew"};
}

// Who goes first in a clash: what grants nothing anyway, then what has least authority behind it,
// then what was not in force. The time that an artifact says of itself is the last word, because
// whoever signs it chooses it.
auto weakness(const VerifiedAuthorization &artifact, const std::set<Digest> &in_force) {
  const Authorization &authorization = artifact.authorization();
  return std::make_tuple(artifact.blocked().has_value(), artifact.is_derived(),
                         authorization.kind != ArtifactKind::kBaseline,
                         !in_force.contains(artifact.sha256()), authorization.issued_at,
                         artifact.sha256());
}

// The weakest artifact of a clash; their number if none of them is there.
size_t weakest_of(const std::vector<AcceptedArtifact> &accepted,
                  const std::vector<Digest> &clashing, const std::set<Digest> &in_force) {
  size_t weakest = accepted.size();
  for (size_t i = 0; i < accepted.size(); i++) {
    if (std::find(clashing.begin(), clashing.end(), accepted[i].artifact.sha256()) ==
        clashing.end())
      continue;
    if (weakest == accepted.size() ||
        weakness(accepted[weakest].artifact, in_force) < weakness(accepted[i].artifact, in_force))
      weakest = i;
  }
  return weakest;
}

// Envelopes of one payload. They may differ in who signed, and so in whether the artifact stands.
using Copies = std::vector<NamedEnvelope>;

std::vector<Copies> copies_of(std::vector<NamedEnvelope> envelopes) {
  std::vector<Copies> all;
  std::map<Digest, size_t> places;
  for (NamedEnvelope &envelope : envelopes) {
    const Checked<UnverifiedEnvelope> opened = peek_envelope(envelope.bytes);
    const auto place =
        opened.ok() ? places.emplace(sha256(opened.value().payload), all.size()).first->second
                    : all.size();
    if (place == all.size())
      all.emplace_back();
    all[place].push_back(std::move(envelope));
  }
  return all;
}

// The copy that stands, else one that is blocked: a copy that somebody signed badly must not stand
// for the others. Copies that nobody trusted signed are refused; those whose parent may still come
// are `left`, unless this is the last pass.
std::optional<AcceptedArtifact> best_of(Copies &copies, const ManifestOpener &manifests,
                                        const ParentLookup &parents, const TrustState &trust,
                                        int64_t now, bool is_last, Collection &collection,
                                        Copies &left) {
  std::optional<AcceptedArtifact> best;
  for (NamedEnvelope &envelope : copies) {
    Checked<VerifiedAuthorization> artifact =
        verify_artifact(envelope.bytes, manifests, parents, trust, now);
    if (!artifact.ok()) {
      if (!is_last && artifact.error().reason == W_REASON_LINEAGE_DISCONTINUITY)
        left.push_back(std::move(envelope));
      else
        collection.refused.push_back(
            {envelope.name, std::move(artifact).error(), std::move(envelope.bytes), {}});
    } else if (!best || (best->artifact.blocked() && !artifact.value().blocked())) {
      best.emplace(AcceptedArtifact{envelope.name, std::move(artifact).value()});
    }
  }
  return best;
}

} // namespace

std::optional<Authorization> claimed(const RefusedArtifact &refused) {
  if (refused.content)
    return refused.content;
  auto envelope = peek_envelope(refused.envelope);
  if (!envelope.ok())
    return std::nullopt;
  auto parsed = parse_authorization(envelope.value().payload);
  if (!parsed.ok())
    return std::nullopt;
  return std::move(parsed).value();
}

Result<EnvelopeSource::Listing> DirectorySource::list() const {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> names;
  fs::directory_iterator files(directory_, error);
  if (error)
    return Error{"cannot read the artifacts directory " + directory_ + ": " + error.message()};
  for (; files != fs::directory_iterator(); files.increment(error)) {
    std::string name = files->path().filename().string();
    if (is_envelope_name(name))
      names.push_back(name);
    if (names.size() > kMaxFiles)
      return Error{directory_ + " holds more than " + std::to_string(kMaxFiles) + " artifacts"};
  }
  if (error)
    return Error{"cannot read the artifacts directory " + directory_ + ": " + error.message()};
  std::sort(names.begin(), names.end());
  Listing listing;
  for (std::string &name : names) {
    std::string path = directory_ + "/" + name;
    Result<Bytes> bytes = read_file(path, kMaxEnvelopeSize);
    if (bytes.ok())
      listing.envelopes.push_back({std::move(name), std::move(bytes).value()});
    else
      listing.unreadable.push_back({std::move(name), std::move(bytes).error()});
  }
  return listing;
}

Result<TrustFiles> read_trust_files(const std::string &directory) {
  TrustFiles files;
  files.root = WARRANT_TRY(read_file(directory + "/trust-root.json", kMaxEnvelopeSize));
  files.policy = WARRANT_TRY(read_file(directory + "/policy.json", kMaxEnvelopeSize));
  for (const auto &[name, bytes] : {std::pair{"/revocation.json", &files.revocation},
                                    {"/enrollment.json", &files.enrollment}}) {
    const std::string path = directory + name;
    if (::access(path.c_str(), F_OK) == 0 || errno != ENOENT)
      *bytes = WARRANT_TRY(read_file(path, kMaxEnvelopeSize));
  }
  return files;
}

Result<TrustState> load_trust_files(const std::string &directory, const std::string &host) {
  TrustFiles files = WARRANT_TRY(read_trust_files(directory));
  Checked<TrustState> trust = load_trust(files.root, files.policy, files.revocation, host);
  if (!trust.ok())
    return std::move(trust).error().to_error().context(directory);
  return std::move(trust).value();
}

Result<Collection> verify_all(const EnvelopeSource &source, const TrustState &trust, int64_t now) {
  EnvelopeSource::Listing listing = WARRANT_TRY(source.list());
  Collection collection;
  for (Unreadable &file : listing.unreadable)
    collection.refused.push_back(
        {file.name, malformed("", std::move(file.error.message)), Bytes{}});
  // Reserved: the lookup hands out pointers to what is in there.
  collection.accepted.reserve(listing.envelopes.size());
  std::map<Digest, size_t> places;
  ParentLookup parents = [&](const Digest &payload) -> const VerifiedAuthorization * {
    auto found = places.find(payload);
    return found == places.end() ? nullptr : &collection.accepted[found->second].artifact;
  };
  std::vector<Copies> waiting = copies_of(std::move(listing.envelopes));
  for (bool is_last = false; !waiting.empty();) {
    std::vector<Copies> orphans;
    for (Copies &copies : waiting) {
      Copies left;
      const std::optional<AcceptedArtifact> best =
          best_of(copies, source.manifests(), parents, trust, now, is_last, collection, left);
      if (best) {
        places.emplace(best->artifact.sha256(), collection.accepted.size());
        collection.accepted.push_back(*best);
      } else if (!left.empty()) {
        orphans.push_back(std::move(left));
      }
    }
    // Nobody found a parent in a whole pass: they have none.
    is_last = orphans.size() == waiting.size();
    waiting = std::move(orphans);
  }
  return collection;
}

void refuse(Collection &collection, const Digest &payload, const Rejection &rejection) {
  const Rejection orphan{W_REASON_LINEAGE_DISCONTINUITY, "predicate.lineage.parentArtifact",
                         "its parent was refused: " + rejection.text(), rejection.fix};
  std::vector<AcceptedArtifact> left;
  for (AcceptedArtifact &accepted : collection.accepted) {
    const std::vector<Digest> &above = accepted.artifact.ancestors();
    const bool is_child = std::find(above.begin(), above.end(), payload) != above.end();
    if (accepted.artifact.sha256() == payload || is_child)
      collection.refused.push_back({accepted.source, is_child ? orphan : rejection, Bytes{},
                                    accepted.artifact.authorization()});
    else
      left.push_back(std::move(accepted));
  }
  collection.accepted = std::move(left);
}

Status compile_what_fits(Collection &collection, const Circumstances &circumstances,
                         const std::set<Digest> &in_force) {
  for (;;) {
    std::vector<VerifiedAuthorization> artifacts;
    artifacts.reserve(collection.accepted.size());
    for (const AcceptedArtifact &accepted : collection.accepted)
      artifacts.push_back(accepted.artifact);
    Result<Entries, CompileError> compiled = compile(artifacts, circumstances);
    if (compiled.ok()) {
      collection.entries = std::move(compiled).value();
      return {};
    }
    size_t weakest = weakest_of(collection.accepted, compiled.error().artifacts, in_force);
    if (weakest == collection.accepted.size())
      return Error{compiled.error().message};
    const Digest payload = collection.accepted[weakest].artifact.sha256();
    refuse(collection, payload, clash(compiled.error()));
  }
}

Result<Collection> collect(const EnvelopeSource &source, const TrustState &trust, int64_t now,
                           const ClockMap &clock) {
  Collection collection = WARRANT_TRY(verify_all(source, trust, now));
  Circumstances circumstances;
  circumstances.clock = clock;
  circumstances.modes = trust.policy.scopes;
  if (trust.revocation)
    circumstances.revocation = &trust.revocation->revocation;
  uint32_t bond = 0;
  for (const AcceptedArtifact &accepted : collection.accepted) {
    const Authorization &authorization = accepted.artifact.authorization();
    if ((authorization.kill_on_expiry || authorization.kill_on_revoke) && bond < W_MAX_BONDS)
      circumstances.bonds.emplace(authorization.id, ++bond);
  }
  WARRANT_TRY(compile_what_fits(collection, circumstances, {}));
  return collection;
}

} // namespace warrant
