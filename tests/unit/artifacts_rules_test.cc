// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <functional>

#include "artifacts/rules.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;

namespace {

const std::string kSigner = "SHA256:a";
const std::string kOther = "SHA256:b";

/// Lets test::authorization() pass and not much more.
IssuerRule narrow() {
  IssuerRule rule;
  rule.keys = {kSigner};
  rule.kinds = {ArtifactKind::kTask};
  rule.actions = W_ACTION_EXEC | W_ACTION_MAP;
  rule.initiators.resize(2);
  rule.initiators[0].uid = 7;
  rule.initiators[1].any = true;
  rule.digests = {test::digest(0xaa), test::digest(0xab)};
  rule.paths = {"/opt/**", "/usr/bin/*"};
  rule.max_window = 3660;
  return rule;
}

/// The plain reading, which takes exponential time.
bool naive_match(std::string_view pattern, std::string_view name) {
  if (pattern.empty())
    return name.empty();
  if (pattern.starts_with("**"))
    return naive_match(
               pattern.substr(pattern[1] == '*' && pattern.size() > 2 && pattern[2] == '*' ? 1 : 2),
               name) ||
           (!name.empty() && naive_match(pattern, name.substr(1)));
  if (pattern[0] == '*')
    return naive_match(pattern.substr(1), name) ||
           (!name.empty() && name[0] != '/' && naive_match(pattern, name.substr(1)));
  if (name.empty() || (pattern[0] == '?' ? name[0] == '/' : pattern[0] != name[0]))
    return false;
  return naive_match(pattern.substr(1), name.substr(1));
}

} // namespace

TEST_CASE("a rule names its member that is exceeded") {
  const struct {
    const char *member; ///< empty: within the rule
    const char *field;
    std::function<void(Authorization &, IssuerRule &)> change;
  } cases[] = {
      {"", "", [](Authorization &, IssuerRule &) {}},
      {"kinds", "predicate.kind",
       [](Authorization &a, IssuerRule &) { a.kind = ArtifactKind::kBaseline; }},
      {"actions", "predicate.actions",
       [](Authorization &a, IssuerRule &) { a.actions = W_ACTION_LOAD; }},
      {"actions", "predicate.actions",
       [](Authorization &a, IssuerRule &) { a.actions |= W_ACTION_ADMINISTER; }},
      {"", "", [](Authorization &a, IssuerRule &) { a.actions = W_ACTION_MAP; }},
      {"initiators", "predicate.initiator.uid",
       [](Authorization &, IssuerRule &r) { r.initiators.pop_back(); }},
      {"", "", [](Authorization &, IssuerRule &r) { r.initiators.clear(); }},
      {"digests", "subject[0].digest.sha256",
       [](Authorization &a, IssuerRule &) { a.subjects[0].sha256 = test::digest(1); }},
      {"digests", "subject[0].digest.fsverity-sha256",
       [](Authorization &a, IssuerRule &) { a.subjects[0].verity = test::digest(1); }},
      {"", "", [](Authorization &a, IssuerRule &) { a.subjects[0].verity = test::digest(0xab); }},
      {"digests", "subject[1].digest.sha256",
       [](Authorization &a, IssuerRule &) {
         a.subjects.push_back({"/usr/bin/b", test::digest(2), std::nullopt});
       }},
      {"", "",
       [](Authorization &a, IssuerRule &r) {
         a.subjects[0].sha256 = test::digest(1);
         r.digests.clear();
       }},
      {"paths", "subject[0].name",
       [](Authorization &a, IssuerRule &) { a.subjects[0].name = "/usr/bin/x/y"; }},
      {"", "", [](Authorization &a, IssuerRule &) { a.subjects[0].name = "/opt/x/y"; }},
      {"", "",
       [](Authorization &a, IssuerRule &r) {
         a.subjects[0].name = "anything";
         r.paths.clear();
       }},
      {"paths", "predicate.manifest",
       [](Authorization &a, IssuerRule &) {
         a.subjects.clear();
         a.manifest = ManifestRef{};
       }},
      {"maxWindow", "predicate.validity", [](Authorization &a, IssuerRule &) { a.not_after++; }},
      {"", "",
       [](Authorization &a, IssuerRule &r) {
         a.not_after++;
         r.max_window.reset();
       }},
      {"maxUses", "predicate.constraints.maxUses",
       [](Authorization &, IssuerRule &r) { r.max_uses = 5; }},
      {"maxUses", "predicate.constraints.maxUses",
       [](Authorization &a, IssuerRule &r) {
         a.max_uses = 6;
         r.max_uses = 5;
       }},
      {"", "",
       [](Authorization &a, IssuerRule &r) {
         a.max_uses = 5;
         r.max_uses = 5;
       }},
      {"jit", "predicate.constraints.jit", [](Authorization &a, IssuerRule &) { a.jit = true; }},
      {"recovery", "predicate.recovery", [](Authorization &a, IssuerRule &) { a.recovery = true; }},
      {"", "",
       [](Authorization &a, IssuerRule &r) {
         a.jit = r.jit = true;
         a.recovery = r.recovery = true;
       }},
      {"delegate", "predicate.delegation.maxDepth",
       [](Authorization &a, IssuerRule &) { a.delegation = test::delegation(1); }},
      {"delegate", "predicate.delegation.maxDepth",
       [](Authorization &a, IssuerRule &r) {
         a.delegation = test::delegation(3);
         r.delegate = 2;
       }},
      {"", "",
       [](Authorization &a, IssuerRule &r) {
         a.delegation = test::delegation(2);
         r.delegate = 2;
       }},
      {"paths", "predicate.covers",
       [](Authorization &a, IssuerRule &) {
         a.covers = Covers::kAll;
         a.subjects.clear();
       }},
      {"digests", "predicate.covers",
       [](Authorization &a, IssuerRule &r) {
         a.covers = Covers::kAll;
         a.subjects.clear();
         r.paths.clear();
       }},
  };
  for (const auto &c : cases) {
    Authorization authorization = test::authorization();
    IssuerRule rule = narrow();
    c.change(authorization, rule);
    const auto exceeded = find_exceeded({authorization, {}}, rule);
    INFO((exceeded ? exceeded->member + " " + exceeded->detail : "within")
         << ", expected " << c.member);
    CHECK((exceeded ? exceeded->member : "") == c.member);
    CHECK((exceeded ? exceeded->field : "") == c.field);
    CHECK((!exceeded || !exceeded->detail.empty()));
  }
}

TEST_CASE("a manifest's records are held against the rule's digests") {
  IssuerRule rule = narrow();
  rule.paths.clear();
  const Authorization authorization = [] {
    Authorization a = test::authorization();
    a.subjects.clear();
    a.manifest = ManifestRef{};
    return a;
  }();
  const std::vector<ManifestRecord> within = {
      {test::digest(0xaa), test::digest(0xab), W_ACTION_EXEC}};
  CHECK_FALSE(find_exceeded({authorization, within}, rule));
  const std::vector<ManifestRecord> beyond = {
      {test::digest(0xaa), test::digest(0xac), W_ACTION_EXEC}};
  CHECK(find_exceeded({authorization, beyond}, rule)->field == "manifest[0].verity");
}

TEST_CASE("signers are permitted one by one, each by any of its rules") {
  const Authorization authorization = test::authorization();
  const Contents artifact = {authorization, {}};
  Policy policy;
  const std::vector<std::string> both = {kSigner, kOther};
  CHECK(permit(artifact, both, policy).signers == both);

  policy.issuers = std::vector<IssuerRule>();
  Permission permission = permit(artifact, both, policy);
  CHECK(permission.signers.empty());
  CHECK(permission.detail.find("no rule") != std::string::npos);

  policy.issuers = {narrow()};
  CHECK(permit(artifact, both, policy).signers == std::vector{kSigner});
  policy.issuers->push_back(narrow());
  policy.issuers->back().keys = {kOther};
  policy.issuers->back().max_window = 1;
  permission = permit(artifact, both, policy);
  CHECK(permission.signers == std::vector{kSigner});
  CHECK(permission.field == "predicate.validity");
  CHECK(permission.detail.starts_with("issuers[1].maxWindow: at most 1 s"));
  policy.issuers->push_back(narrow());
  policy.issuers->back().keys = both;
  CHECK(permit(artifact, both, policy).signers == both);
  // What one rule lacks another one does not lend: a rule holds as a whole.
  policy.issuers->back().actions = W_ACTION_EXEC;
  CHECK(permit(artifact, both, policy).signers == std::vector{kSigner});
  policy.issuers->assign(kMaxIssuerRules, policy.issuers->at(1));
  CHECK(permit(artifact, both, policy).detail.size() < 2048);
}

TEST_CASE("patterns match whole names") {
  const struct {
    const char *pattern;
    const char *name;
    bool matches;
  } cases[] = {
      {"/usr/bin/true", "/usr/bin/true", true},
      {"/usr/bin/true", "/usr/bin/true2", false},
      {"/usr/bin/true", "x/usr/bin/true", false},
      {"", "", true},
      {"", "a", false},
      {"*", "", true},
      {"*", "abc", true},
      {"*", "a/c", false},
      {"**", "a/b/c", true},
      {"**", "", true},
      {"***", "a/b", true},
      {"/usr/*/x", "/usr/bin/x", true},
      {"/usr/*/x", "/usr/bin/y/x", false},
      {"/usr/*/x", "/usr//x", true},
      {"/usr/**/x", "/usr/bin/y/x", true},
      {"/usr/**/x", "/usr/x", false},
      {"/usr/**", "/usr/", true},
      {"/usr/**", "/usr", false},
      {"?", "a", true},
      {"?", "/", false},
      {"?", "", false},
      {"?", "ab", false},
      {"a?c", "abc", true},
      {"a*b*c", "a-b-b-c", true},
      {"a*b*c", "a-b/b-c", false},
      {"a**b*c", "a-b/b-c", true},
      {"*/x*y", "a/xby", true},
      {"*.so.*", "libc.so.6", true},
      {"**.so", "/lib/x/libc.so", true},
      {"a[b]", "ab", false},
      {"a\\*", "ab", false},
  };
  for (const auto &c : cases) {
    INFO(c.pattern << " and " << c.name);
    CHECK(matches_pattern(c.pattern, c.name) == c.matches);
  }
}

TEST_CASE("patterns match as a plain reading says, for all short ones") {
  const auto words = [](std::string_view letters, size_t longest) {
    std::vector<std::string> all = {""};
    for (size_t first = 0, length = 1; length <= longest; length++) {
      const size_t end = all.size();
      for (; first < end; first++)
        for (const char letter : letters)
          all.push_back(all[first] + letter);
    }
    return all;
  };
  size_t matched = 0;
  for (const std::string &pattern : words("a/*?", 5))
    for (const std::string &name : words("a/b", 4)) {
      const bool matches = matches_pattern(pattern, name);
      matched += matches;
      if (matches != naive_match(pattern, name))
        FAIL(pattern << " and " << name);
    }
  CHECK(matched > 1000);
}

TEST_CASE("no pattern takes forever") {
  std::string pattern;
  for (int i = 0; i < 100; i++)
    pattern += "**a*";
  const auto start = std::chrono::steady_clock::now();
  CHECK_FALSE(matches_pattern(pattern + "b", std::string(4096, 'a')));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(2));
}
