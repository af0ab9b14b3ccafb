// SPDX-License-Identifier: Apache-2.0
#include "artifacts/rules.h"

#include <algorithm>

#include "artifacts/names.h"

namespace warrant {
namespace {

constexpr size_t kMaxDetail = 1024;

using MaybeExceeded = std::optional<Exceeded>;

std::string words(uint32_t actions) {
  return text_of_bits(action_names(), actions);
}

MaybeExceeded exceeded_kinds(const Contents &artifact, const IssuerRule &rule) {
  const ArtifactKind kind = artifact.authorization.kind;
  if (std::find(rule.kinds.begin(), rule.kinds.end(), kind) == rule.kinds.end())
    return Exceeded{"predicate.kind", "kinds", "not for " + std::string(kind_name(kind))};
  return {};
}

MaybeExceeded exceeded_actions(const Contents &artifact, const IssuerRule &rule) {
  if (const uint32_t more = artifact.authorization.actions & ~rule.actions)
    return Exceeded{"predicate.actions", "actions", "not for " + words(more)};
  return {};
}

MaybeExceeded exceeded_initiators(const Contents &artifact, const IssuerRule &rule) {
  std::optional<std::string> member;
  for (const Initiator &allowed : rule.initiators) {
    member = wider_member(artifact.authorization.initiator, allowed);
    if (!member)
      return {};
  }
  if (!member)
    return {};
  return Exceeded{"predicate.initiator." + *member, "initiators", "for fewer initiators"};
}

/// A verity digest counts like any other: only the issuer says that it is of the same content.
MaybeExceeded exceeded_digests(const Contents &artifact, const IssuerRule &rule) {
  if (rule.digests.empty())
    return {};
  if (artifact.authorization.covers == Covers::kAll)
    return Exceeded{"predicate.covers", "digests", "for listed contents only"};
  const auto lists = [&](const Digest &digest) {
    return std::binary_search(rule.digests.begin(), rule.digests.end(), digest);
  };
  for (size_t i = 0; i < artifact.size(); i++) {
    const bool bad_content = !lists(artifact.sha256(i));
    if (bad_content || (artifact.verity(i) && !lists(*artifact.verity(i))))
      return Exceeded{artifact.field(i, bad_content ? W_DIGEST_SHA256 : W_DIGEST_VERITY), "digests",
                      "not for this content"};
  }
  return {};
}

MaybeExceeded exceeded_paths(const Contents &artifact, const IssuerRule &rule) {
  if (rule.paths.empty())
    return {};
  if (artifact.authorization.covers == Covers::kAll)
    return Exceeded{"predicate.covers", "paths", "for names that match only"};
  if (artifact.authorization.manifest)
    return Exceeded{"predicate.manifest", "paths", "not for manifests: their names are not signed"};
  const std::vector<Subject> &subjects = artifact.authorization.subjects;
  for (size_t i = 0; i < subjects.size(); i++) {
    const auto matches = [&](const std::string &pattern) {
      return matches_pattern(pattern, subjects[i].name);
    };
    if (std::none_of(rule.paths.begin(), rule.paths.end(), matches))
      return Exceeded{"subject[" + std::to_string(i) + "].name", "paths",
                      "no pattern matches " + printable(subjects[i].name)};
  }
  return {};
}

MaybeExceeded exceeded_window(const Contents &artifact, const IssuerRule &rule) {
  const int64_t window = artifact.authorization.not_after - artifact.authorization.not_before;
  if (rule.max_window && window > *rule.max_window)
    return Exceeded{
        "predicate.validity", "maxWindow",
        "at most " + std::to_string(*rule.max_window) + " s, not " + std::to_string(window)};
  return {};
}

MaybeExceeded exceeded_uses(const Contents &artifact, const IssuerRule &rule) {
  const std::optional<int64_t> &uses = artifact.authorization.max_uses;
  if (rule.max_uses && (!uses || *uses > *rule.max_uses))
    return Exceeded{"predicate.constraints.maxUses", "maxUses",
                    "at most " + std::to_string(*rule.max_uses) + " uses"};
  return {};
}

MaybeExceeded exceeded_flags(const Contents &artifact, const IssuerRule &rule) {
  if (artifact.authorization.jit && !rule.jit)
    return Exceeded{"predicate.constraints.jit", "jit", "may not grant it"};
  if (artifact.authorization.recovery && !rule.recovery)
    return Exceeded{"predicate.recovery", "recovery", "may not grant it"};
  return {};
}

MaybeExceeded exceeded_depth(const Contents &artifact, const IssuerRule &rule) {
  const std::optional<Delegation> &delegation = artifact.authorization.delegation;
  if (delegation && delegation->max_depth > rule.delegate)
    return Exceeded{"predicate.delegation.maxDepth", "delegate",
                    rule.delegate == 0 ? std::string("may not delegate")
                                       : "at most " + std::to_string(rule.delegate) + " deep"};
  return {};
}

bool names_key(const IssuerRule &rule, const std::string &fingerprint) {
  return std::binary_search(rule.keys.begin(), rule.keys.end(), fingerprint);
}

/// Positions of the pattern that a name can have brought us to.
class PatternStates {
 public:
  explicit PatternStates(std::string_view pattern)
      : pattern_(pattern), now_(pattern.size() + 1), next_(pattern.size() + 1) {
    now_[0] = 1;
    pass_stars(now_);
  }

  void step(char c) {
    std::fill(next_.begin(), next_.end(), 0);
    for (size_t i = 0; i < pattern_.size(); i++) {
      if (!now_[i])
        continue;
      if (pattern_[i] == '*')
        next_[i] |= c != '/' || is_any_run(i);
      else
        next_[i + 1] |= pattern_[i] == c || (pattern_[i] == '?' && c != '/');
    }
    pass_stars(next_);
    now_.swap(next_);
  }

  bool at_end() const { return now_[pattern_.size()]; }

 private:
  /// A star beside another one stands for slashes too.
  bool is_any_run(size_t i) const {
    return (i > 0 && pattern_[i - 1] == '*') || (i + 1 < pattern_.size() && pattern_[i + 1] == '*');
  }

  void pass_stars(std::vector<char> &states) const {
    for (size_t i = 0; i < pattern_.size(); i++)
      if (pattern_[i] == '*')
        states[i + 1] |= states[i];
  }

  std::string_view pattern_;
  std::vector<char> now_;
  std::vector<char> next_;
};

} // namespace

std::optional<Exceeded> find_exceeded(const Contents &artifact, const IssuerRule &rule) {
  constexpr MaybeExceeded (*kChecks[])(const Contents &, const IssuerRule &) = {
      exceeded_kinds, exceeded_actions, exceeded_initiators, exceeded_window, exceeded_uses,
      exceeded_flags, exceeded_depth,   exceeded_paths,      exceeded_digests};
  for (const auto check : kChecks)
    if (MaybeExceeded exceeded = check(artifact, rule))
      return exceeded;
  return {};
}

Permission permit(const Contents &artifact, const std::vector<std::string> &signers,
                  const Policy &policy) {
  Permission permission;
  if (!policy.issuers) {
    permission.signers = signers;
    return permission;
  }
  std::vector<char> permitted(signers.size());
  for (size_t i = 0; i < policy.issuers->size(); i++) {
    const IssuerRule &rule = (*policy.issuers)[i];
    const auto concerns = [&](const std::string &signer) { return names_key(rule, signer); };
    if (std::none_of(signers.begin(), signers.end(), concerns))
      continue;
    const std::optional<Exceeded> exceeded = find_exceeded(artifact, rule);
    for (size_t s = 0; !exceeded && s < signers.size(); s++)
      permitted[s] |= concerns(signers[s]);
    if (!exceeded || permission.detail.size() > kMaxDetail)
      continue;
    if (permission.field.empty())
      permission.field = exceeded->field;
    permission.detail += (permission.detail.empty() ? "issuers[" : "; issuers[") +
                         std::to_string(i) + "]." + exceeded->member + ": " + exceeded->detail;
  }
  for (size_t s = 0; s < signers.size(); s++)
    if (permitted[s])
      permission.signers.push_back(signers[s]);
  if (permission.detail.empty())
    permission.detail = "no rule of the policy's issuers names the keys that signed";
  return permission;
}

bool matches_pattern(std::string_view pattern, std::string_view name) {
  PatternStates states(pattern);
  for (const char c : name)
    states.step(c);
  return states.at_end();
}

} // namespace warrant
