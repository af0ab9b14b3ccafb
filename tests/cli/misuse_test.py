#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What people type wrongly: each answer names the option and the way out, and nothing was done."""
import os
import unittest

from support import ERROR, USAGE, WorkshopTest


class MisuseTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()

    def test_public_key_in_the_place_of_a_private_one(self):
        failed = self.run_cli("policy", "sign", "--key", "root.pub", "--mode", "enforce", "--out",
                              "p.json", expect=ERROR)
        self.assertIn("root.pub: a public key", failed.err)
        self.assertNotIn("chmod", failed.err)

    def test_nothing_is_announced_that_cannot_be_written(self):
        self.make_artifact()
        for command in (("artifact", "sign", "--key", "issuer.key", "a.draft"),
                        ("artifact", "sign", "--key", "issuer.key", "a.json"),
                        ("policy", "sign", "--key", "root.key", "--mode", "enforce"),
                        ("policy", "sign", "--key", "root.key", "policy.json"),
                        ("revoke", "--key", "root.key"),
                        ("trust", "rotate", "--trust-root", "trust-root.json", "--key", "root.key"),
                        ("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                         "--issuer-key", "issuer.pub")):
            for target in ("a.json", "nowhere/a.json"):
                with self.subTest(command=command, target=target):
                    failed = self.run_cli(*command, "--out", target, expect=ERROR)
                    self.assertIn(target, failed.err)
                    self.assertNotIn("signing this", failed.err)

    def test_subjects_are_regular_files_each_once(self):
        os.mkfifo(self.path("fifo"))
        words = ("artifact", "draft", "--initiator", "any", "--policy", "policy.json", "--out", "d")
        for subject in ("/dev/zero", "fifo", "."):
            failed = self.run_cli(*words, "--subject", subject, expect=ERROR)
            self.assertIn(f"{subject}: not a regular file", failed.err)
        self.path("program").write_bytes(b"x")
        failed = self.run_cli(*words, "--subject", "program", "--subject", "program", expect=USAGE)
        self.assertIn("--subject program is given twice", failed.err)
        self.assertFalse(self.path("d").exists())

    def test_values_that_no_document_takes_are_usage_errors(self):
        self.path("program").write_bytes(b"x")
        draft = ("artifact", "draft", "--subject", "program", "--policy", "policy.json")
        any_one = (*draft, "--initiator", "any")
        policy = ("policy", "sign", "--key", "root.key", "--mode", "enforce")
        before = self.snapshot()
        for words, option in (
                ((*draft, "--initiator", "unit=x"), "--initiator unit=x"),
                ((*draft, "--initiator", "cgroup=x"), "--initiator"),
                ((*draft, "--initiator", "any", "--initiator", "uid=1"), "--initiator"),
                ((*any_one, "--host", "h" * 300), "--host"),
                ((*any_one, "--governance", "t=" + "x" * 5000), "--governance"),
                ((*any_one, "--governance", "t=1", "--governance", "t=2"), "--governance t "),
                ((*any_one, "--host", b"\xff"), "--host \\xff"),
                ((*any_one, "--governance", b"t=\xff"), "--governance t=\\xff"),
                ((*any_one, "--kind", "breakglass"), "--governance"),
                ((*any_one, "--action", "map", "--max-uses", 1), "--max-uses"),
                ((*policy, "--version", 0), "--version 0"),
                (("revoke", "--key", "root.key", "--epoch", 0), "--epoch 0"),
                (("revoke", "--key", "root.key", "--host", "h" * 300), "--host"),
                (("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                  "--issuer-key", "issuer.pub", "--root-version", 0), "--root-version 0")):
            with self.subTest(option=option, words=words):
                failed = self.run_cli(*words, "--out", "new", expect=USAGE)
                self.assertTrue(failed.err.startswith(f"warrant: {option}"), failed)
                self.assertNotIn("signing this", failed.err)
                self.assertNotIn("predicate.", failed.err)
                self.assertEqual(self.snapshot(), before)

    @unittest.skipIf(os.path.exists("/etc/warrant"), "this host has defaults")
    def test_missing_defaults_are_named(self):
        self.make_artifact()
        draft = ("artifact", "draft", "--subject", "program", "--initiator", "any", "--out", "d")
        for words, option, path in (
                (draft, "--policy", "policy.json"),
                (("artifact", "verify", "a.json"), "--trust-root", "trust-root.json"),
                (("artifact", "verify", "a.json", "--trust-root", "trust-root.json"), "--policy",
                 "policy.json")):
            failed = self.run_cli(*words, expect=ERROR)
            self.assertIn(f"{option} is not given", failed.err)
            self.assertIn(f"/etc/warrant/{path}", failed.err)


if __name__ == "__main__":
    unittest.main()
