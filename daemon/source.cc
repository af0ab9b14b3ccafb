// SPDX-License-Identifier: Apache-2.0
#include "daemon/source.h"

#include <algorithm>
#include <filesystem>
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

// The newest artifact of a clash. What was in force before stays: nobody throws it out by an
// artifact that says it is older.
size_t newest_of(const std::vector<AcceptedArtifact> &accepted, const std::vector<Digest> &clashing,
                 const std::set<Digest> &in_force) {
  size_t newest = accepted.size();
  auto age = [&](size_t i) {
    const VerifiedAuthorization &artifact = accepted[i].artifact;
    return std::make_tuple(!in_force.contains(artifact.sha256()),
                           artifact.authorization().issued_at, artifact.sha256());
  };
  for (size_t i = 0; i < accepted.size(); i++) {
    if (std::find(clashing.begin(), clashing.end(), accepted[i].artifact.sha256()) ==
        clashing.end())
      continue;
    if (newest == accepted.size() || age(newest) < age(i))
      newest = i;
  }
  return newest;
}

Status compile_what_fits(Collection &collection, const ClockMap &clock,
                         const std::set<Digest> &in_force) {
  for (;;) {
    std::vector<VerifiedAuthorization> artifacts;
    artifacts.reserve(collection.accepted.size());
    for (const AcceptedArtifact &accepted : collection.accepted)
      artifacts.push_back(accepted.artifact);
    Result<Entries, CompileError> compiled = compile(artifacts, clock);
    if (compiled.ok()) {
      collection.entries = std::move(compiled).value();
      return {};
    }
    size_t newest = newest_of(collection.accepted, compiled.error().artifacts, in_force);
    if (newest == collection.accepted.size())
      return Error{compiled.error().message};
    collection.refused.push_back(
        {collection.accepted[newest].source, clash(compiled.error()), Bytes{}});
    collection.accepted.erase(collection.accepted.begin() + static_cast<std::ptrdiff_t>(newest));
  }
}

} // namespace

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

Result<TrustState> load_trust_files(const std::string &directory, const std::string &host) {
  Bytes root = WARRANT_TRY(read_file(directory + "/trust-root.json", kMaxEnvelopeSize));
  Bytes policy = WARRANT_TRY(read_file(directory + "/policy.json", kMaxEnvelopeSize));
  Checked<TrustState> trust = load_trust(root, policy, host);
  if (!trust.ok())
    return std::move(trust).error().to_error().context(directory);
  return std::move(trust).value();
}

Result<Collection> collect(const EnvelopeSource &source, const TrustState &trust, int64_t now,
                           const ClockMap &clock, const std::set<Digest> &in_force) {
  EnvelopeSource::Listing listing = WARRANT_TRY(source.list());
  Collection collection;
  for (Unreadable &file : listing.unreadable)
    collection.refused.push_back(
        {file.name, malformed("", std::move(file.error.message)), Bytes{}});
  for (NamedEnvelope &envelope : listing.envelopes) {
    Checked<VerifiedAuthorization> artifact =
        verify_artifact(envelope.bytes, source.manifests(), trust, now);
    if (artifact.ok())
      collection.accepted.push_back({envelope.name, std::move(artifact).value()});
    else
      collection.refused.push_back(
          {envelope.name, std::move(artifact).error(), std::move(envelope.bytes)});
  }
  WARRANT_TRY(compile_what_fits(collection, clock, in_force));
  return collection;
}

} // namespace warrant
