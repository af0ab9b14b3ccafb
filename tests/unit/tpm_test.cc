// SPDX-License-Identifier: Apache-2.0
#include "daemon/tpm.h"

#include <algorithm>
#include <cstdlib>

#include "artifacts/attestation_key.h"
#include "artifacts/credential.h"
#include "tests/catch.h"
#include "tests/unit/swtpm_fixture.h"
#include "tests/unit/wire_writer.h"

using namespace warrant;
using test::Swtpm;

namespace {

constexpr uint32_t kKey = kAttestationKeyHandle;
constexpr uint32_t kCounter = kCounterIndex;
constexpr PcrMask kAllPcrs = 0xffffff;
constexpr uint32_t kAttributes = 0x082;    // TPM_RC_ATTRIBUTES
constexpr uint32_t kOrdinary = 0x00060006; // NV: owner and auth may read and write

Tpm open(const Swtpm &swtpm) {
  silence_tss();
  Result<Tpm> tpm = Tpm::open(swtpm.tcti());
  if (!tpm.ok())
    FAIL(tpm.error().message);
  return std::move(tpm).value();
}

template <class T>
T good(Result<T> result) {
  if (!result.ok())
    FAIL(result.error().message);
  return std::move(result).value();
}
void good(const Status &status) {
  if (!status.ok())
    FAIL(status.error().message);
}

template <class T>
std::string problem(const Result<T> &result) {
  return result.ok() ? "" : result.error().message;
}

void says(const std::string &text, std::string_view part) {
  INFO("\"" << part << "\" is not in: " << text);
  CHECK(text.find(part) != std::string::npos);
}

} // namespace

TEST_CASE("a quote of a TPM is what the parsers and its key say it is") {
  const Swtpm swtpm;
  Tpm tpm = open(swtpm);
  const Bytes area = good(tpm.make_attestation_key(kKey));
  const AttestationKey key = good(parse_attestation_key(area));
  CHECK(good(tpm.attestation_key(kKey)) == area);
  CHECK(good(tpm.make_attestation_key(kKey)) == area); // stays

  const Bytes nonce(32, 0x5a);
  for (const PcrMask pcrs : {PcrMask{1}, PcrMask{0x1c81}, kAllPcrs}) {
    const SignedQuote said = good(tpm.quote(kKey, pcrs, nonce));
    const Quote quote = good(parse_quote(said.attest));
    CHECK(quote.nonce == nonce);
    CHECK(quote.pcrs == pcrs);
    CHECK(quote.pcr_digest == good(digest_of_pcrs(good(tpm.read_pcrs(pcrs)), pcrs)));
    good(verify_quote_signature(said.attest, said.signature, key.point));
  }
  const SignedQuote bare = good(tpm.quote(kKey, 1, {}));
  CHECK(good(parse_quote(bare.attest)).nonce.empty());
  CHECK(good(parse_quote(good(tpm.quote(kKey, 1, Bytes(32, 1))).attest)).nonce == Bytes(32, 1));
}

TEST_CASE("what a TPM cannot quote is refused in words") {
  const Swtpm swtpm;
  Tpm tpm = open(swtpm);
  CHECK_FALSE(good(tpm.attestation_key(kKey)).has_value());
  CHECK(problem(tpm.quote(kKey, 1, {})) == "no key at 0x81010010");
  good(tpm.make_attestation_key(kKey));
  CHECK(problem(tpm.quote(kKey, 0, {})) == "no PCR is asked for");
  CHECK(problem(tpm.quote(kKey, 1u << 24, {})) == "this TPM has no PCR 24 in its SHA-256 bank");
  CHECK(problem(tpm.quote(kKey, 1, Bytes(kMaxQuoteNonce + 1, 0))) ==
        "a nonce has at most 64 bytes");
  says(problem(tpm.quote(0x01810010, 1, {})), "no handle of a persistent key");
}

TEST_CASE("extending a PCR changes that one, as the replay of a log has it") {
  const Swtpm swtpm;
  Tpm tpm = open(swtpm);
  const PcrValues before = good(tpm.read_pcrs(kAllPcrs));
  REQUIRE(before.size() == kPcrCount);
  CHECK(before.at(0) == Digest{});
  CHECK(before.at(17) == test::digest(0xff)); // nobody launched a late measurement
  const Digest measured = sha256(view("policy"));
  good(tpm.extend(12, measured));
  PcrValues expected = before;
  expected[12] = extend(before.at(12), measured);
  CHECK(good(tpm.read_pcrs(kAllPcrs)) == expected);
  CHECK(good(tpm.read_pcrs(1u << 12)) == PcrValues{{12, expected.at(12)}});
  CHECK(problem(tpm.extend(24, measured)) == "there is no PCR 24");
  says(problem(tpm.extend(17, measured)), "extending PCR 17: "); // not from locality 0
}

TEST_CASE("a TPM with SHA-1 alone says so, whatever is asked of its PCRs") {
  const Swtpm swtpm({.banks = "sha1"});
  Tpm tpm = open(swtpm);
  const std::string_view said = "this TPM has no SHA-256 bank of PCRs, only SHA-1";
  says(problem(tpm.read_pcrs(1)), said);
  says(problem(tpm.extend(16, Digest{})), said);
  good(tpm.make_attestation_key(kKey));
  says(problem(tpm.quote(kKey, 1, {})), said);
}

TEST_CASE("a counter counts up, also across resets, and goes back for nobody") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  CHECK(good(tpm.read_counter(kCounter)) == std::nullopt);
  CHECK(problem(tpm.increment_counter(kCounter)) == "no counter at 0x01810010");
  good(tpm.make_counter(kCounter));
  const uint64_t first = good(tpm.read_counter(kCounter)).value();
  good(tpm.make_counter(kCounter)); // it is there
  CHECK(good(tpm.read_counter(kCounter)) == first);
  for (uint64_t i = 1; i <= 3; i++) {
    good(tpm.increment_counter(kCounter));
    CHECK(good(tpm.read_counter(kCounter)) == first + i);
  }
  swtpm.stop();
  swtpm.start();
  Tpm again = open(swtpm);
  CHECK(good(again.read_counter(kCounter)) == first + 3);
  // Made anew, it goes on.
  swtpm.authorized(0x122, {0x40000001, kCounter}, {}); // TPM2_NV_UndefineSpace
  CHECK(good(again.read_counter(kCounter)) == std::nullopt);
  good(again.make_counter(kCounter));
  CHECK(good(again.read_counter(kCounter)).value() > first + 3);
  // Nothing but an increment may write it.
  WireWriter zeros(ByteOrder::kBig);
  zeros.sized<uint16_t>(Bytes(8, 0)).number(uint16_t{0});
  swtpm.authorized(0x137, {kCounter, kCounter}, zeros.done(), kAttributes);
}

TEST_CASE("an index that is no counter of ours is left alone") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  swtpm.make_nv_index(kCounter, kOrdinary, 8);
  const std::string said = "NV index 0x01810010 holds something else than a counter";
  CHECK(problem(tpm.make_counter(kCounter)) == said);
  CHECK(problem(tpm.read_counter(kCounter)) == said);
  CHECK(problem(tpm.increment_counter(kCounter)) == said);
  swtpm.make_nv_index(kCounter + 1, 0x00020012, 8); // the owner's alone
  says(problem(tpm.make_counter(kCounter + 1)), "own password");
  swtpm.make_nv_index(kCounter + 2, kOrdinary | 0x10, 8);
  CHECK(problem(tpm.read_counter(kCounter + 2)) ==
        "the counter at 0x01810012 has not begun to count");
  good(tpm.make_counter(kCounter + 2));
  CHECK(good(tpm.read_counter(kCounter + 2)).has_value());
  says(problem(tpm.make_counter(kKey)), "no NV index");
}

TEST_CASE("a key of another kind at the handle is neither used nor removed") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  swtpm.make_storage_key(kKey);
  says(problem(tpm.make_attestation_key(kKey)), "another key is at 0x81010010 (attestation key: ");
  CHECK(swtpm.handles(0x81000000) == std::vector<uint32_t>{kKey});
  CHECK(!parse_attestation_key(good(tpm.attestation_key(kKey)).value()).ok());
  says(problem(tpm.quote(kKey, 1, {})), "quoting PCRs with the key at 0x81010010: ");
  says(problem(tpm.make_attestation_key(0x80000000)), "no handle of a persistent key");
}

TEST_CASE("a TPM that was cleared has neither key nor counter any more") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  const Bytes area = good(tpm.make_attestation_key(kKey));
  const Bytes endorsement = good(tpm.endorsement_public());
  good(tpm.make_counter(kCounter));
  swtpm.clear();
  CHECK(problem(tpm.quote(kKey, 1, {})) == "no key at 0x81010010");
  CHECK(good(tpm.read_counter(kCounter)) == std::nullopt);
  CHECK(good(tpm.make_attestation_key(kKey)) != area);
  CHECK(good(tpm.endorsement_public()) == endorsement); // that one is its maker's
}

TEST_CASE("where no TPM is, or no longer, the error says what was asked, and where") {
  silence_tss();
  CHECK(problem(Tpm::open("device:/nonexistent/tpm")) ==
        "no TPM at device:/nonexistent/tpm: No such file or directory");
  says(problem(Tpm::open("swtpm:path=/nonexistent/tpm")),
       "no TPM at swtpm:path=/nonexistent/tpm: ");
  says(problem(Tpm::open("nonsense:x")), "no TPM at nonsense:x: ");

  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  good(tpm.make_attestation_key(kKey));
  swtpm.stop();
  says(problem(tpm.quote(kKey, 1, {})), "0x81010010: ");
  says(problem(tpm.read_pcrs(1)), "reading PCRs: ");
  says(problem(tpm.make_attestation_key(kKey + 1)), ": ");
  swtpm.start();
  CHECK(good(open(swtpm).quote(kKey, 1, {})).attest.size() > 100);
}

TEST_CASE("a maker's certificate is read to its end and no further; without one there is none") {
  const test::TpmMaker maker;
  const Swtpm certified({.maker = &maker});
  const Bytes der = good(open(certified).endorsement_certificate()).value();
  CHECK(der[0] == 0x30);
  CHECK(der.size() == 4u + (der[2] << 8 | der[3]));

  Swtpm bare;
  Tpm tpm = open(bare);
  CHECK(good(tpm.endorsement_certificate()) == std::nullopt);
  Bytes padded = der;
  padded.resize(der.size() + 300, 0xff);
  bare.make_nv_index(0x01c00002, kOrdinary, static_cast<uint16_t>(padded.size()));
  CHECK(good(tpm.endorsement_certificate()) == std::nullopt); // defined, never written
  bare.write_nv(0x01c00002, padded);
  CHECK(good(tpm.endorsement_certificate()) == der);
  bare.write_nv(0x01c00002, Bytes(4, 0xff));
  CHECK(problem(tpm.endorsement_certificate()) == "NV index 0x01c00002 holds no certificate");
}

TEST_CASE("the endorsement key is the one whose certificate there is") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  const auto type = [&] {
    return *Cursor(good(tpm.endorsement_public()), ByteOrder::kBig).number<uint16_t>();
  };
  CHECK(type() == 0x0001); // RSA
  swtpm.make_nv_index(0x01c0000a, kOrdinary, 16);
  CHECK(type() == 0x0023); // ECC
  swtpm.make_nv_index(0x01c00002, kOrdinary, 16);
  CHECK(type() == 0x0001);
}

TEST_CASE("no call leaves a key or a session in the TPM, however it ends") {
  Swtpm swtpm;
  Tpm tpm = open(swtpm);
  swtpm.make_storage_key(kKey + 1);
  swtpm.make_nv_index(kCounter + 1, kOrdinary, 8);
  REQUIRE(swtpm.loaded().empty());
  const Bytes secret(32, 0x11);
  for (uint32_t round = 0; round < (kSanitized ? 6 : 20); round++) {
    CAPTURE(round);
    const Bytes area = good(tpm.make_attestation_key(kKey));
    CHECK(!tpm.make_attestation_key(kKey + 1).ok());
    CHECK(!tpm.make_attestation_key(0x81800000).ok()); // the platform's: made, and not kept
    good(tpm.attestation_key(kKey));
    good(tpm.quote(kKey, 0xff, Bytes(32, 7)));
    CHECK(!tpm.quote(kKey + 1, 0xff, {}).ok());
    CHECK(!tpm.quote(kKey + 2, 0xff, {}).ok());
    good(tpm.read_pcrs(kAllPcrs));
    good(tpm.extend(16, Digest{}));
    CHECK(!tpm.extend(17, Digest{}).ok());
    good(tpm.make_counter(kCounter));
    CHECK(!tpm.make_counter(kCounter + 1).ok());
    good(tpm.increment_counter(kCounter));
    good(tpm.read_counter(kCounter));
    const Bytes endorsement = good(tpm.endorsement_public());
    good(tpm.endorsement_certificate());
    const Credential credential =
        good(make_credential(endorsement, parse_attestation_key(area).value().name, secret));
    CHECK(good(tpm.activate_credential(kKey, credential.blob, credential.secret)) == secret);
    CHECK(!tpm.activate_credential(kKey, Bytes(70, 1), Bytes(256, 2)).ok());
    CHECK(!tpm.activate_credential(kKey + 2, Bytes(70, 1), Bytes(256, 2)).ok());
    CHECK(!tpm.activate_credential(kKey, Bytes(2000, 1), Bytes(256, 2)).ok());
    CHECK(swtpm.loaded().empty());
  }
}
