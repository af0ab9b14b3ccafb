#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Questions to the index of the records."""
import os
import subprocess
import unittest

from lineage_records import ACCEPTED, ARTIFACT, ISSUER, PAYLOAD, allowed
from support import (BINARY, CACHE, ERROR, NO, OK, REJECTED, USAGE, WorkshopTest, commit,
                     denial, environment, line_of, write_lineage)


class QueryTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.records = [
            REJECTED, commit(1, 2, 1, pid=50), commit(2, 3, 2, path="/usr/bin/ls", pid=51),
            allowed(3), allowed(4), allowed(5, uid=0, cgroup="/user.slice/user-7.slice/"
                                                            "session-3.scope"),
            denial(6, "cd" * 32), denial(7, "ee" * 32, path="/usr/bin/tool")]
        self.file = write_lineage(self.path("lineage"), self.records)

    def ask(self, *words, expect=OK):
        return self.run_json("lineage", *words, "--lineage-dir", "lineage", expect=expect)

    def append(self, *records):
        with open(self.file, "a") as file:
            file.write("".join(map(line_of, records)))

    def index_file(self):
        return max((entry.path for entry in os.scandir(f"{CACHE}/warrant")),
                   key=lambda path: os.stat(path).st_mtime_ns)

    def test_who_ran(self):
        runs = self.ask("who-ran", "/usr/bin/tool")["runs"]
        self.assertEqual([(run["uid"], run["count"]) for run in runs], [(0, 1), (1000, 2)])
        self.assertEqual(runs[1]["id"], "3f2a9c1d-4")
        self.assertEqual(runs[1]["artifact"], ARTIFACT)
        self.assertEqual(runs[1]["parent"], "/usr/bin/true")
        self.assertEqual(self.ask("who-ran", "tool")["runs"], runs)
        self.assertEqual(self.ask("who-ran", "dd" * 32)["runs"], runs)
        self.assertEqual(self.ask("who-ran", "ool", expect=NO)["runs"], [])
        denied = self.ask("who-ran", "/usr/bin/tool", "--denied")["runs"]
        self.assertEqual(denied[0]["reason"], "missing authorization")
        self.assertEqual(len(denied), 3)
        self.assertEqual(len(self.ask("who-ran", "tool", "--limit", 1)["runs"]), 1)
        text = self.run_cli("lineage", "who-ran", "tool", "--lineage-dir", "lineage").out
        self.assertIn("session-3.scope", text)

    def test_part_of_a_digest_is_told(self):
        def ask(word):
            return self.run_cli("lineage", "who-ran", word, "--lineage-dir", "lineage",
                                expect=NO).err

        self.assertIn("64 characters", ask("dd" * 6))
        self.assertNotIn("64 characters", ask("evil"))

    def test_an_index_is_not_kept_where_others_write(self):
        self.path("cache/warrant").mkdir(parents=True)
        self.path("cache/warrant").chmod(0o777)
        done = subprocess.run([BINARY, "lineage", "top", "--lineage-dir", "lineage"], cwd=self.dir,
                              env=environment() | {"XDG_CACHE_HOME": str(self.path("cache"))},
                              capture_output=True)
        self.assertEqual(done.returncode, OK)
        self.assertEqual(os.listdir(self.path("cache/warrant")), [])

    def test_time(self):
        def ask(*words):
            return sum(run["count"] for run in self.ask("who-ran", "tool", *words)["runs"])

        self.assertEqual(ask("--since", "2026-11-21T10:00:04Z"), 2)
        self.assertEqual(ask("--until", "2026-11-21T10:00:04Z"), 1)
        self.assertEqual(ask("--since", "2026-11-21T10:00:04Z", "--until",
                             "2026-11-21T10:00:05Z"), 1)
        self.run_cli("lineage", "who-ran", "tool", "--lineage-dir", "lineage", "--since", "1h",
                     "--until", "2h", expect=USAGE)

    def test_top(self):
        lines = self.ask("top")["lines"]
        self.assertEqual([(line["value"], line["count"]) for line in lines],
                         [("/usr/bin/tool", 3)])
        self.assertEqual({line["value"] for line in self.ask("top", "denied", "--by", "path")
                          ["lines"]}, {"/usr/bin/tool", "/tmp/evil"})
        reasons = self.ask("top", "denied", "--by", "reason")["lines"]
        self.assertEqual([(line["value"], line["count"]) for line in reasons],
                         [("missing authorization", 2)])
        for by in ("digest", "artifact", "user", "unit"):
            self.assertTrue(self.ask("top", "--by", by)["lines"])
        self.run_cli("lineage", "top", "--by", "reason", "--lineage-dir", "lineage", expect=USAGE)
        self.run_cli("lineage", "top", "nothing", "--lineage-dir", "lineage", expect=USAGE)

    def test_show_by_session_login_and_unit(self):
        self.append(commit(8, 9, 2, path="/usr/bin/id", pid=60) |
                    {"task": commit(8, 9, 2, pid=60)["task"] |
                     {"cgroup": "/user.slice/user-7.slice/session-3.scope"}})
        for words in (("--session", 3), ("--login", 7), ("--unit", "session-3.scope")):
            with self.subTest(words=words):
                shown = self.ask("show", *words)["nodes"]
                self.assertEqual([node["lineage"] for node in shown if node["matches"]], ["9"])
        self.assertEqual(self.ask("show", "--session", 4)["nodes"], [])
        dot = self.run_cli("lineage", "show", "--dot", "--lineage-dir", "lineage").out
        self.assertTrue(dot.startswith('digraph "lineage" {'))
        self.assertIn('"0.2" -> "0.9"', dot)
        self.run_cli("lineage", "show", "--dot", "--json", expect=USAGE)

    def test_the_index_goes_on_and_is_made_anew(self):
        self.assertEqual(len(self.ask("who-ran", "tool")["runs"]), 2)
        index = self.index_file()
        inode = os.stat(index).st_ino
        self.append(allowed(8, uid=5))
        self.assertEqual(len(self.ask("who-ran", "tool")["runs"]), 3)
        self.assertEqual(os.stat(index).st_ino, inode, "made anew for no reason")
        # Damage, in whatever way, costs time, never an answer.
        for damage in (b"", b"rubbish" * 1000):
            with open(index, "wb") as file:
                file.write(damage)
            self.assertEqual(len(self.ask("who-ran", "tool")["runs"]), 3)
        with open(index, "r+b") as file:
            for page in range(1, os.stat(index).st_size // 4096):
                file.seek(4096 * page)
                file.write(b"\0" * 4096)
        self.assertEqual(len(self.ask("who-ran", "tool")["runs"]), 3)
        # A log that was replaced.
        write_lineage(self.path("lineage"), [allowed(1)])
        self.assertEqual(len(self.ask("who-ran", "tool")["runs"]), 1)
        self.ask("who-ran", "tool", "--rebuild")

    def test_an_index_of_ones_own_choice(self):
        self.ask("top", "--index", "my.db")
        self.assertTrue(self.path("my.db").exists())
        self.path("no-index").write_text("important")
        self.path("no-index").chmod(0o666)
        self.assertIn("others may write it",
                      self.run_cli("lineage", "top", "--index", "no-index", "--lineage-dir",
                                   "lineage", expect=ERROR).err)
        self.assertEqual(self.path("no-index").read_text(), "important")
        self.run_cli("lineage", "top", "--index", "nowhere/my.db", "--lineage-dir", "lineage",
                     expect=ERROR)

    def test_without_a_place_for_an_index(self):
        done = subprocess.run([BINARY, "lineage", "top", "--lineage-dir", "lineage"], cwd=self.dir,
                              env=environment() | {"XDG_CACHE_HOME": "/proc/nowhere"},
                              capture_output=True)
        self.assertEqual(done.returncode, OK)
        self.assertIn(b"/usr/bin/tool", done.stdout)

    def test_authority(self):
        self.append(ACCEPTED)
        answer = self.ask("authority", ARTIFACT)
        self.assertEqual(answer["artifact"], ARTIFACT)
        payload = answer["payloads"][0]
        self.assertEqual((payload["sha256"], payload["allowed"], payload["denied"]),
                         (PAYLOAD, 3, 0))
        self.assertEqual(payload["policies"][0]["sha256"], "11" * 32)
        self.assertEqual([life["kind"] for life in answer["lives"]], ["rejected", "accepted"])
        for name in (PAYLOAD, "3f2a9c1d-3"):
            self.assertEqual(self.ask("authority", name)["artifact"], ARTIFACT)
        text = self.run_cli("lineage", "authority", ARTIFACT, "--lineage-dir", "lineage").out
        self.assertIn(ISSUER, text)
        self.assertIn("no envelope with this payload", text)
        for name in ("3f2a9c1d-99", "rubbish", "9" * 32, "9" * 64):
            self.run_cli("lineage", "authority", name, "--lineage-dir", "lineage", expect=NO)

    def attributed(self, path, key):
        """What a record says of the artifact in this file."""
        shown = self.run_json("artifact", "inspect", path)
        return {"governance": {}, "id": shown["statement"]["predicate"]["id"],
                "issuers": [self.run_json("key", "show", key)["fingerprint"]],
                "sha256": shown["sha256"]}

    def delegated(self):
        """parent.json of an issuer, child.json of its delegate, and records that name both."""
        self.make_trust()
        self.run_cli("key", "generate", "--out", "delegate")
        self.path("papers").mkdir()
        self.make_artifact("parent", "--delegate-key", "delegate.pub")
        self.run_cli("artifact", "delegate", "--parent", "parent.json", "--subject", "program",
                     "--key", "delegate.key", "--out", "child.json")
        parent = self.attributed("parent.json", "issuer.pub")
        child = self.attributed("child.json", "delegate.pub")
        policy = self.run_json("policy", "show", "policy.json", "--trust-root", "trust-root.json")
        self.append(ACCEPTED | {"artifact": parent},
                    allowed(9) | {"artifact": child, "policy": policy["sha256"]})
        for name in ("parent.json", "child.json"):
            os.rename(self.path(name), self.path("papers") / name)
        return parent, child, policy["sha256"]

    def test_authority_reaches_the_root(self):
        parent, child, policy = self.delegated()
        words = ("authority", child["id"], "--artifacts", "papers", "--policy", "policy.json",
                 "--trust-root", "trust-root.json")
        answer = self.ask(*words)
        self.assertEqual([(link["artifact"], link["sha256"], link["issuers"], link["policy"])
                          for link in answer["payloads"][0]["chain"]],
                         [(one["id"], one["sha256"], one["issuers"], policy)
                          for one in (child, parent)])
        self.assertEqual([one["sha256"] for one in answer["payloads"][0]["policies"]], [policy])
        self.assertEqual(answer["roles"][parent["issuers"][0]], "baseline, task")
        self.assertEqual(answer["roles"][child["issuers"][0]], "", "a delegate is in no root")
        self.assertEqual(answer["trustRoot"]["version"], 1)
        self.assertEqual(len(answer["policySigners"]), 1)
        text = self.run_cli("lineage", *words, "--lineage-dir", "lineage").out
        for expected in (f"derived from: artifact {parent['id']}", "root key",
                         f"{child['issuers'][0]} (no key of the trust root)",
                         f"{parent['issuers'][0]} (role baseline, task)"):
            self.assertIn(expected, text)
        dot = self.run_cli("lineage", *words, "--dot", "--lineage-dir", "lineage").out
        self.assertIn(f'"{child["sha256"]}" -> "{parent["sha256"]}" [label="derived from"]', dot)

    def test_authority_believes_only_the_recorded_payload(self):
        _, child, _ = self.delegated()
        self.make_artifact("other")
        os.rename(self.path("other.json"), self.path("papers/child.json"))
        words = ("authority", child["id"], "--artifacts", "papers")
        chain = self.ask(*words)["payloads"][0]["chain"]
        self.assertEqual([(link["sha256"], link["envelope"]) for link in chain],
                         [(child["sha256"], False)])
        self.run_cli("lineage", "authority", child["id"], "--artifacts", "nowhere",
                     "--lineage-dir", "lineage", expect=ERROR)
        self.run_cli("lineage", *words, "--policy", "policy.json", "--trust-root", "nowhere",
                     "--lineage-dir", "lineage", expect=ERROR)
        # A policy that somebody else signed.
        self.run_cli("key", "generate", "--out", "stranger")
        self.run_cli("policy", "sign", "--key", "stranger.key", "--mode", "enforce", "--out",
                     "forged.json")
        self.run_cli("lineage", *words, "--policy", "forged.json", "--trust-root",
                     "trust-root.json", "--lineage-dir", "lineage", expect=ERROR)


if __name__ == "__main__":
    unittest.main()
