// SPDX-License-Identifier: Apache-2.0
// warrant lineage authority: artifact, those it was derived from, policy, root.
#include <nlohmann/json.hpp>

#include "lineage/dot.h"
#include "lineage/words.h"
#include "tools/cli/authority_chain.h"
#include "tools/cli/cmd.h"
#include "tools/cli/files.h"
#include "tools/cli/index_source.h"
#include "tools/cli/lineage_source.h"
#include "tools/cli/output.h"
#include "tools/cli/words.h"

namespace warrant::cli {
namespace {

struct Answered {
  std::optional<Authority> authority;
  std::vector<std::vector<Link>> chains; ///< one a payload
};

Result<std::optional<ArtifactId>> artifact_named(LineageIndex &index, const std::string &word) {
  ArtifactId id{};
  Digest sha256{};
  if (from_hex(word, id))
    return std::optional<ArtifactId>(id);
  if (from_hex(word, sha256))
    return artifact_of_payload(index, sha256);
  return artifact_of_record(index, word);
}

Result<Answered> look_up(LineageIndex &index, const Papers &papers, const std::string &word) {
  Answered answered;
  const std::optional<ArtifactId> id = WARRANT_TRY(artifact_named(index, word));
  if (!id)
    return answered;
  answered.authority = WARRANT_TRY(authority_of(index, *id));
  if (answered.authority)
    for (const ArtifactPayload &payload : answered.authority->payloads)
      answered.chains.push_back(WARRANT_TRY(chain_of(index, papers, *id, payload)));
  return answered;
}

std::string key_text(const Papers &papers, const std::string &fingerprint) {
  if (!papers.root)
    return Text(fingerprint).escaped();
  const std::string roles = roles_of(papers, fingerprint);
  return Text(fingerprint).escaped() + " (" +
         (roles.empty() ? "no key of the trust root" : "role " + roles) + ")";
}

std::string life_text(const ArtifactLife &life) {
  std::string text = short_time(life.wall_ns) + " " + life.kind;
  if (!life.source.empty())
    text += ", from " + life.source.escaped();
  if (life.subjects > 0)
    text += ", " + count_text(life.subjects, "subject");
  if (life.kind == "rejected" || life.kind == "ended")
    text += ", " + kReasonWords.text(life.reason);
  if (!life.detail.empty())
    text += ": " + life.detail.escaped();
  return text + " [" + life.id + "]";
}

std::string link_text(const Papers &papers, const Link &link) {
  std::string text;
  add_line(text, "derived from",
           "artifact " + (link.id ? to_hex(*link.id) : std::string("of an unknown id")) +
               ", payload " + to_hex(link.sha256));
  for (const std::string &issuer : link.issuers)
    add_line(text, "  issued by", key_text(papers, issuer));
  if (link.issuers.empty())
    add_line(text, "  issued by", "no record tells");
  return text;
}

std::string policies_text(const Papers &papers, const ArtifactPayload &payload,
                          const std::vector<Link> &chain) {
  std::string text;
  if (const std::optional<Authorization> &statement = chain.front().statement)
    add_line(text, "names policy", to_hex(statement->policy_sha256));
  for (const PolicyInForce &policy : payload.policies) {
    add_line(text, "policy",
             to_hex(policy.sha256) + ", in force for " + count_text(policy.decisions, "decision") +
                 " from " + short_time(policy.first_ns) + " to " + short_time(policy.last_ns));
    if (papers.policy == policy.sha256)
      for (const std::string &signer : papers.policy_signers)
        add_line(text, "  signed by", key_text(papers, signer));
  }
  return text;
}

std::string payload_text(const Papers &papers, const ArtifactPayload &payload,
                         const std::vector<Link> &chain) {
  std::string text;
  add_line(
      text, "payload",
      payload.sha256 == Digest{} ? "unknown, only the id is recorded" : to_hex(payload.sha256));
  for (const std::string &issuer : payload.issuers)
    add_line(text, "issued by", key_text(papers, issuer));
  for (const auto &[name, value] : payload.governance)
    add_line(text, "governance", name.escaped() + ": " + value.escaped());
  add_line(
      text, "decided",
      std::to_string(payload.allowed) + " allowed, " + std::to_string(payload.denied) + " denied");
  for (size_t i = 1; i < chain.size(); ++i)
    text += link_text(papers, chain[i]);
  if (!chain.back().statement)
    add_line(text, "derived from", "unknown: no envelope with this payload is here (--artifacts)");
  return text + policies_text(papers, payload, chain);
}

std::string text_of(const Papers &papers, const Answered &answered) {
  const Authority &authority = *answered.authority;
  std::string text = "artifact " + to_hex(authority.id) + "\n";
  for (const ArtifactLife &life : authority.lives)
    add_line(text, "record", life_text(life));
  for (size_t i = 0; i < authority.payloads.size(); ++i)
    text += payload_text(papers, authority.payloads[i], answered.chains[i]);
  if (!papers.root) {
    add_line(text, "trust root", "not here (--trust-root)");
    return text;
  }
  add_line(text, "trust root",
           "version " + std::to_string(papers.root->root.version) + ", payload " +
               to_hex(papers.root->sha256));
  for (const PublicKey &key : papers.root->root.role(RoleName::kRoot).keys)
    add_line(text, "  root key", key.fingerprint());
  return text;
}

Json json_of(const Papers &papers, const Answered &answered) {
  Json json = authority_to_json(*answered.authority);
  for (size_t i = 0; i < answered.chains.size(); ++i) {
    Json links = Json::array();
    for (const Link &link : answered.chains[i])
      links.push_back(
          {{"artifact", link.id ? Json(to_hex(*link.id)) : Json(nullptr)},
           {"envelope", link.statement.has_value()},
           {"issuers", link.issuers},
           {"policy", link.statement ? Json(to_hex(link.statement->policy_sha256)) : Json(nullptr)},
           {"sha256", to_hex(link.sha256)}});
    json["payloads"][i]["chain"] = std::move(links);
  }
  Json roles = Json::object();
  for (const std::vector<Link> &chain : answered.chains)
    for (const Link &link : chain)
      for (const std::string &issuer : link.issuers)
        roles[issuer] = roles_of(papers, issuer);
  json["roles"] = papers.root ? std::move(roles) : Json(nullptr);
  json["policySigners"] = papers.policy_signers;
  json["trustRoot"] = papers.root ? Json{{"sha256", to_hex(papers.root->sha256)},
                                         {"version", papers.root->root.version}}
                                  : Json(nullptr);
  return json;
}

void draw_keys(Dot &dot, const Papers &papers, const std::string &from,
               const std::vector<std::string> &keys, std::string_view label) {
  for (const std::string &key : keys) {
    dot.node(key, {"key", Text(key).escaped()});
    dot.edge(from, key, label);
    if (const std::string roles = roles_of(papers, key); !roles.empty())
      dot.edge(key, "trust root", "role " + roles);
  }
}

std::string dot_of(const Papers &papers, const Answered &answered) {
  Dot dot("authority");
  if (papers.root)
    dot.node("trust root", {"trust root version " + std::to_string(papers.root->root.version)});
  for (size_t i = 0; i < answered.chains.size(); ++i) {
    std::string last;
    for (const Link &link : answered.chains[i]) {
      const std::string name = to_hex(link.sha256);
      dot.node(name, {"artifact " + (link.id ? to_hex(*link.id) : std::string("unknown"))});
      if (!last.empty())
        dot.edge(last, name, "derived from");
      draw_keys(dot, papers, name, link.issuers, "issued by");
      last = name;
    }
    const std::string first = to_hex(answered.chains[i].front().sha256);
    for (const PolicyInForce &policy : answered.authority->payloads[i].policies) {
      const std::string name = "policy " + to_hex(policy.sha256);
      dot.node(name, {name});
      dot.edge(first, name, "decided under");
      if (papers.policy == policy.sha256)
        draw_keys(dot, papers, name, papers.policy_signers, "signed by");
    }
  }
  return std::move(dot).take();
}

} // namespace

Answer lineage_authority(const Arguments &arguments) {
  if (arguments.has("--dot") && arguments.wants_json())
    return usage("--dot and --json exclude each other");
  const std::string &word = arguments.operand();
  const Papers papers = CLI_TRY(read_papers(arguments));
  Answered answered;
  CLI_TRY(ask_index(arguments, [&](LineageIndex &index) -> Status {
    answered = WARRANT_TRY(look_up(index, papers, word));
    return {};
  }));
  if (!answered.authority) {
    if (arguments.wants_json())
      print_json(nullptr);
    note("warrant: no record names an artifact by " + printable(word) + "\n");
    return ExitCode::kNo;
  }
  if (arguments.wants_json())
    print_json(json_of(papers, answered));
  else
    print(arguments.has("--dot") ? dot_of(papers, answered) : text_of(papers, answered));
  return ExitCode::kOk;
}

} // namespace warrant::cli
