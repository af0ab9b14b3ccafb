#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""warrant lineage prune: what is given up is gone and said to be, what is left proves what it did."""
import base64
import fcntl
import json
import shutil
import unittest

import tlog_reader as reader
from log_test import LogTest
from support import BOOT, ERROR, NO, USAGE, denial, line_of

LATER = "4" + BOOT[1:]
ALL = 700
OLD = 600  # of them are of an earlier boot


def records():
    """A second each, from 10:00; the last hundred of another boot."""
    made = []
    for i in range(ALL):
        boot = BOOT if i < OLD else LATER
        at = f"2026-11-21T10:{i // 60:02}:{i % 60:02}.000000000Z"
        made.append(dict(denial(i + 1, "ee" * 32), time=at, boot=boot, id=f"{boot[:8]}-{i + 1}"))
    return made


class PruneTest(LogTest):
    def setUp(self):
        super().setUp()
        self.lines = self.grow(records(), ALL)

    def prune(self, *words, before="2026-11-21T12:00:00Z", expect=0):
        return self.run_json("lineage", "prune", "--log", "lineage", "--before", before, *words, expect=expect)

    def exported(self):
        return self.run_cli("lineage", "export", "lineage")

    def test_what_is_old_goes(self):
        self.run_cli("lineage", "prove", "5", "--log", "lineage", "--out", "before.proof")
        self.checkpoint("kept")
        told = self.prune()
        self.assertEqual((told["pruned"], told["first"], told["size"], told["done"]), (512, 512, ALL + 1, True))
        self.assertFalse(self.path("lineage/tile/entries/000").exists())
        self.assertTrue(self.path("lineage/tile/0/000").exists())
        done = self.exported()
        lines = done.out.splitlines(keepends=True)
        self.assertEqual(lines[:-1], self.lines[512:])
        record = json.loads(lines[-1])
        self.assertEqual((record["type"], record["entries"]), ("prune", "512"))
        self.assertIn("begins with entry 512", done.err)
        # Everything signed before holds, for us and for a reader of the specifications.
        checked = self.run_json("lineage", "verify", "lineage", "--old", "kept")
        self.assertEqual((checked["verified"], checked["pruned"]), (True, 512))
        self.assertIn("pruned: the first 512", self.run_cli("lineage", "verify", "lineage").out)
        self.run_cli("lineage", "consistency", "kept", "--log", "lineage")
        self.run_cli("lineage", "verify-proof", "before.proof", "--key", self.vkey)
        self.run_cli("lineage", "prove", "600", "--log", "lineage", "--out", "after.proof")
        index = reader.check_proof(self.path("after.proof").read_bytes(), self.lines[600].rstrip("\n").encode(),
                                   [reader.Key(self.vkey)])
        self.assertEqual(index, 600)
        self.assertIn("was pruned", self.run_cli("lineage", "prove", "5", "--log", "lineage", "--out", "no",
                                                 expect=ERROR).err)
        # A copy without the writer's own files.
        shutil.copytree(self.path("lineage"), self.path("copy"), ignore=shutil.ignore_patterns(".state"))
        self.assertTrue(self.run_json("lineage", "verify", "copy", "--key", self.vkey)["verified"])
        self.assertEqual(self.run_cli("lineage", "export", "copy").out, "".join(lines))

    def test_questions_are_answered_from_what_is_left(self):
        ask = ("denials", "--lineage-dir", "lineage")
        words = ("lineage", "top", "--lineage-dir", "lineage", "--index", "index.db")
        self.assertEqual(self.run_json(*ask)["total"], ALL)
        self.run_json(*words)
        self.prune()
        self.assertEqual(self.run_json(*ask)["total"], ALL - 512)
        self.assertIn("begins with entry 512", self.run_cli(*words).err)
        done = self.run_cli("replay", "lineage")
        self.assertIn("confirmed", done.out)
        self.assertIn("begins with entry 512", done.err)
        self.run_cli("lineage", "report", "--lineage-dir", "lineage", "--out", "report.html")
        self.run_cli("lineage", "export", "--format", "openmetrics", "lineage")

    def test_the_log_goes_on(self):
        self.prune(before="2026-11-21T10:05:00Z")
        self.grow([dict(records()[-1], id=f"{LATER[:8]}-{ALL + 1}")], ALL + 2)
        self.assertEqual(self.run_json("lineage", "verify", "lineage")["pruned"], 256)
        self.assertEqual(self.prune()["first"], 512)
        self.assertTrue(self.run_json("lineage", "verify", "lineage")["verified"])

    def test_what_stays(self):
        before = self.snapshot()
        told = self.prune("--dry-run")
        self.assertEqual((told["pruned"], told["done"]), (512, False))
        self.assertEqual(self.snapshot(), before)
        self.assertEqual(self.prune(before="2026-11-21T10:00:10Z")["pruned"], 0)
        self.assertIn("nothing to prune", self.run_cli("lineage", "prune", "--log", "lineage", "--before",
                                                       "2026-11-21T10:00:10Z").out)
        self.assertEqual(self.exported().out, "".join(self.lines))
        self.assertEqual(self.prune("--dry-run")["pruned"], 512)  # the last boot's stay, however old

    def test_a_log_beside_a_link_and_under_other_names(self):
        self.path("data").mkdir()
        self.path("lineage").rename(self.path("data/lineage"))
        self.path("lineage").symlink_to("data/lineage")
        self.assertEqual(self.prune("--dry-run")["pruned"], 512)
        self.assertTrue(self.run_json("lineage", "verify", "lineage")["verified"])
        self.assertEqual(self.prune()["pruned"], 512)

    def test_a_log_that_was_put_back_is_not_signed_anew(self):
        shutil.copytree(self.path("lineage"), self.path("older"))
        self.grow([dict(records()[-1], id=f"{LATER[:8]}-{ALL + 1}")], ALL + 1)
        told = self.run_json("lineage", "verify", "lineage")["checkpoint"]
        self.path("state").mkdir()
        key = base64.b64decode(self.vkey.split("+", 2)[2])[1:]
        none = {f"{name}{what}": zero for name in ("policy", "root")
                for what, zero in (("Sha256", "00" * 32), ("Version", 0))}
        state = {"artifacts": {}, "bonds": {}, "documents": none | {"revocationEpoch": 0, "revocationSha256": "00" * 32},
                 "era": "", "log": {"key": key.hex(), "root": base64.b64decode(told["root"]).hex(), "size": told["size"]},
                 "root": "", "serial": 1, "version": 1, "wall": 0}
        self.path("state/state.json").write_text(json.dumps(state, sort_keys=True, separators=(",", ":")))
        self.prune("--dry-run")
        shutil.rmtree(self.path("lineage"))
        self.path("older").rename(self.path("lineage"))
        before = self.snapshot()
        refused = self.run_cli("lineage", "prune", "--log", "lineage", "--before", "now", expect=ERROR)
        self.assertIn("is not the one that warrantd knows", refused.err)
        after = self.snapshot()
        changed = {path for path in before if before[path] != after.get(path)}
        self.assertFalse([path for path in changed if "tile" in path or path.endswith("checkpoint")], changed)

    def test_a_log_that_was_changed_is_left_as_it_is(self):
        self.grow([dict(records()[-1], id=f"{LATER[:8]}-{ALL + 1}")], 0)  # behind the checkpoint
        signed = self.path("lineage/checkpoint").read_bytes()
        path = self.path("lineage/tile/entries/001")
        good = path.read_bytes()
        path.write_bytes(good[:100] + bytes([good[100] ^ 1]) + good[101:])
        refused = self.run_cli("lineage", "prune", "--log", "lineage", "--before", "now", expect=ERROR)
        self.assertIn("NOT VERIFIED", refused.err)
        self.assertEqual(self.path("lineage/checkpoint").read_bytes(), signed)
        self.assertTrue(self.path("lineage/tile/entries/000").exists())

    def test_what_was_taken_away_is_not_taken_for_pruned(self):
        self.prune(before="2026-11-21T10:05:00Z")
        pruned = self.path("lineage/pruned")
        said = pruned.read_text()
        pruned.write_text(said.replace("\n256\n", "\n512\n"))
        self.path("lineage/tile/entries/001").unlink()
        problem = self.run_json("lineage", "verify", "lineage", expect=NO)["problem"]
        self.assertIn("they were taken away", problem)
        pruned.unlink()
        self.assertIn("is missing", self.run_json("lineage", "verify", "lineage", expect=NO)["problem"])

    def test_who_may_not(self):
        with open(self.path("lineage/.state/lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assertIn("stop warrantd", self.run_cli("lineage", "prune", "--log", "lineage", "--before", "now",
                                                        expect=ERROR).err)
        self.run_cli("lineage", "prune", "--log", "lineage", expect=USAGE)
        self.run_cli("lineage", "prune", "--log", "lineage", "--before", "+1h", expect=USAGE)
        self.run_cli("lineage", "prune", "--log", "missing", "--before", "now", expect=ERROR)
        self.run_cli("key", "generate", "--out", "other")
        other = self.run_cli("lineage", "key", "--secret", "other.pub", "--name", "x").out.strip()
        self.assertIn("--key", self.run_cli("lineage", "prune", "--log", "lineage", "--before", "now", "--key",
                                            other, expect=USAGE).err)
        self.path("log.vkey").rename(self.path("away.vkey"))
        self.assertIn("log.vkey", self.run_cli("lineage", "prune", "--log", "lineage", "--before", "now",
                                               expect=ERROR).err)
        self.assertFalse(self.path("log.vkey").exists())
        self.path("away.vkey").rename(self.path("log.vkey"))
        self.path("log.key").unlink()
        self.run_cli("lineage", "prune", "--log", "lineage", "--before", "now", expect=ERROR)
        self.assertEqual(self.exported().out, "".join(self.lines))


if __name__ == "__main__":
    unittest.main()
