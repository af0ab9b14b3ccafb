#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every subcommand that makes or judges documents: its good case, and the answers that are no."""
import base64
import hashlib
import json
import os
import signal
import stat
import struct
import subprocess
import unittest
from pathlib import Path

from support import BINARY, ERROR, NO, OK, USAGE, WorkshopTest, environment


class KeyTest(WorkshopTest):
    def test_generate_writes_both_files_and_only_the_owner_reads_the_secret(self):
        made = self.run_json("key", "generate", "--out", "k")
        self.assertRegex(made["fingerprint"], r"^SHA256:[A-Za-z0-9+/]{43}$")
        self.assertEqual(stat.S_IMODE(self.path("k.key").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.path("k.pub").stat().st_mode), 0o644)

    def test_show_gives_one_fingerprint_for_both_files(self):
        made = self.run_json("key", "generate", "--out", "k")
        for file in ("k.key", "k.pub"):
            shown = self.run_json("key", "show", file)
            self.assertEqual(shown["fingerprint"], made["fingerprint"])
            self.assertNotIn(json.loads(self.path("k.key").read_text())["seed"], json.dumps(shown))

    def test_public_key_in_pem(self):
        """The vector of RFC 8410, section 10.1."""
        info = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
        key = base64.b64encode(base64.b64decode(info)[12:]).decode()
        self.path("k.pub").write_text(json.dumps({"type": "warrant-public-key-v1", "key": key}))
        pem = f"-----BEGIN PUBLIC KEY-----\n{info}\n-----END PUBLIC KEY-----\n"
        self.assertEqual(self.run_cli("key", "show", "--pem", "k.pub").out, pem)
        for words in ((), ("--pem",)):
            shown = self.run_json("key", "show", *words, "k.pub")
            self.assertEqual((shown["key"], shown["pem"]), (key, pem))

    def test_generate_replaces_only_when_forced(self):
        first = self.run_json("key", "generate", "--out", "k")["fingerprint"]
        before = self.snapshot()
        self.assertIn("--force", self.run_cli("key", "generate", "--out", "k", expect=ERROR).err)
        self.assertEqual(self.snapshot(), before)
        second = self.run_json("key", "generate", "--out", "k", "--force")["fingerprint"]
        self.assertNotEqual(first, second)
        self.assertEqual(self.run_json("key", "show", "k.key")["fingerprint"], second)

    def test_devices_and_links_are_never_replaced(self):
        self.path("real.key").write_text("")
        os.symlink("real.key", self.path("k.key"))
        os.mkfifo(self.path("f.pub"))
        before = self.snapshot()
        for name in ("k", "f"):
            failed = self.run_cli("key", "generate", "--out", name, "--force", expect=ERROR)
            self.assertIn("no regular file", failed.err)
        self.assertEqual(self.snapshot(), before)

    def test_secret_that_others_may_read_is_refused(self):
        self.make_trust()
        self.path("root.key").chmod(0o644)
        failed = self.run_cli("policy", "sign", "--key", "root.key", "--mode", "enforce", "--out",
                              "p.json", expect=ERROR)
        self.assertIn("root.key", failed.err)
        self.assertIn("chmod 600", failed.err)


class TrustTest(WorkshopTest):
    def test_init_and_show_agree(self):
        self.make_trust()
        shown = self.run_json("trust", "show", "trust-root.json")
        issuer = self.run_json("key", "show", "issuer.pub")["fingerprint"]
        for role in ("baseline", "task"):
            self.assertEqual(shown["roles"][role], {"keys": [issuer], "threshold": 1})
        self.assertFalse(shown["expired"])

    def test_thresholds_count_different_keys(self):
        self.make_trust()
        failed = self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                              "--issuer-key", "issuer.pub", "--issuer-key", "issuer.key",
                              "--issuer-threshold", 2, "--out", "t.json", expect=USAGE)
        self.assertIn("--issuer-threshold", failed.err)
        self.assertFalse(self.path("t.json").exists())

    def test_a_root_without_enough_root_signatures_is_not_written(self):
        self.make_trust()
        self.run_cli("trust", "init", "--root-key", "issuer.pub", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--out", "t.json", expect=ERROR)
        self.assertFalse(self.path("t.json").exists())


class PolicyTest(WorkshopTest):
    def test_show_verifies_only_with_a_trust_root(self):
        self.make_trust()
        plain = self.run_json("policy", "show", "policy.json")
        self.assertEqual((plain["verified"], plain["signers"]), (False, []))
        self.assertIn("UNVERIFIED", self.run_cli("policy", "show", "policy.json").out)
        checked = self.run_json("policy", "show", "--trust-root", "trust-root.json", "policy.json")
        self.assertTrue(checked["verified"])
        self.assertEqual(checked["mode"], "enforce")
        self.assertEqual(len(checked["signers"]), 1)

    def test_options_become_fields(self):
        self.make_trust()
        made = self.run_json("policy", "sign", "--key", "root.key", "--mode", "observe", "--audit",
                             "required", "--filesystem", "ext4", "--expires", "2w", "--out", "p")
        self.assertEqual((made["mode"], made["audit"]), ("observe", "required"))
        self.assertEqual(made["filesystems"], ["ext4"])
        self.assertIsNotNone(made["expires"])

    def test_expired_policy_is_marked(self):
        self.make_trust()
        self.assertIs(self.run_json("policy", "show", "policy.json")["expired"], False)
        self.assertNotIn("EXPIRED", self.run_cli("policy", "show", "policy.json").out)
        self.run_cli("policy", "draft", "--mode", "enforce", "--expires", "1d", "--out", "d")
        draft = json.loads(self.path("d").read_text())
        draft["issuedAt"], draft["expires"] = "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"
        self.path("d").write_text(json.dumps(draft))
        self.run_cli("policy", "sign", "--key", "root.key", "d", "--out", "old.json")
        self.assertIs(self.run_json("policy", "show", "old.json")["expired"], True)
        self.assertIn("(EXPIRED)", self.run_cli("policy", "show", "old.json").out)

    def test_policy_by_another_key_is_refused(self):
        self.make_trust()
        self.run_cli("policy", "sign", "--key", "issuer.key", "--mode", "enforce", "--out", "p")
        failed = self.run_cli("policy", "show", "--trust-root", "trust-root.json", "p",
                              expect=ERROR)
        self.assertIn("invalid signature", failed.err)


class ArtifactTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()

    def test_draft_sign_verify(self):
        self.make_artifact("a")
        verdict = self.verify("a.json")
        self.assertTrue(verdict["accepted"])
        self.assertEqual(verdict["window"], "open")
        subject = verdict["statement"]["subject"][0]
        content = self.path("program").read_bytes()
        self.assertEqual(subject["digest"]["sha256"], hashlib.sha256(content).hexdigest())

    def test_every_restriction_reaches_the_statement(self):
        self.path("program").write_bytes(b"x")
        self.run_cli("artifact", "draft", "--subject", "program", "--action", "exec,update",
                     "--initiator", "uid=1000", "--initiator", "unit=nginx.service", "--kind",
                     "breakglass", "--jit", "--recovery", "--host", "h", "--governance",
                     "ticket=OPS-1=2", "--interpreter-entry", "scriptOnly", "--interpreter-reads",
                     "listed", "--policy", "policy.json", "--not-before",
                     "2026-01-01T00:00:00Z", "--not-after", "2027-01-01T00:00:00Z", "--out", "d")
        predicate = self.run_json("artifact", "inspect", "d")["statement"]["predicate"]
        self.assertEqual(predicate["actions"], ["exec", "update"])
        self.assertEqual(predicate["initiator"], {"uid": 1000, "unit": "nginx.service"})
        self.assertEqual(predicate["kind"], "breakglass")
        self.assertEqual(predicate["constraints"], {"jit": True, "interpreter": {
            "entry": "scriptOnly", "reads": "listed"}})
        self.assertIs(predicate["recovery"], True)
        self.assertEqual(predicate["environment"], {"host": "h"})
        self.assertEqual(predicate["governance"], {"ticket": "OPS-1=2"})
        self.assertEqual(predicate["validity"], {"notBefore": "2026-01-01T00:00:00Z",
                                                 "notAfter": "2027-01-01T00:00:00Z"})

    def test_window_states(self):
        self.make_artifact("a", "--valid-for", "1h")
        for at, window, reason, field in (
                ("+2h", "expired", "expired", "predicate.validity.notAfter"),
                ("-1h", "notYetValid", "not yet valid", "predicate.validity.notBefore")):
            verdict = self.verify("a.json", "--at", at, expect=NO)
            self.assertEqual((verdict["accepted"], verdict["genuine"], verdict["window"]),
                             (False, True, window))
            self.assertEqual((verdict["rejection"]["reason"], verdict["rejection"]["field"]),
                             (reason, field))
        self.assertNotIn("rejection", self.verify("a.json"))

    def test_host_mismatch(self):
        self.make_artifact("a", "--host", "other")
        refused = self.verify("a.json", "--host", "this", expect=NO)
        self.assertEqual(refused["rejection"]["field"], "predicate.environment.host")
        self.assertTrue(self.verify("a.json", "--host", "other")["accepted"])

    def test_sign_says_in_words_what_it_signs(self):
        self.make_artifact("a", "--governance", "purpose=evil\x1b[2Jtext")
        said = self.run_cli("artifact", "sign", "--key", "issuer.key", "a.draft", "--out", "b.json")
        self.assertIn("everybody", said.err)
        self.assertIn("program", said.err)
        self.assertNotIn("\x1b", said.err)

    def test_stranger_signature_is_refused_with_field_and_fix(self):
        self.make_artifact()
        self.run_cli("key", "generate", "--out", "stranger")
        self.run_cli("artifact", "sign", "--key", "stranger.key", "a.draft", "--out", "s.json")
        rejection = self.verify("s.json", expect=NO)["rejection"]
        self.assertEqual((rejection["reason"], rejection["field"]),
                         ("invalid signature", "signatures"))
        self.assertTrue(rejection["fix"])

    def test_second_signature_meets_a_threshold(self):
        self.run_cli("key", "generate", "--out", "second")
        self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--issuer-key", "second.pub",
                     "--issuer-threshold", 2, "--out", "trust-root.json", "--force")
        self.make_artifact()
        self.assertEqual(self.verify("a.json", expect=NO)["rejection"]["reason"],
                         "invalid signature")
        self.run_cli("artifact", "sign", "--key", "second.key", "a.json", "--out", "both.json")
        self.assertEqual(len(self.verify("both.json")["issuers"]), 2)
        self.run_cli("artifact", "sign", "--key", "issuer.key", "--key", "second.key", "a.draft",
                     "--out", "at-once.json")
        self.assertEqual(len(self.verify("at-once.json")["issuers"]), 2)

    def test_inspect_never_pretends_to_have_verified(self):
        self.make_artifact()
        for file in ("a.json", "a.draft", "policy.json", "trust-root.json"):
            self.assertIn("UNVERIFIED", self.run_cli("artifact", "inspect", file).out)
            self.assertIs(self.run_json("artifact", "inspect", file)["verified"], False)

    def test_inspect_reads_every_kind_of_document(self):
        self.make_artifact()
        self.run_cli("revoke", "--key", "root.key", "--host", "gone", "--out", "r.json")
        self.run_cli("policy", "draft", "--mode", "enforce", "--out", "p.draft")
        for file, words in (("policy.json", ("enforce", "policy show")),
                            ("trust-root.json", ("SHA256:", "trust show")),
                            ("r.json", ("host gone", "revocation show"))):
            shown = self.run_cli("artifact", "inspect", file).out
            for word in words:
                self.assertIn(word, shown)
        self.assertIn("policy lint", self.run_cli("artifact", "inspect", "p.draft",
                                                  expect=ERROR).err)

    def test_draft_under_no_policy_says_so(self):
        self.make_artifact()
        draft = json.loads(self.path("a.draft").read_text())
        draft["predicate"]["policy"]["sha256"] = "0" * 64
        self.path("a.draft").write_text(json.dumps(draft))
        self.assertRegex(self.run_cli("artifact", "inspect", "a.draft").out, "policy: +none\n")

    def test_compile_counts_and_names_what_is_refused(self):
        self.make_artifact()
        self.path("d").mkdir()
        os.rename(self.path("a.json"), self.path("d/a.json"))
        words = ("artifact", "compile", "--trust-root", "trust-root.json", "--policy",
                 "policy.json", "d")
        self.assertEqual(self.run_json(*words)["entries"]["verdicts"], 1)
        self.path("d/b.json").write_text("{}")
        tried = self.run_json(*words, expect=NO)
        self.assertEqual([one["file"] for one in tried["refused"]], ["b.json"])
        self.assertEqual([one["file"] for one in tried["accepted"]], ["a.json"])


if __name__ == "__main__":
    unittest.main()
