// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "artifacts/envelope.h"
#include "artifacts/json.h"
#include "tests/catch.h"
#include "tests/unit/artifacts_fixture.h"

using namespace warrant;

namespace {

const std::string kPayload = R"({"hello":"world"})";

std::vector<PublicKey> keys(std::initializer_list<uint8_t> numbers) {
  std::vector<PublicKey> keys;
  for (const uint8_t number : numbers)
    keys.push_back(test::key(number).public_key());
  return keys;
}

std::string signed_by(std::initializer_list<uint8_t> numbers) {
  std::vector<SecretKey> secrets;
  for (const uint8_t number : numbers)
    secrets.push_back(test::key(number));
  std::vector<const SecretKey *> pointers;
  for (const SecretKey &secret : secrets)
    pointers.push_back(&secret);
  const auto envelope = sign_envelope(view(kPayload), pointers);
  REQUIRE(envelope.ok());
  return envelope.value();
}

Json as_json(const std::string &text) {
  return Json::parse(text);
}

} // namespace

TEST_CASE("the pre-authentication encoding is that of DSSE v1") {
  // protocol.md of DSSE v1, test vectors
  const Bytes encoded = pae("http://example.com/HelloWorld", view("hello world"));
  CHECK(text_of(encoded) == "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
  CHECK(text_of(pae("", {})) == "DSSEv1 0  0 ");
}

TEST_CASE("what is signed verifies") {
  const std::string envelope = signed_by({1});
  const auto verified = verify_envelope(view(envelope), keys({1}), 1);
  REQUIRE(verified.ok());
  CHECK(text_of(verified.value().payload()) == kPayload);
  CHECK(verified.value().sha256() == sha256(view(kPayload)));
  CHECK(verified.value().signers() ==
        std::vector<std::string>{test::key(1).public_key().fingerprint()});
}

TEST_CASE("signing is deterministic and does not depend on the order of keys") {
  CHECK(signed_by({1, 2, 3}) == signed_by({3, 1, 2}));
  CHECK(signed_by({1, 1}) == signed_by({1}));
  CHECK(add_signature(view(signed_by({1})), test::key(1)).value() == signed_by({1}));
}

// Found by the fuzzer: whoever was named by a keyid that is not his took the signature away.
TEST_CASE("adding a signature keeps one that claims the adder's keyid") {
  Json claimed = as_json(signed_by({1}));
  claimed["signatures"][0]["keyid"] = test::key(2).public_key().fingerprint();
  const std::string before = claimed.dump();
  CHECK(verify_envelope(view(before), keys({1}), 1).ok());
  const std::string after = add_signature(view(before), test::key(2)).value();
  CHECK(verify_envelope(view(after), keys({1}), 1).ok());
  CHECK(verify_envelope(view(after), keys({1, 2}), 2).ok());
}

TEST_CASE("signing refuses what would not verify") {
  CHECK_FALSE(sign_envelope(view(kPayload), std::span<const SecretKey *const>{}).ok());
  CHECK_FALSE(sign_envelope({}, test::key(1)).ok());
  CHECK(sign_envelope(Bytes(kMaxEnvelopeSize / 4 * 3 - 1024, 'x'), test::key(1)).ok());
  CHECK_FALSE(sign_envelope(Bytes(kMaxEnvelopeSize / 4 * 3, 'x'), test::key(1)).ok());
}

TEST_CASE("thresholds count distinct keys") {
  struct Case {
    const char *name;
    std::string envelope;
    std::vector<PublicKey> keys;
    size_t threshold;
    bool accepted;
  };
  const auto added = add_signature(view(signed_by({1})), test::key(2));
  REQUIRE(added.ok());
  Json twice = as_json(signed_by({1}));
  twice["signatures"].push_back(twice["signatures"][0]);
  twice["signatures"][1]["keyid"] = test::key(2).public_key().fingerprint();
  const Case cases[] = {
      {"one of one", signed_by({1}), keys({1}), 1, true},
      {"one of two keys", signed_by({2}), keys({1, 2}), 1, true},
      {"unknown key", signed_by({9}), keys({1, 2}), 1, false},
      {"no keys", signed_by({1}), {}, 1, false},
      {"threshold 0 still asks for one", signed_by({9}), keys({1}), 0, false},
      {"two of two", signed_by({1, 2}), keys({1, 2}), 2, true},
      {"added later", added.value(), keys({1, 2}), 2, true},
      {"one where two are needed", signed_by({1}), keys({1, 2}), 2, false},
      {"one and a stranger", signed_by({1, 9}), keys({1, 2}), 2, false},
      {"a stranger beside enough", signed_by({1, 9}), keys({1, 2}), 1, true},
      {"one signature twice, under two keyids", twice.dump(), keys({1, 2}), 2, false},
      {"one key given twice", signed_by({1}), keys({1, 1}), 2, false},
  };
  for (const Case &c : cases) {
    INFO(c.name);
    const auto verified = verify_envelope(view(c.envelope), c.keys, c.threshold);
    CHECK(verified.ok() == c.accepted);
    if (!c.accepted) {
      CHECK(verified.error().reason == W_REASON_INVALID_SIGNATURE);
      CHECK(verified.error().field == "signatures");
    }
  }
}

TEST_CASE("a keyid is never believed") {
  Json envelope = as_json(signed_by({1}));
  for (const Json &keyid :
       {Json(""), Json("something else"), Json(test::key(2).public_key().fingerprint())}) {
    envelope["signatures"][0]["keyid"] = keyid;
    CHECK(verify_envelope(view(envelope.dump()), keys({1, 2}), 1).value().signers() ==
          std::vector<std::string>{test::key(1).public_key().fingerprint()});
  }
  envelope["signatures"][0].erase("keyid");
  CHECK(verify_envelope(view(envelope.dump()), keys({1}), 1).ok());

  Json stolen = as_json(signed_by({9}));
  stolen["signatures"][0]["keyid"] = test::key(1).public_key().fingerprint();
  const auto refused = verify_envelope(view(stolen.dump()), keys({1}), 1);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().reason == W_REASON_INVALID_SIGNATURE);
  CHECK(refused.error().detail.find(test::key(1).public_key().fingerprint()) != std::string::npos);
}

TEST_CASE("both base64 alphabets are read") {
  std::string payload = "\x3e\x3f\xff\xfe";
  const auto envelope = sign_envelope(view(payload), test::key(1));
  REQUIRE(envelope.ok());
  Json json = as_json(envelope.value());
  REQUIRE(json["payload"] == "Pj///g==");
  json["payload"] = "Pj___g==";
  CHECK(verify_envelope(view(json.dump()), keys({1}), 1).ok());
  json["payload"] = "Pj_//g==";
  CHECK_FALSE(verify_envelope(view(json.dump()), keys({1}), 1).ok());
}

TEST_CASE("a broken envelope is refused by name") {
  const std::string valid = signed_by({1});
  for (const test::BrokenText &broken : test::broken_texts(valid, "payload")) {
    INFO(broken.name);
    const auto verified = verify_envelope(view(broken.text), keys({1}), 1);
    REQUIRE_FALSE(verified.ok());
    CHECK(verified.error().reason == W_REASON_MALFORMED);
    CHECK(verified.error().detail.find(broken.detail) != std::string::npos);
    CHECK_FALSE(peek_envelope(view(broken.text)).ok());
  }

  struct Case {
    const char *patch;
    const char *field;
  };
  const std::string sig = as_json(valid)["signatures"][0]["sig"];
  const Case cases[] = {
      {R"([{"op":"remove","path":"/payload"}])", "payload"},
      {R"([{"op":"replace","path":"/payload","value":1}])", "payload"},
      {R"([{"op":"replace","path":"/payload","value":""}])", "payload"},
      {R"([{"op":"replace","path":"/payload","value":"eA"}])", "payload"},
      {R"([{"op":"replace","path":"/payload","value":"eA==\n"}])", "payload"},
      {R"([{"op":"remove","path":"/payloadType"}])", "payloadType"},
      {R"([{"op":"replace","path":"/payloadType","value":"application/vnd.in-toto+json "}])",
       "payloadType"},
      {R"([{"op":"replace","path":"/payloadType","value":"Application/vnd.in-toto+json"}])",
       "payloadType"},
      {R"([{"op":"replace","path":"/payloadType","value":null}])", "payloadType"},
      {R"([{"op":"remove","path":"/signatures"}])", "signatures"},
      {R"([{"op":"replace","path":"/signatures","value":[]}])", "signatures"},
      {R"([{"op":"replace","path":"/signatures","value":{}}])", "signatures"},
      {R"([{"op":"replace","path":"/signatures/0","value":"x"}])", "signatures[0]"},
      {R"([{"op":"remove","path":"/signatures/0/sig"}])", "signatures[0].sig"},
      {R"([{"op":"replace","path":"/signatures/0/sig","value":"AAAA"}])", "signatures[0].sig"},
      {R"([{"op":"replace","path":"/signatures/0/sig","value":true}])", "signatures[0].sig"},
      {R"([{"op":"replace","path":"/signatures/0/keyid","value":1}])", "signatures[0].keyid"},
      {R"([{"op":"replace","path":"/signatures/0/keyid","value":"\u001b[31m"}])",
       "signatures[0].keyid"},
      {R"([{"op":"add","path":"/signatures/0/cert","value":""}])", "signatures[0].cert"},
      {R"([{"op":"add","path":"/signatures/-","value":{}}])", "signatures[1].sig"},
      {R"([{"op":"add","path":"/dsseVersion","value":2}])", "dsseVersion"},
  };
  for (const Case &c : cases) {
    INFO(c.patch);
    const std::string text = as_json(valid).patch(as_json(c.patch)).dump();
    const auto verified = verify_envelope(view(text), keys({1}), 1);
    REQUIRE_FALSE(verified.ok());
    CHECK(verified.error().reason == W_REASON_MALFORMED);
    CHECK(verified.error().field == c.field);
  }

  Json many = as_json(valid);
  while (many["signatures"].size() < kMaxSignatures)
    many["signatures"].push_back(many["signatures"][0]);
  CHECK(verify_envelope(view(many.dump()), keys({1}), 1).ok());
  many["signatures"].push_back(many["signatures"][0]);
  CHECK(verify_envelope(view(many.dump()), keys({1}), 1).error().field == "signatures");
  const std::string padding(kMaxEnvelopeSize - valid.size(), ' ');
  CHECK(verify_envelope(view(valid + padding), keys({1}), 1).ok());
  const auto large = verify_envelope(view(valid + padding + " "), keys({1}), 1);
  REQUIRE_FALSE(large.ok());
  CHECK(large.error().detail.find("larger than 4194304 bytes") != std::string::npos);
}

TEST_CASE("no flipped bit and no cut changes what was signed") {
  const std::string valid = signed_by({1});
  const std::vector<PublicKey> trusted = keys({1});
  size_t refused = 0;
  for (size_t bit = 0; bit < valid.size() * 8; bit++) {
    std::string flipped = valid;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    const auto verified = verify_envelope(view(flipped), trusted, 1);
    refused += !verified.ok();
    if (verified.ok() && text_of(verified.value().payload()) != kPayload)
      FAIL("bit " << bit << " changed the payload");
  }
  // The keyid is a hint: only flips inside it may pass.
  CHECK(refused >= (valid.size() - 50) * 8);
  for (size_t length = 0; length + 1 < valid.size(); length++)
    CHECK_FALSE(verify_envelope(view(valid.substr(0, length)), trusted, 1).ok());
}

TEST_CASE("peeking shows what is claimed, and adding a signature keeps it") {
  const auto peeked = peek_envelope(view(signed_by({9})));
  REQUIRE(peeked.ok());
  CHECK(text_of(peeked.value().payload) == kPayload);
  CHECK(peeked.value().keyids == std::vector<std::string>{test::key(9).public_key().fingerprint()});
  CHECK(add_signature(view("{}"), test::key(1)).error().reason == W_REASON_MALFORMED);

  std::string full = signed_by({1});
  for (uint8_t number = 2; number <= kMaxSignatures; number++)
    full = add_signature(view(full), test::key(number)).value();
  CHECK(add_signature(view(full), test::key(1)).ok());
  CHECK_FALSE(add_signature(view(full), test::key(kMaxSignatures + 1)).ok());
}
