#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every file format, broken in every way that the table names: the message names file and field, the
exit code is right, nothing on disk changes, nothing crashes."""
import base64
import json
import unittest

from support import ERROR, NO, WorkshopTest, denial, line_of, write_lineage

LIMITS = {"key": 4096, "document": 4 << 20, "line": 65535}


def edited(text, change):
    """The JSON document after a change to its object."""
    document = json.loads(text)
    change(document)
    return json.dumps(document).encode()


def setting(path, value):
    def change(document):
        *parents, last = path.split("/")
        for name in parents:
            document = document[name]
        document[last] = value
    return change


def in_payload(change):
    def change_envelope(envelope):
        payload = edited(base64.b64decode(envelope["payload"]), change)
        envelope["payload"] = base64.b64encode(payload).decode()
    return change_envelope


def text_breaks(good, limit):
    """Ways to break any JSON document: name, bytes, words that the message must have."""
    text = good.strip()
    head, rest = text[:1], text[1:]
    return [
        ("empty", b"", ["empty"]),
        ("blank", b" \n", ["not JSON"]),
        ("truncated", text[:len(text) // 2], ["not JSON"]),
        ("oversized", text + b" " * limit, [str(limit)]),
        ("an array", b"[" + text + b"]", ["object expected"]),
        ("a string", b'"x"', ["object expected"]),
        ("duplicate member", head + b'"zz":1,"zz":2,' + rest, ["zz", "duplicate"]),
        ("unknown member", head + b'"zz":1,' + rest, ["zz", "unknown member"]),
        ("not UTF-8", head + b'"zz":"\xff",' + rest, ["not JSON"]),
        ("byte order mark", b"\xef\xbb\xbf" + text, ["byte order mark"]),
        ("NUL", text + b"\0", ["NUL"]),
        ("something behind it", text + b"{}", ["not JSON"]),
        ("fraction", head + b'"zz":1.5,' + rest, ["integers"]),
        ("too deep", head + b'"zz":' + b"[" * 99 + b"]" * 99 + b"," + rest, ["nested"]),
        ("binary", bytes(range(256)), []),
    ]


class BadInputTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()
        self.make_artifact()
        self.make_baseline()
        self.lineage = write_lineage(self.path("lineage"), [denial(1, "ee" * 32)])

    def make_baseline(self):
        file = self.path("tree/script")
        file.parent.mkdir()
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
        made = self.run_json("baseline", "capture", "--root", "tree", "--out", "b.draft")
        self.manifest = self.path(made["manifest"])
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--initiator", "any", "b.draft", "--out", "b.json")

    VERIFY = ("artifact", "verify", "--trust-root", "trust-root.json", "--policy", "policy.json")
    SIGN = ("artifact", "sign", "--key", "issuer.key", "--out", "new.json")
    BASELINE_SIGN = ("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--initiator", "any", "--out", "new.json")
    DRAFT = ("artifact", "draft", "--subject", "program", "--initiator", "any", "--out", "new")

    def try_broken(self, file, breaks, command, expect=ERROR):
        """Runs the command with the file broken in each way; the file is put back afterwards."""
        path = self.path(file)
        good, mode = path.read_bytes(), path.stat().st_mode
        for name, content, words in breaks:
            with self.subTest(file=file, broken=name, command=command[:2]):
                path.write_bytes(content)
                path.chmod(mode)
                before = self.snapshot()
                done = self.run_cli(*command, expect=expect)
                said = done.err if expect == ERROR else done.out
                for word in [path.name, *words]:
                    self.assertIn(word, said, done)
                self.assertTrue(said.isascii(), done)
                self.assertEqual(self.snapshot(), before)
        path.write_bytes(good)
        path.chmod(mode)

    def test_not_a_file_at_all(self):
        for command in (("key", "show"), ("trust", "show"), ("policy", "show"), self.SIGN,
                        ("policy", "lint"), ("revocation", "show"), ("artifact", "lint"),
                        self.BASELINE_SIGN, self.VERIFY, ("artifact", "inspect"), ("replay",)):
            with self.subTest(command=command[:2]):
                self.assertIn("missing", self.run_cli(*command, "missing", expect=ERROR).err)
                self.assertIn("tree", self.run_cli(*command, "tree", expect=ERROR).err)

    def test_public_key(self):
        good = self.path("issuer.pub").read_bytes()
        breaks = text_breaks(good, LIMITS["key"]) + [
            ("future version", edited(good, setting("type", "warrant-public-key-v2")), ["type"]),
            ("wrong type", edited(good, setting("key", 1)), ["key"]),
            ("no key", edited(good, lambda key: key.pop("key")), ["key"]),
            ("short key", edited(good, setting("key", "AAAA")), ["key"]),
            ("low order", edited(good, setting("key", base64.b64encode(bytes(32)).decode())),
             ["key"]),
        ]
        self.try_broken("issuer.pub", breaks, ("key", "show", "issuer.pub"))
        self.try_broken("issuer.pub", breaks, ("trust", "init", "--root-key", "root.key",
                                               "--policy-key", "root.pub", "--issuer-key",
                                               "issuer.pub", "--out", "new.json"))

    def test_private_key(self):
        good = self.path("issuer.key").read_bytes()
        breaks = text_breaks(good, LIMITS["key"]) + [
            ("future version", edited(good, setting("type", "warrant-private-key-v2")), ["type"]),
            ("wrong type", edited(good, setting("seed", 1)), ["seed"]),
            ("short seed", edited(good, setting("seed", "AAAA")), ["seed"]),
            ("public key", self.path("issuer.pub").read_bytes(), ["a public key", "fix: "]),
        ]
        self.try_broken("issuer.key", breaks, (*self.SIGN, "a.draft"))
        secret = json.loads(good)["seed"]
        shown = self.run_cli("key", "show", "issuer.key")
        self.assertNotIn(secret, shown.out + shown.err)

    def document_breaks(self, file, payload_breaks):
        good = self.path(file).read_bytes()
        envelope = [
            ("other payload type", edited(good, setting("payloadType", "text/plain")),
             ["payloadType"]),
            ("payload not base64", edited(good, setting("payload", "%")), ["payload"]),
            ("payload a number", edited(good, setting("payload", 1)), ["payload"]),
            ("no signatures", edited(good, setting("signatures", [])), ["signatures"]),
            ("signature a string", edited(good, setting("signatures", ["x"])), ["signatures[0]"]),
        ]
        payload = [(name, edited(good, in_payload(change)), words)
                   for name, change, words in payload_breaks]
        return text_breaks(good, LIMITS["document"]) + envelope, payload

    def test_trust_root(self):
        outer, inner = self.document_breaks("trust-root.json", [
            ("future version", setting("predicateType", "urn:warrant:trust-root:v2"),
             ["predicateType"]),
            ("future statement", setting("_type", "https://in-toto.io/Statement/v2"), ["_type"]),
            ("changed predicate", setting("predicate/version", 7), ["subject"]),
        ])
        self.try_broken("trust-root.json", outer + inner, ("trust", "show", "trust-root.json"))
        self.try_broken("trust-root.json", outer + inner, (*self.VERIFY, "a.json"))

    def test_policy(self):
        outer, inner = self.document_breaks("policy.json", [
            ("future version", setting("predicateType", "urn:warrant:policy:v2"),
             ["predicateType"]),
            ("changed predicate", setting("predicate/mode", "observe"), ["subject"]),
        ])
        self.try_broken("policy.json", outer + inner, ("policy", "show", "policy.json"))
        self.try_broken("policy.json", outer + inner, (*self.DRAFT, "--policy", "policy.json"))
        changed = [(name, content, ["signature"]) for name, content, _ in inner]
        self.try_broken("policy.json", outer + changed, (*self.VERIFY, "a.json"))

    def test_policy_draft(self):
        self.run_cli("policy", "draft", "--mode", "enforce", "--out", "p.draft")
        good = self.path("p.draft").read_bytes()
        breaks = text_breaks(good, LIMITS["document"]) + [
            ("no version", edited(good, lambda draft: draft.pop("version")),
             ["predicate.version"]),
            ("another document", edited(good, setting("payloadType", "text/plain")), []),
        ]
        self.try_broken("p.draft", breaks, ("policy", "sign", "--key", "root.key", "--out",
                                            "new.json", "p.draft"))
        self.try_broken("p.draft", breaks, ("policy", "lint", "p.draft"))

    def test_revocation(self):
        self.run_cli("revoke", "--key", "root.key", "--host", "h", "--out", "r.json")
        outer, inner = self.document_breaks("r.json", [
            ("future version", setting("predicateType", "urn:warrant:revocation:v2"),
             ["predicateType"]),
            ("changed predicate", setting("predicate/epoch", 7), ["subject"]),
        ])
        self.try_broken("r.json", outer + inner, ("revocation", "show", "r.json"))
        # What follows it must be one's own: whatever else is wrong, that is looked at first.
        unsigned = [(name, content, ["signatures"]) for name, content, _ in inner]
        self.try_broken("r.json", outer + unsigned, ("revoke", "--key", "root.key", "--from",
                                                     "r.json", "--out", "new.json"))
        self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--revocation-key", "root.pub", "--out",
                     "trust-root.json", "--force")
        changed = [(name, content, ["signature"]) for name, content, _ in inner]
        self.try_broken("r.json", outer + changed,
                        (*self.VERIFY, "--revocation", "r.json", "a.json"))

    PAYLOAD_BREAKS = [
        ("future version", setting("predicateType", "urn:warrant:authorization:v2"),
         ["predicateType"]),
        ("id too short", setting("predicate/id", "ab"), ["predicate.id"]),
        ("unknown action", setting("predicate/actions", ["fly"]), ["predicate.actions[0]"]),
        ("actions no array", setting("predicate/actions", "exec"), ["predicate.actions"]),
        ("time without zone", setting("predicate/validity/notAfter", "2026-11-21T10:00:00"),
         ["predicate.validity.notAfter"]),
        ("nobody", setting("predicate/initiator", {}), ["predicate.initiator"]),
        ("unenforceable", setting("predicate/constraints", {"maxDepth": 3}),
         ["predicate.constraints.maxDepth", "not supported"]),
        ("no uses", setting("predicate/constraints", {"maxUses": 0}),
         ["predicate.constraints.maxUses"]),
        ("neither keep nor kill", setting("predicate/constraints", {"onExpiry": "stop"}),
         ["predicate.constraints.onExpiry"]),
        ("no delegate", setting("predicate/delegation", {"keys": [], "threshold": 1,
                                                         "maxDepth": 1}),
         ["predicate.delegation.keys"]),
        ("delegate of low order", setting("predicate/delegation",
                                          {"keys": [base64.b64encode(bytes(32)).decode()],
                                           "threshold": 1, "maxDepth": 1}),
         ["predicate.delegation.keys[0]"]),
        ("parent cut off", setting("predicate/lineage", {"parentArtifact": "ab"}),
         ["predicate.lineage.parentArtifact"]),
        ("all for a task", setting("predicate/covers", "all"), ["predicate.covers"]),
        ("unknown in depth", setting("predicate/validity/zz", 1), ["predicate.validity.zz"]),
        ("no subject", setting("subject", []), ["subject"]),
        ("digest in capitals", setting("subject", [{"name": "x", "digest": {"sha256": "A" * 64}}]),
         ["subject[0].digest.sha256"]),
    ]

    def test_draft(self):
        good = self.path("a.draft").read_bytes()
        text = text_breaks(good, LIMITS["document"])
        payload = [(name, edited(good, change), words)
                   for name, change, words in self.PAYLOAD_BREAKS]
        self.try_broken("a.draft", text + payload, (*self.SIGN, "a.draft"))
        self.try_broken("a.draft", text + payload, (*self.BASELINE_SIGN, "a.draft"))
        # One that claims to be of another type is shown as what it claims to be.
        self.try_broken("a.draft", text + payload[1:], ("artifact", "inspect", "a.draft"))

    def test_artifact(self):
        outer, inner = self.document_breaks("a.json", self.PAYLOAD_BREAKS)
        oversized = [one for one in outer if one[0] == "oversized"]
        readable = [one for one in outer if one not in oversized]
        self.try_broken("a.json", readable, (*self.VERIFY, "a.json"), expect=NO)
        self.try_broken("a.json", oversized, (*self.VERIFY, "a.json"))
        self.try_broken("a.json", [(name, content, ["invalid signature"])
                                   for name, content, _ in inner], (*self.VERIFY, "a.json"),
                        expect=NO)
        self.try_broken("a.json", outer + inner[1:], ("artifact", "inspect", "a.json"))
        self.try_broken("a.json", outer + inner, (*self.SIGN, "a.json"))

    def test_manifest(self):
        good = self.manifest.read_bytes()
        reserved = good[:68] + b"\1" + good[69:]
        actionless = good[:64] + bytes(4) + good[68:]
        breaks = [
            ("empty", b"", ["predicate.manifest.count"]),
            ("truncated", good[:-1], ["predicate.manifest.count"]),
            ("oversized", good * 2, ["predicate.manifest.count"]),
            ("other content", bytes(1) * 32 + good[32:], ["predicate.manifest.sha256"]),
            ("no actions", actionless, ["manifest[0].actions"]),
            ("future flags", reserved, ["manifest[0].reserved"]),
        ]
        self.try_broken(self.manifest.name, breaks, (*self.BASELINE_SIGN, "b.draft"))
        for name, content, words in breaks:
            with self.subTest(broken=name, command="verify"):
                self.manifest.write_bytes(content)
                refused = self.verify("b.json", expect=NO)["rejection"]
                self.assertEqual(refused["field"], words[0])
        self.manifest.unlink()
        refused = self.verify("b.json", expect=NO)["rejection"]
        self.assertEqual(refused["field"], "predicate.manifest")
        self.assertIn(self.manifest.name, refused["fix"])

    def test_lineage(self):
        good = denial(1, "ee" * 32)
        line = line_of(good).encode()
        breaks = [
            ("truncated", line[:-20], ["cut off"]),
            ("oversized", line[:-2] + b" " * LIMITS["line"] + b"}\n", [str(LIMITS["line"])]),
            ("blank line", b"\n" + line, [":1:"]),
            ("array", b"[]\n", ["object expected"]),
            ("wrong type", line_of({**good, "host": 1}).encode(), ["host"]),
            ("unknown member", line_of({**good, "zz": 1}).encode(), ["zz"]),
            ("future version", line_of({**good, "v": 2}).encode(), ["v"]),
            ("unknown record", line_of({**good, "type": "zz"}).encode(), ["type"]),
            ("duplicate member", b'{"v":1,' + line[1:], ["duplicate"]),
            ("not UTF-8", line.replace(b"bash", b"ba\xff"), [":1:"]),
            ("raw escape", line.replace(b"bash", b"\\u001b"), ["task.comm"]),
            ("other spelling", line.replace(b'{"', b'{ "', 1), [":1:"]),
            ("binary", bytes(range(256)) * 9, []),
        ]
        relative = str(self.lineage.relative_to(self.dir))
        self.try_broken(relative, breaks, ("replay", relative))
        # Questions are answered from what can be read; what cannot is counted.
        for name, content, _ in breaks[1:]:
            with self.subTest(broken=name, command="denials"):
                self.lineage.write_bytes(content)
                self.assertIn("unreadable", self.run_cli("denials", "--lineage-dir",
                                                         "lineage").err)


if __name__ == "__main__":
    unittest.main()
