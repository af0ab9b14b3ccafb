// SPDX-License-Identifier: Apache-2.0
#include "lineage/proof_chain.h"

#include "tests/catch.h"
#include "tests/unit/artifacts_chain_fixture.h"

using namespace warrant;
using namespace warrant::test;
using Catch::Matchers::Contains;

namespace {

struct Family {
  VerifiedAuthorization parent = verified(delegating());
  std::string parent_text = artifact(delegating());
  Authorization child = child_of(parent);
  std::string child_text = by_delegate(child);
  Digest named = claimed_artifact(view(child_text)).value().sha256;
};

std::string problem(const std::vector<std::string> &envelopes, const Digest &named,
                    const TrustRoot &root = trust_root()) {
  return judge_chain(envelopes, named, &root).problem;
}

} // namespace

TEST_CASE("an artifact of an issuer stands alone") {
  const std::string text = artifact(authorization());
  const Digest named = verified(authorization()).sha256();
  const TrustRoot root = trust_root();
  const ProofChain chain = judge_chain(std::vector{text}, named, &root);
  REQUIRE(chain.problem.empty());
  REQUIRE(chain.links.size() == 1);
  CHECK(chain.links[0].sha256 == named);
  CHECK(chain.links[0].signers == std::vector{fingerprint(kIssuerKey)});
  CHECK_FALSE(chain.links[0].is_delegated);
  CHECK(judge_chain(std::vector{text}, named, nullptr).links[0].signers.empty());
  CHECK(judge_chain({}, named, &root).problem.empty());
}

TEST_CASE("what a delegate signed is judged by its parent") {
  const Family family;
  const TrustRoot root = trust_root();
  const ProofChain chain =
      judge_chain(std::vector{family.child_text, family.parent_text}, family.named, &root);
  REQUIRE(chain.problem.empty());
  REQUIRE(chain.links.size() == 2);
  CHECK(chain.links[0].is_delegated);
  CHECK(chain.links[0].signers == std::vector{fingerprint(kDelegateKey)});
  CHECK_FALSE(chain.links[1].is_delegated);
  CHECK(chain.links[1].sha256 == family.parent.sha256());
  CHECK_THAT(problem({family.child_text}, family.named),
             Contains("its parent is not in the bundle"));
  CHECK(judge_chain(std::vector{family.child_text}, family.named, nullptr).problem.empty());
}

TEST_CASE("an artifact that is nobody's parent proves nothing") {
  const Family family;
  const std::string stranger = artifact(breakglass());
  CHECK_THAT(problem({family.child_text, stranger}, family.named),
             Contains("from which the one before it comes"));
  CHECK_THAT(problem({family.child_text, family.parent_text, stranger}, family.named),
             Contains("from which the one before it comes"));
  CHECK_THAT(problem({family.parent_text}, family.named),
             Contains("not the one that the record names"));
  const TrustRoot root = trust_root();
  CHECK_FALSE(judge_chain(std::vector{stranger}, std::nullopt, &root).problem.empty());
  CHECK_FALSE(judge_chain(std::vector<std::string>{"{}"}, family.named, nullptr).problem.empty());
}

TEST_CASE("only the role of its kind signs an artifact, to its threshold") {
  const Authorization opened = breakglass();
  const Digest named = sha256(view(payload(opened)));
  CHECK(problem({artifact(opened)}, named).empty());
  CHECK_THAT(problem({envelope(payload(opened), kIssuerKey)}, named),
             Contains("invalid signature"));
  TrustRoot two = trust_root();
  two.role(RoleName::kTask).threshold = 2;
  const std::string task = payload(authorization());
  CHECK_THAT(problem({envelope(task, kIssuerKey)}, sha256(view(task)), two),
             Contains("invalid signature"));
  CHECK(problem({envelope(task, {kIssuerKey, kOtherIssuerKey})}, sha256(view(task)), two).empty());
  two.role(RoleName::kTask) = Role{};
  CHECK_FALSE(problem({envelope(task, kIssuerKey)}, sha256(view(task)), two).empty());
}

TEST_CASE("a delegate hands on no more than was handed to him") {
  const Family family;
  Authorization wider = family.child;
  wider.not_after += 1;
  CHECK_THAT(problem({by_delegate(wider), family.parent_text}, sha256(view(payload(wider)))),
             Contains("wider than its parent"));
  Authorization longer = wider;
  longer.subjects.clear();
  longer.manifest = ManifestRef{};
  longer.manifest->count = 1;
  CHECK_THAT(problem({by_delegate(longer), family.parent_text}, sha256(view(payload(longer)))),
             Contains("wider than its parent"));
  const std::string by_other = envelope(payload(family.child), kOtherDelegateKey);
  CHECK_THAT(problem({by_other, family.parent_text}, family.named), Contains("invalid signature"));
  // The parent delegates, but nobody with authority signed the parent.
  const std::string self_made = envelope(payload(delegating()), kDelegateKey);
  CHECK_THAT(problem({family.child_text, self_made}, family.named), Contains("invalid signature"));
  const VerifiedAuthorization plain = verified(authorization());
  const Authorization orphan = child_of(plain);
  CHECK_THAT(
      problem({by_delegate(orphan), artifact(authorization())}, sha256(view(payload(orphan)))),
      Contains("its parent delegates nothing"));
}
