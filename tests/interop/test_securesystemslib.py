#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Envelopes between Warrant and securesystemslib: Debian 12's, which has keys and signatures but
no Envelope, and the next release's, which has one. Run by tests/interop/run."""
import base64
import json
import os
import subprocess
import unittest
from pathlib import Path

from workshop import InteropTest

PYTHON = "/usr/bin/python3"            # the one that Debian's packages are for
PROBE = Path(__file__).with_name("dsse_probe.py")
INSTALLED = "/usr/lib/python3/dist-packages"
ACCEPTED, BROKEN, REFUSED = 0, 1, 10


class LibraryTest(InteropTest):
    def probe(self, library, *words, expect=ACCEPTED):
        done = subprocess.run([PYTHON, "-I", "-B", PROBE, library, *map(str, words)], cwd=self.dir,
                              capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, expect, done)
        self.assertEqual(bool(done.stderr), expect == BROKEN, done)
        return done.stderr if expect == BROKEN else json.loads(done.stdout)

    def public(self, name, keyid=None):
        """KEYID=HEX of a key, out of its PEM file."""
        body = self.path(self.pem(name)).read_text().splitlines()[1]
        return f"{keyid or self.fingerprint(name)}={base64.b64decode(body)[12:].hex()}"


class VerifierTests:
    """What both versions must say of envelopes that `warrant artifact sign` made."""
    LIBRARY = VERB = None

    def ask(self, envelope, threshold, *keys, expect=ACCEPTED):
        return self.probe(self.LIBRARY, self.VERB, envelope, threshold, *keys, expect=expect)

    def assert_found(self, envelope, threshold, keys, found):
        told = self.ask(envelope, threshold, *keys, expect=REFUSED)["refused"]
        self.assertIn(f"Found: {found}, Expected {threshold}", told)

    def test_signed_by_warrant_is_accepted_under_key_and_keyid(self):
        self.make_artifact()
        told = self.ask("a.json", 1, self.public("issuer"))
        self.assertEqual(told["accepted"], [self.fingerprint("issuer")])

    def test_one_flipped_bit_is_refused_by_both(self):
        self.make_artifact()
        self.assert_accepted("a.json", [self.fingerprint("issuer")])
        key = self.public("issuer")
        self.ask("a.json", 1, key)
        for member in ("payload", "sig"):
            with self.subTest(member=member):
                self.flipped("a.json", member, "f.json")
                self.assert_found("f.json", 1, [key], 0)
                self.assert_refused("f.json", "invalid signature", "signatures")

    def test_another_key_under_the_same_keyid_is_refused(self):
        self.make_artifact()
        self.assert_found("a.json", 1, [self.public("root", self.fingerprint("issuer"))], 0)

    def test_two_of_two(self):
        self.require_two()
        self.make_artifact("one")
        self.run_cli("artifact", "sign", "--key", "second.key", "one.json", "--out", "two.json")
        keys = [self.public("issuer"), self.public("second")]
        both = [self.fingerprint("issuer"), self.fingerprint("second")]
        self.assertEqual(self.ask("two.json", 2, *keys)["accepted"], sorted(both))
        self.assert_accepted("two.json", both)
        self.assert_found("one.json", 2, keys, 1)
        self.assert_refused("one.json", "invalid signature", "signatures")


class InstalledTest(VerifierTests, LibraryTest):
    LIBRARY, VERB = INSTALLED, "signatures"

    def test_its_version_has_no_envelope(self):
        """When this fails, the installed version can take the part of the downloaded one."""
        done = subprocess.run([PYTHON, "-I", "-B", "-c", "import securesystemslib.dsse"],
                              capture_output=True, text=True)
        self.assertIn("No module named 'securesystemslib.dsse'", done.stderr)

    def test_it_cannot_read_fingerprints_as_keyids(self):
        """It wants hex. The same bytes under a hex name are good: only the name is in the way."""
        self.make_artifact()
        key = self.public("issuer")
        failed = self.probe(self.LIBRARY, "named", "a.json", 1, key, expect=BROKEN)
        self.assertIn("in ANYKEY_SCHEMA.keyid", failed)
        self.assertIn("VerificationError: Unknown failure to verify signature", failed)
        self.ask("a.json", 1, key)


class EnvelopeTest(VerifierTests, LibraryTest):
    LIBRARY, VERB = os.environ["SECURESYSTEMSLIB"], "envelope"

    def sign(self, out, *names):
        """a.draft's statement, signed by securesystemslib with keys that Warrant made."""
        words = [f"{self.fingerprint(name)}={self.seed(name).hex()}" for name in names]
        payload = base64.b64decode(self.read("a.json")["payload"])
        self.path("payload").write_bytes(payload)
        self.probe(self.LIBRARY, "sign", "payload", out, *words)

    def test_signed_by_the_library_is_accepted_by_warrant(self):
        self.make_artifact()
        self.sign("theirs.json", "issuer")
        verdict = self.assert_accepted("theirs.json", [self.fingerprint("issuer")])
        self.assertEqual(verdict["sha256"], self.run_json("artifact", "inspect",
                                                          "a.json")["sha256"])
        for member in ("payload", "sig"):
            with self.subTest(member=member):
                self.flipped("theirs.json", member, "f.json")
                self.assert_refused("f.json", "invalid signature", "signatures")

    def test_signed_by_the_library_with_a_foreign_key_is_refused(self):
        self.make_artifact()
        self.sign("theirs.json", "root")
        told = self.assert_refused("theirs.json", "invalid signature", "signatures")
        self.assertIn(self.fingerprint("root"), told["detail"])

    def test_two_of_two_signed_by_the_library(self):
        self.require_two()
        self.make_artifact()
        self.sign("two.json", "issuer", "second")
        self.assert_accepted("two.json",
                             [self.fingerprint("issuer"), self.fingerprint("second")])
        self.sign("one.json", "second")
        told = self.assert_refused("one.json", "invalid signature", "signatures")
        self.assertIn("1 of 2 required signatures", told["detail"])

    def test_one_signature_by_each(self):
        self.require_two()
        self.make_artifact()
        self.sign("theirs.json", "second")
        mixed = self.read("a.json")
        mixed["signatures"] += self.read("theirs.json")["signatures"]
        self.write("mixed.json", mixed)
        both = [self.fingerprint("issuer"), self.fingerprint("second")]
        self.assert_accepted("mixed.json", both)
        told = self.ask("mixed.json", 2, self.public("issuer"), self.public("second"))
        self.assertEqual(told["accepted"], sorted(both))

    def test_payload_of_another_type_is_refused_by_warrant(self):
        """The library signs whatever type it is told; Warrant takes in-toto's alone."""
        self.make_artifact()
        envelope = dict(self.read("a.json"), payloadType="application/json")
        self.assert_refused(self.write("typed.json", envelope), "malformed", "payloadType")

    def test_the_library_wants_the_keyid(self):
        """It looks keys up by keyid alone; Warrant tries every trusted key (DSSE v1)."""
        self.make_artifact()
        envelope = self.read("a.json")
        envelope["signatures"][0]["keyid"] = "other"
        self.write("named.json", envelope)
        self.assert_accepted("named.json", [self.fingerprint("issuer")])
        self.assert_found("named.json", 1, [self.public("issuer")], 0)
        told = self.ask("named.json", 1, self.public("issuer", "other"))
        self.assertEqual(told["accepted"], ["other"])


if __name__ == "__main__":
    unittest.main()
