#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Enrollment, from a machine's TPM to the signed document: swtpm on a unix socket stands for TPMs."""
import base64
import json
import os
import stat
import unittest

from support import ERROR, USAGE, WorkshopTest
from tpms import MACHINE_ID, TpmTest


class HostTest(TpmTest, WorkshopTest):
    def setUp(self):
        super().setUp()
        self.path("machine-id").write_text(MACHINE_ID + "\n")
        for name in ("enroller", "other"):
            self.run_cli("key", "generate", "--out", name)

    # ---- the four steps

    def enroll(self, tcti, out="request.json", *options, expect=0):
        return self.run_cli("host", "enroll", "--tcti", tcti, "--machine-id", "machine-id",
                            "--host", "host-a", "--out", out, *options, expect=expect)

    def challenge(self, *options, request="request.json", expect=0):
        return self.run_cli("host", "challenge", request, "--out", "challenge.json", "--keep",
                            "secret.json", "--force", *options, expect=expect)

    def answer(self, tcti, expect=0):
        return self.run_cli("host", "answer", "challenge.json", "--tcti", tcti, "--out",
                            "answer.json", "--force", expect=expect)

    def approve(self, *options, request="request.json", expect=0):
        return self.run_cli("host", "approve", request, "--answer", "answer.json", "--keep",
                            "secret.json", "--key", "enroller.key", "--out", "enrollment.json",
                            "--force", *options, expect=expect)

    def read(self, name):
        return json.loads(self.path(name).read_text())

    def change(self, source, target, **members):
        self.path(target).write_text(json.dumps({**self.read(source), **members}))

    def test_a_machine_is_enrolled(self):
        maker = self.make_maker("maker")
        tcti = self.start_tpm("tpm", maker)
        made = json.loads(self.enroll(tcti, "request.json", "--json").out)
        self.assertEqual((made["host"], made["machineId"], made["ekCertified"]),
                         ("host-a", MACHINE_ID, True))
        again = json.loads(self.enroll(tcti, "again.json", "--json").out)
        self.assertEqual({**again, "file": "request.json"}, made)  # key and counter stay

        said = self.challenge("--ca", maker / "swtpm-localca-rootca-cert.pem", "--intermediate",
                              maker / "issuercert.pem").out
        self.assertIn("CN=swtpm-localca", said)
        self.assertEqual(stat.S_IMODE(os.stat(self.path("secret.json")).st_mode), 0o600)
        secret = self.read("secret.json")["secret"]
        self.assertNotIn(secret, self.path("challenge.json").read_text())
        self.answer(tcti)
        self.assertEqual(self.read("answer.json")["secret"], secret)
        said = self.approve("--group", "west", "--group", "builders", "--group", "west",
                            "--valid-for", "30d", "--resolves", "7").err
        self.assertIn("signing this enrollment", said)
        self.assertIn("host-a", said)

        shown = self.run_json("host", "show", "enrollment.json")
        self.assertEqual(shown["groups"], ["builders", "west"])
        self.assertEqual((shown["akName"], shown["ekSha256"]), (made["akName"], made["ekSha256"]))
        self.assertEqual((shown["host"], shown["machineId"]), ("host-a", MACHINE_ID))
        self.assertEqual((shown["resolves"], shown["verified"], shown["expired"]), (7, False, False))
        self.check_signers()

    def check_signers(self):
        self.run_cli("key", "generate", "--out", "root")
        for signer, expect in (("enroller", 0), ("other", ERROR)):
            self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                         "--issuer-key", "root.pub", "--enrollment-key", f"{signer}.pub", "--out",
                         f"{signer}.json")
            shown = self.run_cli("host", "show", "enrollment.json", "--trust-root",
                                 f"{signer}.json", expect=expect)
            self.assertEqual("UNVERIFIED" in shown.out + shown.err, False)
        self.assertIn("invalid signature", shown.err)
        text = self.run_cli("host", "show", "enrollment.json").out
        self.assertIn("UNVERIFIED", text)
        self.assertIn("the state as it is, at counter 7", text)

    def test_other_makers_are_not_believed(self):
        maker, stranger = self.make_maker("maker"), self.make_maker("stranger")
        tcti = self.start_tpm("tpm", maker)
        self.start_tpm("another", stranger)
        self.enroll(tcti)
        for options, code, word in (
                (("--ca", stranger / "swtpm-localca-rootca-cert.pem"), ERROR,
                 "endorsement certificate: unable to get local issuer certificate"),
                (("--ca", maker / "swtpm-localca-rootca-cert.pem"), ERROR, "unable to get"),
                ((), USAGE, "--ca or --trust-ek is missing"),
                (("--trust-ek", "11" * 32), ERROR, "another endorsement key"),
                (("--trust-ek", "11"), USAGE, "64 lower-case hex"),
                (("--ca", "missing.pem"), ERROR, "missing.pem"),
                (("--ca", "machine-id"), ERROR, "no anchor to believe")):
            with self.subTest(options=options):
                self.assertIn(word, self.challenge(*options, expect=code).err)
                self.assertFalse(self.path("challenge.json").exists())
                self.assertFalse(self.path("secret.json").exists())
        # An anchor need not be a root.
        self.challenge("--ca", maker / "issuercert.pem")

    def test_without_a_certificate_the_key_must_be_named(self):
        tcti = self.start_tpm("tpm")
        made = json.loads(self.enroll(tcti, "request.json", "--json").out)
        self.assertFalse(made["ekCertified"])
        maker = self.make_maker("maker")
        self.start_tpm("another", maker)
        refused = self.challenge("--ca", maker / "issuercert.pem", expect=ERROR)
        self.assertIn("has no certificate of its maker", refused.err)
        self.assertNotIn(made["ekSha256"], refused.err)  # to be read on the machine
        self.challenge("--trust-ek", made["ekSha256"])
        self.answer(tcti)
        self.approve()
        self.assertEqual(self.run_json("host", "show", "enrollment.json")["groups"], [])

    def test_answers_of_others_and_changed_requests_are_refused(self):
        tcti, other = self.start_tpm("tpm"), self.start_tpm("other-tpm")
        made = json.loads(self.enroll(tcti, "request.json", "--json").out)
        theirs = json.loads(self.enroll(other, "theirs.json", "--json").out)
        self.challenge("--trust-ek", made["ekSha256"])
        self.assertIn("for another attestation key", self.answer(other, expect=ERROR).err)
        self.assertIn("no key at 0x81010010", self.answer(self.start_tpm("new"), expect=ERROR).err)
        # A clone that lies about the key's name has not the other one either.
        self.change("challenge.json", "challenge.json", akName=theirs["akName"])
        self.assertIn("this TPM cannot answer it: activating the credential",
                      self.answer(other, expect=ERROR).err)
        self.assertFalse(self.path("answer.json").exists())

        self.challenge("--trust-ek", made["ekSha256"])
        self.answer(tcti)
        self.change("request.json", "renamed.json", host="host-b")
        refused = self.approve(request="renamed.json", expect=ERROR)
        self.assertIn("renamed.json: this is not the request that was challenged", refused.err)
        wrong = base64.b64encode(bytes(32)).decode()
        right = self.read("answer.json")["secret"]
        self.change("answer.json", "answer.json", secret=wrong)
        self.assertIn("the answer is wrong", self.approve(expect=ERROR).err)
        self.change("answer.json", "answer.json", secret=right)
        self.path("secret.json").chmod(0o640)
        self.assertIn("group or others may read", self.approve(expect=ERROR).err)
        self.path("secret.json").chmod(0o600)
        # A later challenge has another secret.
        self.challenge("--trust-ek", made["ekSha256"])
        self.assertIn("the answer is wrong", self.approve(expect=ERROR).err)
        self.assertFalse(self.path("enrollment.json").exists())

    def test_bad_requests_are_refused_by_name(self):
        tcti = self.start_tpm("tpm")
        made = json.loads(self.enroll(tcti, "request.json", "--json").out)
        request = self.read("request.json")
        for members, word in (({"akPublic": request["ekPublic"]}, "akPublic"),
                              ({"ekPublic": request["akPublic"]}, "ekPublic"),
                              ({"akPublic": "!"}, "akPublic"), ({"machineId": "0" * 32}, "machineId"),
                              ({"host": ""}, "host"), ({"more": 1}, "more"),
                              ({"type": "warrant-enrollment-answer-v1"}, "type")):
            with self.subTest(members=members):
                self.change("request.json", "bad.json", **members)
                refused = self.challenge("--trust-ek", made["ekSha256"], request="bad.json",
                                         expect=ERROR)
                self.assertIn(f"bad.json: malformed: {word}", refused.err)

    def test_what_a_machine_lacks_is_said(self):
        self.assertIn("no TPM at device:/nonexistent: No such file or directory",
                      self.enroll("device:/nonexistent", expect=ERROR).err)
        tcti = self.start_tpm("tpm")
        for options, code, word in ((("--handle", "king"), USAGE, "hex number expected"),
                                    (("--handle", "0x80000001"), ERROR, "no handle of a persistent"),
                                    (("--counter", "0x81010010"), ERROR, "no NV index"),
                                    (("--counter", ""), USAGE, "--counter")):
            with self.subTest(options=options):
                self.assertIn(word, self.enroll(tcti, "r.json", *options, expect=code).err)
                self.assertFalse(self.path("r.json").exists())
        self.path("machine-id").write_text("uninitialized\n")
        self.assertIn("is no machine id", self.enroll(tcti, expect=ERROR).err)
        self.path("machine-id").write_text(MACHINE_ID)
        self.enroll(tcti)
        self.assertIn("exists already", self.enroll(tcti, expect=ERROR).err)
        self.assertIn("same file", self.run_cli(
            "host", "challenge", "request.json", "--trust-ek",
            json.loads(self.enroll(tcti, "x.json", "--json").out)["ekSha256"], "--out", "y",
            "--keep", "y", expect=USAGE).err)


if __name__ == "__main__":
    unittest.main()
