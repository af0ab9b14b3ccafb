#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What artifacts can grant and pass on: constraints, delegation, break-glass, lint, export."""
import base64
import hashlib
import json
import unittest

from support import ERROR, NO, USAGE, WorkshopTest


class Workshop(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()
        for name in ("delegate", "second"):
            self.run_cli("key", "generate", "--out", name)
        self.path("program").write_bytes(b"\x7fELF and more")
        self.path("other").write_bytes(b"\x7fELF and other")

    def draft(self, *options, expect=0, initiator=("--initiator", "any")):
        return self.run_cli("artifact", "draft", "--policy", "policy.json", "--out", "d",
                            "--force", *initiator, *options, expect=expect)

    def predicate(self, file="d"):
        return self.run_json("artifact", "inspect", file)["statement"]["predicate"]

    def public(self, name):
        return json.loads(self.path(f"{name}.pub").read_text())["key"]


class GrantTest(Workshop):
    def test_constraints_reach_the_statement(self):
        self.draft("--subject", "program", "--max-uses", 3, "--on-expiry", "kill", "--on-revoke",
                   "kill", "--delegate-key", "delegate.pub", "--delegate-key", "second.pub",
                   "--delegate-threshold", 2, "--delegate-depth", 3, "--initiator", "session=7",
                   "--initiator", "code-of=other", initiator=())
        predicate = self.predicate()
        self.assertEqual(predicate["constraints"],
                         {"maxUses": 3, "onExpiry": "kill", "onRevoke": "kill"})
        self.assertEqual(predicate["initiator"], {
            "session": 7,
            "parentSha256": hashlib.sha256(self.path("other").read_bytes()).hexdigest()})
        self.assertEqual(set(predicate["delegation"].pop("keys")),
                         {self.public("delegate"), self.public("second")})
        self.assertEqual(predicate["delegation"], {"threshold": 2, "maxDepth": 3})
        said = self.run_cli("artifact", "sign", "--key", "issuer.key", "d", "--out", "d.json").err
        for words in ("3 execs", "audit session 7", "ends its processes", "2 of 2 keys",
                      "up to 3 times"):
            self.assertIn(words, said)

    def test_code_by_digest(self):
        self.draft("--subject", "program", "--initiator", "code=" + "ab" * 32, initiator=())
        self.assertEqual(self.predicate()["initiator"], {"parentSha256": "ab" * 32})

    def test_bad_options(self):
        subject = ("--subject", "program")
        for options, word in (((), "--subject"),
                              (("--covers-all",), "breakglass"),
                              ((*subject, "--covers-all", "--kind", "breakglass"), "--covers-all"),
                              ((*subject, "--max-uses", 0), "--max-uses"),
                              ((*subject, "--max-uses", 1000000001), "--max-uses"),
                              ((*subject, "--delegate-depth", 2), "--delegate-key"),
                              ((*subject, "--delegate-key", "delegate.pub", "--delegate-depth",
                                9), "--delegate-depth"),
                              ((*subject, "--delegate-key", "delegate.pub",
                                "--delegate-threshold", 2), "--delegate-threshold"),
                              ((*subject, "--requires-parent"), "--parent"),
                              ((*subject, "--initiator", "code=xyz"), "code-of"),
                              ((*subject, "--initiator", "session=-1"), "session"),
                              ((*subject, "--on-expiry", "stop"), "keep|kill")):
            with self.subTest(options=options):
                self.assertIn(word, self.draft(*options, expect=USAGE).err)
                self.assertFalse(self.path("d").exists())

    def test_breakglass_for_all_must_say_why(self):
        words = ("--kind", "breakglass", "--covers-all", "--valid-for", "1h")
        self.assertIn("--governance: missing", self.draft(*words, expect=USAGE).err)
        self.assertIn("ANY code", self.draft(*words, "--governance", "ticket=1").out)
        self.assertEqual(self.predicate()["covers"], "all")


class DelegationTest(Workshop):
    def parent(self, *options, name="parent"):
        self.run_cli("artifact", "draft", "--subject", "program", "--subject", "other",
                     "--initiator", "any", "--policy", "policy.json", "--delegate-key",
                     "delegate.pub", "--out", f"{name}.draft", *options)
        self.run_cli("artifact", "sign", "--key", "issuer.key", f"{name}.draft", "--out",
                     f"{name}.json")
        return self.run_json("artifact", "inspect", f"{name}.json")

    def delegate(self, *options, expect=0, parent="parent.json", key="delegate.key",
                 out="child.json"):
        return self.run_cli("artifact", "delegate", "--parent", parent, "--subject", "program",
                            "--key", key, "--out", out, "--force", *options, expect=expect)

    def test_child_inherits_what_is_not_narrowed(self):
        parent = self.parent("--max-uses", 5, "--host", "h", "--on-revoke", "kill", "--action",
                             "exec", "--governance", "ticket=1", "--jit", "--interpreter-reads",
                             "suffixes")
        said = self.delegate("--governance", "agent=7")
        self.assertIn(parent["sha256"], said.err)
        child, above = self.predicate("child.json"), parent["statement"]["predicate"]
        for member in ("actions", "initiator", "environment", "policy"):
            self.assertEqual(child[member], above[member])
        self.assertEqual(child["validity"]["notAfter"], above["validity"]["notAfter"])
        self.assertEqual(child["constraints"], {"maxUses": 5, "onRevoke": "kill",
                                                "interpreter": {"reads": "suffixes"}})
        self.assertEqual(child["lineage"]["parentArtifact"], parent["sha256"])
        self.assertEqual(child["governance"], {"ticket": "1", "agent": "7"})
        self.assertNotIn("delegation", child)
        self.assertNotEqual(child["id"], above["id"])

    def test_child_is_accepted_beside_its_ancestors_only(self):
        parent = self.parent("--delegate-depth", 2)
        self.delegate("--delegate-key", "second.pub", "--initiator", "uid=1000")
        self.delegate("--valid-for", "1h", "--requires-parent", parent="child.json",
                      key="second.key", out="grandchild.json")
        verdict = self.verify("grandchild.json", "--parent", "child.json", "--parent",
                              "parent.json")
        self.assertTrue(verdict["accepted"])
        child = self.run_json("artifact", "inspect", "child.json")["sha256"]
        self.assertEqual(verdict["ancestors"], [child, parent["sha256"]])
        for parents in ((), ("--parent", "child.json"), ("--parent", "parent.json")):
            refused = self.verify("grandchild.json", *parents, expect=NO)
            self.assertEqual(refused["rejection"]["reason"], "lineage discontinuity")

    def test_what_is_wider_is_refused_and_named(self):
        self.parent("--host", "h", "--max-uses", 5, "--on-expiry", "kill", "--action", "exec",
                    "--valid-for", "1h", "--interpreter-entry", "scriptOnly",
                    "--interpreter-reads", "listed")
        for options, field in ((("--action", "exec,map"), "predicate.actions"),
                               (("--host", "g"), "predicate.environment.host"),
                               (("--valid-for", "2h"), "predicate.validity.notAfter"),
                               (("--not-before", "-1h"), "predicate.validity.notBefore"),
                               (("--max-uses", 6), "predicate.constraints.maxUses"),
                               (("--on-expiry", "keep"), "predicate.constraints.onExpiry"),
                               (("--jit",), "predicate.constraints.jit"),
                               (("--interpreter-entry", "any"),
                                "predicate.constraints.interpreter.entry"),
                               (("--interpreter-reads", "suffixes"),
                                "predicate.constraints.interpreter.reads"),
                               (("--recovery",), "predicate.recovery"),
                               (("--delegate-key", "second.pub"), "predicate.delegation"),
                               (("--subject", "delegate.pub"), "subject[1].digest.sha256")):
            with self.subTest(options=options):
                failed = self.delegate(*options, expect=ERROR)
                self.assertIn(f"warrant: {field}: wider than the parent parent.json", failed.err)
                self.assertFalse(self.path("child.json").exists())

    def test_initiators_are_only_narrowed(self):
        self.parent()
        self.delegate("--initiator", "uid=1000", "--delegate-key", "second.pub", expect=ERROR)
        self.parent("--delegate-depth", 2, name="deep")
        self.delegate("--initiator", "uid=1000", "--delegate-key", "second.pub",
                      parent="deep.json")
        for who in ("any", "uid=1001", "gid=1000", "unit=nginx.service"):
            failed = self.delegate("--initiator", who, parent="child.json", key="second.key",
                                   out="grandchild.json", expect=ERROR)
            self.assertIn("predicate.initiator.uid: wider", failed.err)

    def test_only_delegates_sign(self):
        self.parent()
        failed = self.delegate(key="second.key", expect=ERROR)
        self.assertIn("predicate.delegation.keys", failed.err)
        self.make_artifact("plain")
        failed = self.delegate(parent="plain.json", expect=ERROR)
        self.assertIn("predicate.delegation: missing", failed.err)

    def test_parent_with_a_manifest(self):
        tree = self.path("tree")
        tree.mkdir()
        (tree / "program").write_bytes(b"#!/bin/sh\n")
        (tree / "program").chmod(0o755)
        self.run_cli("baseline", "capture", "--root", "tree", "--out", "b.draft")
        draft = json.loads(self.path("b.draft").read_text())
        draft["predicate"]["policy"]["sha256"] = self.run_json("policy", "show",
                                                               "policy.json")["sha256"]
        draft["predicate"]["delegation"] = {"keys": [self.public("delegate")], "threshold": 1,
                                            "maxDepth": 1}
        self.path("b.draft").write_text(json.dumps(draft))
        self.run_cli("artifact", "sign", "--key", "issuer.key", "b.draft", "--out", "b.json")
        failed = self.delegate(parent="b.json", expect=ERROR)
        self.assertIn("the parent does not name it", failed.err)
        self.run_cli("artifact", "delegate", "--parent", "b.json", "--subject", "tree/program",
                     "--key", "delegate.key", "--out", "c.json")
        self.assertTrue(self.verify("c.json", "--parent", "b.json")["accepted"])


class LintTest(Workshop):
    NARROW = ("--subject", "program", "--valid-for", "1h", "--host", "h", "--governance", "t=1",
              "--max-uses", "1")

    def fields(self, *words, expect=0):
        linted = self.run_json("artifact", "lint", "d", *words, expect=expect)
        return [one["field"] for one in linted["files"][0]["warnings"]]

    def test_each_widening_is_named(self):
        uid = ("--initiator", "uid=1000")
        self.draft(*self.NARROW, initiator=uid)
        self.assertEqual(self.fields("--strict"), [])
        for options, initiator, fields in (
                (("--not-after", "+32d"), uid, ["predicate.validity"]),
                ((), ("--initiator", "any"), ["predicate.initiator.any"]),
                (("--jit",), uid, ["predicate.constraints.jit"]),
                (("--recovery",), uid, ["predicate.recovery"]),
                (("--action", "exec,update,load"), uid, ["predicate.actions"] * 2),
                (("--delegate-key", "delegate.pub", "--delegate-depth", 2), uid,
                 ["predicate.delegation.maxDepth"])):
            with self.subTest(options=options):
                narrow = [word for word in self.NARROW
                          if "--not-after" not in options or word not in ("--valid-for", "1h")]
                self.draft(*narrow, *options, initiator=initiator)
                self.assertEqual(self.fields(), fields)
                self.assertEqual(self.fields("--strict", expect=NO), fields)
        self.draft("--subject", "program", initiator=uid)
        self.assertEqual(self.fields(), ["predicate.environment.host", "predicate.governance",
                                         "predicate.constraints.maxUses"])

    def test_many_files(self):
        self.make_artifact()
        said = self.run_cli("artifact", "lint", "a.draft", "a.json").out
        self.assertIn("a.draft: predicate", said)
        self.assertIn("a.json: predicate", said)


class ExportTest(Workshop):
    def export(self, *words, expect=0):
        return self.run_cli("artifact", "export", "--sigstore-bundle", *words, "--out", "bundle",
                            "--force", expect=expect)

    def test_bundle_holds_the_signed_bytes(self):
        self.make_artifact()
        self.export("a.json")
        bundle = json.loads(self.path("bundle").read_text())
        envelope = json.loads(self.path("a.json").read_text())
        self.assertEqual(bundle["mediaType"], "application/vnd.dev.sigstore.bundle.v0.3+json")
        for member in ("payload", "payloadType"):
            self.assertEqual(bundle["dsseEnvelope"][member], envelope[member])
        self.assertEqual(bundle["dsseEnvelope"]["signatures"], envelope["signatures"])
        issuer = self.run_json("key", "show", "issuer.pub")["fingerprint"]
        self.assertEqual(bundle["verificationMaterial"], {"publicKey": {"hint": issuer}})
        self.export("a.json", "--key-hint", "release")
        bundle = json.loads(self.path("bundle").read_text())
        self.assertEqual(bundle["verificationMaterial"]["publicKey"]["hint"], "release")
        self.assertTrue(base64.b64decode(bundle["dsseEnvelope"]["payload"]))

    def test_exactly_one_signature(self):
        self.make_artifact()
        self.run_cli("artifact", "sign", "--key", "second.key", "a.json", "--out", "two.json")
        failed = self.export("two.json", expect=ERROR)
        self.assertIn("two.json: signatures: 2", failed.err)
        self.assertFalse(self.path("bundle").exists())
        self.assertIn("--sigstore-bundle", self.run_cli("artifact", "export", "a.json", "--out",
                                                        "x", expect=USAGE).err)


if __name__ == "__main__":
    unittest.main()
