#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Envelopes and bundles between Warrant and cosign, without any network. Run by
tests/interop/run."""
import base64
import os
import subprocess
import unittest

from workshop import AUTHORIZATION, InteropTest, PAYLOAD_TYPE, encode, flip, pae

COSIGN = os.environ["COSIGN"]
NO_MATCH = "accepted signatures do not match threshold, Found: 0, Expected 1"
NO_SUBJECT = "no matching subject digest found"
NO_DIGEST = "provided artifact digest does not match any digest in statement"
NO_ROOT = "tuf refresh failed"
DEAD_PROXY = "http://127.0.0.1:9"      # nobody listens: what cosign accepts, it accepts offline


class CosignTest(InteropTest):
    def setUp(self):
        super().setUp()
        self.make_artifact()
        self.pem("issuer")
        self.pem("root")
        self.path("other").write_bytes(b"not what was signed")

    def cosign(self, *words, expect=0):
        home = str(self.dir)
        values = {"PATH": os.environ["PATH"], "HOME": home, "TUF_ROOT": f"{home}/tuf",
                  "COSIGN_PASSWORD": "", "HTTP_PROXY": DEAD_PROXY, "HTTPS_PROXY": DEAD_PROXY}
        done = subprocess.run([COSIGN, *words], cwd=self.dir, env=values, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        self.assertEqual(done.returncode, expect, done)
        return done.stdout + done.stderr

    def assert_cosign_accepts(self, *words):
        self.assertIn("Verified OK", self.cosign("verify-blob-attestation", *words))

    def assert_cosign_refuses(self, error, *words):
        """With exactly this error: a missing file or flag must not pass for a refusal."""
        told = self.cosign("verify-blob-attestation", *words, expect=1)
        self.assertIn(error, told)
        self.assertNotIn("Verified OK", told)


class EnvelopeTest(CosignTest):
    """The artifact itself, as `--signature`."""

    def flags(self, envelope="a.json", key="issuer.pem", blob="program", kind=AUTHORIZATION):
        return ("--private-infrastructure", "--key", key, "--signature", envelope, "--type", kind,
                blob)

    def test_artifact_is_accepted(self):
        self.assert_cosign_accepts(*self.flags())

    def test_flipped_bit_is_refused(self):
        for member in ("payload", "sig"):
            with self.subTest(member=member):
                self.assert_cosign_refuses(NO_MATCH, *self.flags(
                    self.flipped("a.json", member, "f.json")))

    def test_another_key_is_refused(self):
        self.assert_cosign_refuses(NO_MATCH, *self.flags(key="root.pem"))

    def test_another_file_is_refused(self):
        self.assert_cosign_refuses(NO_SUBJECT, *self.flags(blob="other"))

    def test_another_type_is_refused(self):
        self.assert_cosign_refuses(f"invalid predicate type, expected custom got {AUTHORIZATION}",
                                   *self.flags(kind="custom"))

    def test_each_signature_of_two_is_accepted_alone(self):
        """cosign knows no thresholds: any one of the signatures will do."""
        self.run_cli("artifact", "sign", "--key", "root.key", "a.json", "--out", "two.json")
        self.run_cli("key", "generate", "--out", "third")
        for key in ("issuer.pem", "root.pem"):
            self.assert_cosign_accepts(*self.flags("two.json", key))
        self.assert_cosign_refuses(NO_MATCH, *self.flags("two.json", self.pem("third")))


class BundleTest(CosignTest):
    """What `warrant artifact export --sigstore-bundle` gives."""

    def setUp(self):
        super().setUp()
        self.run_cli("artifact", "export", "--sigstore-bundle", "a.json", "--out", "bundle.json")
        self.cosign("trusted-root", "create", "--out", "empty.json")

    def flags(self, bundle="bundle.json", key="issuer.pem", blob="program", kind=AUTHORIZATION):
        return ("--private-infrastructure", "--new-bundle-format", "--trusted-root", "empty.json",
                "--key", key, "--bundle", bundle, "--type", kind, blob)

    def changed(self, **members):
        bundle = self.read("bundle.json")
        bundle["dsseEnvelope"]["signatures"][0].update(members)
        return self.write("changed.json", bundle)

    def test_bundle_is_accepted(self):
        self.assert_cosign_accepts(*self.flags())

    def test_flipped_bit_is_refused(self):
        bundle = self.read("bundle.json")
        signature = bundle["dsseEnvelope"]["signatures"][0]["sig"]
        self.assert_cosign_refuses(NO_MATCH, *self.flags(self.changed(sig=flip(signature))))
        bundle["dsseEnvelope"]["payload"] = flip(bundle["dsseEnvelope"]["payload"])
        self.assert_cosign_refuses(NO_MATCH, *self.flags(self.write("f.json", bundle)))

    def test_another_key_is_refused(self):
        self.assert_cosign_refuses(NO_MATCH, *self.flags(key="root.pem"))

    def test_another_file_is_refused(self):
        self.assert_cosign_refuses(NO_DIGEST, *self.flags(blob="other"))

    def test_keyid_must_be_the_fingerprint_or_missing(self):
        """Here cosign compares it with the key's OpenSSH fingerprint: why Warrant writes that."""
        self.assert_cosign_refuses(NO_MATCH, *self.flags(self.changed(keyid="other")))
        self.assert_cosign_accepts(*self.flags(self.changed(keyid="")))

    def test_type_is_not_compared(self):
        """Documented in docs/interoperation.md: with bundles, --type says nothing."""
        self.assert_cosign_accepts(*self.flags(kind="slsaprovenance"))

    def test_hint_is_not_compared(self):
        self.run_cli("artifact", "export", "--sigstore-bundle", "a.json", "--key-hint", "release",
                     "--out", "hinted.json")
        self.assert_cosign_accepts(*self.flags("hinted.json"))

    def test_without_a_trusted_root_it_asks_the_network(self):
        words = [word for word in self.flags() if word not in ("--trusted-root", "empty.json")]
        self.assert_cosign_refuses(NO_ROOT, *words)

    def test_warrant_reads_envelopes_not_bundles(self):
        self.assert_refused("bundle.json", "malformed", "payloadType")
        self.write("inner.json", self.read("bundle.json")["dsseEnvelope"])
        self.assert_accepted("inner.json", [self.fingerprint("issuer")])


class MadeByCosignTest(CosignTest):
    """cosign holds the issuer's key, and signs."""

    def setUp(self):
        super().setUp()
        for name in ("issuer", "root"):
            self.cosign("import-key-pair", "--yes", "--key", self.private_pem(name),
                        "--output-key-prefix", f"cosign-{name}")

    def statement(self):
        return base64.b64decode(self.read("a.json")["payload"])

    def attest(self, key="issuer"):
        self.write("predicate.json", self.run_json("artifact", "inspect",
                                                   "a.json")["statement"]["predicate"])
        self.cosign("attest-blob", "--yes", "--tlog-upload=false", "--key", f"cosign-{key}.key",
                    "--predicate", "predicate.json", "--type", AUTHORIZATION,
                    "--output-signature", "attested.json", "program")
        return "attested.json"

    def sign_statement(self, key="issuer"):
        """An envelope around Warrant's statement, whose signature `cosign sign-blob` made."""
        self.path("message").write_bytes(pae(self.statement()))
        self.cosign("sign-blob", "--yes", "--tlog-upload=false", "--key", f"cosign-{key}.key",
                    "--output-signature", "message.sig", "message")
        return self.write("signed.json", {
            "payload": encode(self.statement()), "payloadType": PAYLOAD_TYPE,
            "signatures": [{"sig": self.path("message.sig").read_text().strip()}]})

    def test_both_write_the_same_public_key(self):
        self.assertEqual(self.path("cosign-issuer.pub").read_text(),
                         self.path("issuer.pem").read_text())
        self.assertNotEqual(self.path("cosign-issuer.pub").read_text(),
                            self.path("root.pem").read_text())

    def test_attestation_passes_the_signature_and_fails_on_its_old_statement_type(self):
        """attest-blob writes Statement v0.1, Warrant reads v1 alone. `malformed` is said only
        behind the signature: with the foreign key, or a bit flipped, it is not reached."""
        refused = self.assert_refused(self.attest(), "malformed", "_type")
        self.assertIn("https://in-toto.io/Statement/v1", refused["detail"])
        for member in ("payload", "sig"):
            self.flipped("attested.json", member, "f.json")
            self.assert_refused("f.json", "invalid signature", "signatures")
        self.assert_refused(self.attest("root"), "invalid signature", "signatures")

    def test_the_attestation_is_good_in_cosigns_own_eyes(self):
        words = ("--private-infrastructure", "--key", "issuer.pem", "--type", AUTHORIZATION,
                 "--signature")
        self.assert_cosign_accepts(*words, self.attest(), "program")
        self.assert_cosign_refuses(NO_MATCH, *words,
                                   self.flipped("attested.json", "sig", "f.json"), "program")

    def test_statement_signed_by_cosign_is_accepted(self):
        self.assert_accepted(self.sign_statement(), [self.fingerprint("issuer")])
        for member in ("payload", "sig"):
            self.flipped("signed.json", member, "f.json")
            self.assert_refused("f.json", "invalid signature", "signatures")

    def test_statement_signed_by_cosign_with_a_foreign_key_is_refused(self):
        self.assert_refused(self.sign_statement("root"), "invalid signature", "signatures")

    def test_two_of_two_one_by_each(self):
        self.require_two()
        self.cosign("import-key-pair", "--yes", "--key", self.private_pem("second"),
                    "--output-key-prefix", "cosign-second")
        self.sign_statement("second")
        alone = self.assert_refused("signed.json", "invalid signature", "signatures")
        self.assertIn("1 of 2 required signatures", alone["detail"])
        both = self.read("signed.json")
        both["signatures"] += self.read("a.json")["signatures"]
        self.assert_accepted(self.write("both.json", both),
                             [self.fingerprint("issuer"), self.fingerprint("second")])


if __name__ == "__main__":
    unittest.main()
