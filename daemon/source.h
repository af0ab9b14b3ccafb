// SPDX-License-Identifier: Apache-2.0
// Where envelopes come from. Transport is never trusted: whatever a source brings goes through the
// whole verification.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "artifacts/bytes.h"
#include "artifacts/compile.h"
#include "artifacts/manifest.h"
#include "artifacts/result.h"
#include "artifacts/trust.h"
#include "artifacts/verify.h"

namespace warrant {

struct NamedEnvelope {
  std::string name; // for people: the file
  Bytes bytes;
};

// A file that could not even be read.
struct Unreadable {
  std::string name;
  Error error;
};

class EnvelopeSource {
 public:
  virtual ~EnvelopeSource() = default;

  struct Listing {
    std::vector<NamedEnvelope> envelopes; // sorted by name
    std::vector<Unreadable> unreadable;
  };
  virtual Result<Listing> list() const = 0;
  virtual ManifestOpener manifests() const = 0;
};

// All `*.json` files of one directory; names that begin with a dot are somebody's temporary files.
class DirectorySource final : public EnvelopeSource {
 public:
  static constexpr size_t kMaxFiles = 65536;

  explicit DirectorySource(std::string directory) : directory_(std::move(directory)) {}
  Result<Listing> list() const override;
  ManifestOpener manifests() const override { return manifests_in(directory_); }

 private:
  std::string directory_;
};

struct AcceptedArtifact {
  std::string source;
  VerifiedAuthorization artifact;
};

struct RefusedArtifact {
  std::string source;
  Rejection rejection;
  Bytes envelope; // what was refused, for the record; empty when it could not be read
  std::optional<Authorization> content =
      std::nullopt; // of one that was genuine, and refused afterwards
};

// What a refused artifact claims, for people who look for it; nobody need vouch for any of it.
std::optional<Authorization> claimed(const RefusedArtifact &refused);

// What a set of envelopes comes to under one trust state.
struct Collection {
  std::vector<AcceptedArtifact> accepted;
  std::vector<RefusedArtifact> refused;
  Entries entries;
};

// The signed documents of a directory, as they lie there: `trust-root.json`, `policy.json` and,
// where they are, `revocation.json` and `enrollment.json`.
struct TrustFiles {
  Bytes root;
  Bytes policy;
  Bytes revocation; // empty: there is none
  Bytes enrollment; // the same
};
Result<TrustFiles> read_trust_files(const std::string &directory);

// Reads and verifies them.
Result<TrustState> load_trust_files(const std::string &directory, const std::string &host);

// Verifies each envelope alone, parents before what names them. Nothing is compiled yet. Error: the
// source cannot be listed.
Result<Collection> verify_all(const EnvelopeSource &source, const TrustState &trust, int64_t now);

// Puts an artifact, and what names it as its parent, among the refused.
void refuse(Collection &collection, const Digest &payload, const Rejection &rejection);

// Compiles what is accepted. Artifacts that cannot stand together (one id with two contents, too
// many grants for one digest) are refused one by one until the rest can: first what is blocked,
// then what is derived, then all but baselines, then what is not in force (by payload), then the
// newest by its own word.
Status compile_what_fits(Collection &collection, const Circumstances &circumstances,
                         const std::set<Digest> &in_force);

// Both, as a rehearsal: every artifact that ends its processes gets a bond.
Result<Collection> collect(const EnvelopeSource &source, const TrustState &trust, int64_t now,
                           const ClockMap &clock);

} // namespace warrant
