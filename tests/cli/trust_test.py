#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whom to believe and what to do: roles and rotation, policies from drafts, revocation lists."""
import base64
import json
import unittest

from support import ERROR, NO, USAGE, WorkshopTest


class RolesTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        for name in ("root", "policy", "task", "other"):
            self.run_cli("key", "generate", "--out", name)

    def fingerprint(self, name):
        return self.run_json("key", "show", f"{name}.pub")["fingerprint"]

    def init(self, *options, expect=0):
        return self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key",
                            "policy.pub", *options, "--out", "t.json", expect=expect)

    def test_each_role_has_its_keys_and_threshold(self):
        for word, roles in (("issuer", ["baseline", "task"]), ("baseline", ["baseline"]),
                            ("task", ["task"]), ("revocation", ["revocation"]),
                            ("enrollment", ["enrollment"]), ("breakglass", ["breakglass"])):
            with self.subTest(word=word):
                self.init("--task-key", "task.pub", f"--{word}-key", "other.pub", f"--{word}-key",
                          "policy.pub", "--threshold", f"{word}=2", "--force")
                shown = self.run_json("trust", "show", "t.json")["roles"]
                for role in roles:
                    self.assertEqual(shown[role]["threshold"], 2)
                    self.assertIn(self.fingerprint("other"), shown[role]["keys"])
                self.assertEqual(set(shown), {"root", "policy", "task", *roles})

    def test_bad_roles(self):
        for options, word in (
                ((), "--issuer-key"),
                (("--revocation-key", "other.pub"), "--issuer-key"),
                (("--task-key", "task.pub", "--threshold", "task=2"), "task=2"),
                (("--task-key", "task.pub", "--threshold", "task=0"), "task=0"),
                (("--task-key", "task.pub", "--threshold", "baseline=1"), "baseline"),
                (("--task-key", "task.pub", "--threshold", "task"), "ROLE=VALUE"),
                (("--task-key", "task.pub", "--threshold", "task=x"), "number"),
                (("--task-key", "task.pub", "--threshold", "task=1x"), "number"),
                (("--task-key", "task.pub", "--threshold", "king=1"), "no such role")):
            with self.subTest(options=options):
                self.assertIn(word, self.init(*options, expect=USAGE).err)
                self.assertFalse(self.path("t.json").exists())

    def test_init_says_what_it_signs(self):
        said = self.init("--task-key", "task.pub").err
        self.assertIn("signing this trust root", said)
        self.assertIn(self.fingerprint("task"), said)

    def rotate(self, *options, expect=0):
        return self.run_cli("trust", "rotate", "--trust-root", "t.json", *options, "--out",
                            "n.json", expect=expect)

    def test_rotate_needs_the_root_keys_of_both(self):
        self.init("--task-key", "task.pub")
        change = ("--add", "root=other.pub", "--remove", "root=root.pub")
        for keys in (("--key", "root.key"), ("--key", "other.key")):
            self.assertIn("invalid signature", self.rotate(*keys, *change, expect=ERROR).err)
            self.assertFalse(self.path("n.json").exists())
        said = self.rotate("--key", "root.key", "--key", "other.key", *change).err
        self.assertIn("adds:       root " + self.fingerprint("other"), said)
        self.assertIn("removes:    root " + self.fingerprint("root"), said)
        shown = self.run_json("trust", "show", "n.json")
        self.assertEqual(shown["version"], 2)
        self.assertEqual(shown["roles"]["root"]["keys"], [self.fingerprint("other")])

    def test_rotate_changes_only_what_is_asked_for(self):
        self.init("--task-key", "task.pub", "--revocation-key", "other.pub")
        before = self.run_json("trust", "show", "t.json")["roles"]
        self.rotate("--key", "root.key", "--add", "task=other.pub", "--threshold", "task=2",
                    "--remove", "revocation=" + self.fingerprint("other"), "--valid-for", "10d")
        after = self.run_json("trust", "show", "n.json")["roles"]
        self.assertEqual(after.pop("task")["threshold"], 2)
        del before["task"], before["revocation"]
        self.assertEqual(after, before)

    def test_bad_rotations(self):
        self.init("--task-key", "task.pub")
        for change, word in ((("--remove", "task=other.pub"), "no such key"),
                             (("--remove", "root=root.pub"), "root"),
                             (("--remove", "policy=policy.pub"), "policy"),
                             (("--remove", "task=task.pub", "--threshold", "task=1"), "task"),
                             (("--threshold", "task=2"), "task=2"),
                             (("--add", "king=other.pub"), "no such role"),
                             (("--add", "other.pub"), "ROLE=VALUE")):
            with self.subTest(change=change):
                self.assertIn(word, self.rotate("--key", "root.key", *change, expect=USAGE).err)
                self.assertFalse(self.path("n.json").exists())


class PolicyDraftTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()

    def draft(self, **changes):
        self.run_cli("policy", "draft", "--mode", "enforce", "--out", "p.draft", "--force")
        draft = json.loads(self.path("p.draft").read_text())
        for name, value in changes.items():
            draft[name] = value
        self.path("p.draft").write_text(json.dumps(draft))
        return draft

    def sign(self, *options, expect=0):
        return self.run_cli("policy", "sign", "--key", "root.key", "--out", "p.json", "--force",
                            *options, expect=expect)

    def rule(self, **changes):
        issuer = self.run_json("key", "show", "issuer.pub")["fingerprint"]
        return {"keys": [issuer], "kinds": ["task"], "actions": ["exec", "map"], **changes}

    def test_draft_is_the_predicate_and_signing_wraps_it(self):
        draft = self.draft(version=7, issuers=[self.rule(maxWindow=3600, paths=["/usr/bin/*"])],
                           scopes=[{"initiator": {"uid": 1000}, "mode": "observe"}],
                           breakglass={"maxWindow": 600})
        said = self.sign("p.draft").err
        for words in ("issuers[0]", "1 hour", "/usr/bin/*", "observe for only uid 1000",
                      "10 minutes"):
            self.assertIn(words, said)
        statement = json.loads(base64.b64decode(json.loads(
            self.path("p.json").read_text())["payload"]))
        self.assertEqual(statement["predicate"], draft)
        shown = self.run_json("policy", "show", "--trust-root", "trust-root.json", "p.json")
        self.assertEqual((shown["version"], shown["verified"]), (7, True))

    def test_options_become_members(self):
        self.sign("--mode", "enforce", "--version", 3, "--honour", "policy.json",
                  "--revocation-max-age", "1d", "--breakglass-max-window", "1h", "--valid-for",
                  "30d")
        shown = self.run_json("policy", "show", "p.json")
        self.assertEqual(shown["version"], 3)
        self.assertEqual(shown["revocation"], {"maxAge": 86400})
        self.assertEqual(shown["breakglass"], {"maxWindow": 3600})
        self.assertEqual(shown["honours"],
                         [self.run_json("policy", "show", "policy.json")["sha256"]])

    def test_bad_drafts(self):
        for changes, field in (({"version": 0}, "predicate.version"),
                               ({"version": "1"}, "predicate.version"),
                               ({"mode": "off"}, "predicate.mode"),
                               ({"zz": 1}, "predicate.zz"),
                               ({"issuers": {}}, "predicate.issuers"),
                               ({"issuers": [self.rule(keys=[])]}, "predicate.issuers[0].keys"),
                               ({"issuers": [self.rule(keys=["x"])]}, "predicate.issuers[0].keys"),
                               ({"issuers": [self.rule(zz=1)]}, "predicate.issuers[0].zz"),
                               ({"issuers": [self.rule(actions=["fly"])]},
                                "predicate.issuers[0].actions[0]"),
                               ({"scopes": [{"initiator": {"any": True}, "mode": "enforce"}]},
                                "predicate.scopes[0].initiator"),
                               ({"honours": ["x"]}, "predicate.honours"),
                               ({"breakglass": {}}, "predicate.breakglass.maxWindow"),
                               ({"revocation": {"maxAge": 0}}, "predicate.revocation.maxAge"),
                               ({"expires": "2001-01-01T00:00:00Z"}, "predicate.expires")):
            with self.subTest(changes=changes):
                self.draft(**changes)
                failed = self.sign("p.draft", expect=ERROR)
                self.assertIn("p.draft: malformed: " + field, failed.err)
                self.assertFalse(self.path("p.json").exists())

    def test_options_and_draft_exclude_each_other(self):
        self.draft()
        for option in (("--mode", "enforce"), ("--version", 2), ("--audit", "required"),
                       ("--honour", "policy.json"), ("--valid-for", "1d")):
            self.assertIn(option[0], self.sign("p.draft", *option, expect=USAGE).err)
        self.assertIn("--mode", self.sign(expect=USAGE).err)

    def test_a_second_signature_stays_beside_the_first(self):
        self.run_cli("policy", "sign", "--key", "issuer.key", "policy.json", "--out", "both.json")
        self.assertEqual(len(json.loads(self.path("both.json").read_text())["signatures"]), 2)
        self.assertEqual(self.run_json("policy", "show", "both.json")["sha256"],
                         self.run_json("policy", "show", "policy.json")["sha256"])

    def fields(self, *words, expect=0):
        linted = self.run_json("policy", "lint", *words, expect=expect)
        return {one["field"] for file in linted["files"] for one in file["warnings"]}

    def test_lint(self):
        strict = {"audit": "required", "issuers": [self.rule()], "expires": "2999-01-01T00:00:00Z",
                  "revocation": {"maxAge": 3600}, "breakglass": {"maxWindow": 3600}}
        self.draft(**strict)
        self.assertEqual(self.fields("p.draft", "--strict"), set())
        for changes, field in (({"mode": "observe"}, "predicate.mode"),
                               ({"audit": "optional"}, "predicate.audit"),
                               ({"breakglass": {"maxWindow": 86401}},
                                "predicate.breakglass.maxWindow"),
                               ({"honours": ["11" * 32]}, "predicate.honours"),
                               ({"scopes": [{"initiator": {"uid": 1}, "mode": "observe"}]},
                                "predicate.scopes[0].mode")):
            with self.subTest(changes=changes):
                self.draft(**(strict | changes))
                self.assertEqual(self.fields("p.draft"), {field})
                self.assertEqual(self.fields("p.draft", "--strict", expect=NO), {field})
        self.assertLessEqual({"predicate.issuers", "predicate.expires",
                              "predicate.revocation.maxAge"}, self.fields("policy.json"))
        self.draft(**strict)
        self.assertEqual(self.fields("p.draft", "--previous", "policy.json"),
                         {"predicate.version"})
        self.draft(**(strict | {"version": 2}))
        self.assertEqual(self.fields("p.draft", "--previous", "policy.json"), set())


class RevocationTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()
        self.run_cli("key", "generate", "--out", "revoker")
        self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--revocation-key", "revoker.pub", "--out",
                     "trust-root.json", "--force")
        self.make_artifact("a", "--host", "h")

    def revoke(self, *options, expect=0):
        return self.run_cli("revoke", "--key", "revoker.key", "--out", "r.json", "--force",
                            *options, expect=expect)

    def show(self, path="r.json", *options):
        return self.run_json("revocation", "show", path, *options)

    def judge(self, expect=NO):
        return self.verify("a.json", "--host", "h", "--revocation", "r.json", expect=expect)

    def test_every_kind_of_entry_blocks(self):
        artifact = self.verify("a.json", "--host", "h")["sha256"]
        issuer = self.run_json("key", "show", "issuer.pub")["fingerprint"]
        for options, member, entry in ((("--artifact", "a.json"), "artifacts", artifact),
                                       (("--artifact", artifact), "artifacts", artifact),
                                       (("--issuer", "issuer.pub"), "issuers", issuer),
                                       (("--issuer", issuer), "issuers", issuer),
                                       (("--host", "h"), "hosts", "h")):
            with self.subTest(options=options):
                said = self.revoke(*options).err
                self.assertIn("signing this revocation list", said)
                self.assertIn(entry, said)
                self.assertEqual(self.show()[member], [entry])
                verdict = self.judge()
                self.assertEqual((verdict["accepted"], verdict["genuine"]), (False, True))
                self.assertEqual(verdict["rejection"]["reason"], "revoked")
                self.assertIn("BLOCKED", self.run_cli(
                    "artifact", "verify", "--trust-root", "trust-root.json", "--policy",
                    "policy.json", "--host", "h", "--revocation", "r.json", "a.json",
                    expect=NO).out)

    def test_entries_of_others_block_nothing(self):
        self.revoke("--artifact", "11" * 32, "--issuer", "root.pub", "--host", "other")
        self.assertTrue(self.judge(expect=0)["accepted"])

    def test_digest_by_file(self):
        digest = self.verify("a.json", "--host",
                             "h")["statement"]["subject"][0]["digest"]["sha256"]
        self.revoke("--digest", "program")
        self.assertEqual(self.show()["digests"], [digest])
        self.assertEqual(self.judge()["rejection"]["reason"], "revoked")
        # Of several contents, the others stay good.
        self.path("other").write_bytes(b"\x7fELF and other")
        self.make_artifact("b", "--host", "h", "--subject", "other")
        words = ("b.json", "--host", "h", "--revocation", "r.json")
        self.assertEqual(self.verify(*words)["revokedContents"], [digest])

    def test_from_keeps_entries_and_raises_the_epoch(self):
        self.revoke("--epoch", 4, "--host", "x", "--host", "x")
        self.run_cli("revoke", "--key", "revoker.key", "--from", "r.json", "--host", "y",
                     "--artifact", "a.json", "--out", "next.json")
        shown = self.show("next.json", "--trust-root", "trust-root.json")
        self.assertEqual((shown["epoch"], shown["hosts"], len(shown["artifacts"])),
                         (5, ["x", "y"], 1))
        self.assertTrue(shown["verified"])

    def test_a_list_may_be_empty(self):
        self.revoke()
        self.assertEqual((self.show()["epoch"], self.show()["entries"]), (1, 0))
        self.assertTrue(self.judge(expect=0)["accepted"])

    def test_by_another_key_it_is_refused(self):
        self.run_cli("revoke", "--key", "issuer.key", "--out", "bad.json")
        for command in (("revocation", "show", "--trust-root", "trust-root.json", "bad.json"),
                        ("artifact", "verify", "--trust-root", "trust-root.json", "--policy",
                         "policy.json", "--revocation", "bad.json", "a.json")):
            failed = self.run_cli(*command, expect=ERROR)
            self.assertIn("bad.json", failed.err)
            self.assertIn("invalid signature", failed.err)

    def test_what_the_policy_demands_and_is_not_there(self):
        self.run_cli("policy", "sign", "--key", "root.key", "--mode", "enforce",
                     "--revocation-max-age", "1h", "--out", "policy.json", "--force")
        self.make_artifact("b", "--host", "h")
        blocked = self.verify("b.json", "--host", "h", expect=NO)
        self.assertEqual(blocked["rejection"]["reason"], "environment failure")
        self.revoke()
        words = ("b.json", "--host", "h", "--revocation", "r.json")
        self.assertTrue(self.verify(*words)["accepted"])
        old = self.verify(*words, "--at", "+2h", expect=NO)
        self.assertEqual(old["rejection"]["field"], "revocation: predicate.issuedAt")

    def test_usage(self):
        self.revoke()
        for options, word in ((("--epoch", 2, "--from", "r.json"), "--from"),
                              (("--artifact", "missing"), "missing"),
                              (("--issuer", "missing"), "missing"),
                              (("--digest", "missing"), "missing"),
                              (("--artifact", "program"), "program"),
                              (("--epoch", 0), "--epoch 0"),
                              (("--from", "policy.json"), "policy.json"),
                              (("--host", "x" * 254), "--host")):
            with self.subTest(options=options):
                before = self.snapshot()
                code = USAGE if word.startswith("--") else ERROR
                self.assertIn(word, self.revoke(*options, expect=code).err)
                self.assertEqual(self.snapshot(), before)


if __name__ == "__main__":
    unittest.main()
