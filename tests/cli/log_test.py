#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Logs of records: read, verified, proved, witnessed by the tool, and checked by a reader that knows the
specifications alone."""
import base64
import hashlib
import json
import os
import shutil
import subprocess
import unittest

import tlog_reader as reader
from support import BOOT, ERROR, NO, USAGE, WorkshopTest, commit, denial, line_of

MAKER = os.environ["WARRANT_TLOG_MAKER"]
WITNESS = "witness.example/1"


def accepted(artifact):
    """The record of an artifact in an envelope."""
    payload = base64.b64decode(json.loads(artifact)["payload"])
    record = {"artifact": {"governance": {}, "id": json.loads(payload)["predicate"]["id"],
                           "issuers": ["SHA256:" + "A" * 43],
                           "sha256": hashlib.sha256(payload).hexdigest()},
              "boot": BOOT, "boottime": "1000000000", "host": "host-a", "source": "a.json",
              "subjects": "1", "time": "2026-11-21T10:00:00.000000000Z", "type": "accepted", "v": 1}
    digest = hashlib.sha256(line_of(record).rstrip("\n").encode()).hexdigest()
    return dict(record, id=f"{BOOT[:8]}-r{digest[:12]}")


def many(count):
    """Denials with a second each."""
    return [dict(denial(i, "ee" * 32), time=f"2026-11-21T10:{i // 60:02}:{i % 60:02}.000000000Z")
            for i in range(1, count + 1)]


class LogTest(WorkshopTest):
    RECORDS = [denial(1, "ee" * 32), commit(2, 3, 2), denial(3, "ab" * 32, path="/tmp/other")]

    def grow(self, records, signed, folder=".", seed=1):
        """The lines; `signed`: entries under a checkpoint."""
        lines = [line_of(record) for record in records]
        self.path("lines").write_text("".join(lines))
        made = subprocess.run([MAKER, self.path(folder), "records", self.path("lines"), str(signed),
                               str(seed)], check=True, capture_output=True, text=True, timeout=60)
        self.vkey, self.witness_vkey = made.stdout.split()
        return lines

    def checkpoint(self, name):
        shutil.copy(self.path("lineage/checkpoint"), self.path(name))


class ReadingTest(LogTest):
    def test_a_log_answers_as_a_file_does(self):
        lines = self.grow(self.RECORDS, 2)  # the third is in the write-ahead file only
        self.assertEqual(self.run_cli("lineage", "export", "lineage").out, "".join(lines))
        self.assertEqual(self.run_cli("lineage", "export", "--lineage-dir", "lineage").out, "".join(lines))
        self.assertEqual([record["id"] for record in self.run_json("lineage", "export", "lineage")],
                         [record["id"] for record in self.RECORDS])
        self.path("file").write_text("".join(lines))
        for words in (("replay",), ("lineage", "export")):
            self.assertEqual(self.run_json(*words, "lineage"), self.run_json(*words, "file"))
        self.assertEqual(self.run_json("denials", "--lineage-dir", "lineage")["total"], 2)
        self.assertIn("/tmp/other", self.run_cli("explain", f"{BOOT[:8]}-3", "--lineage-dir", "lineage").out)
        self.assertIn("2 of 2 decisions confirmed", self.run_cli("replay", "lineage").out)

    def test_the_latest_boot_is_shown(self):
        later = dict(commit(4, 9, 8, path="/usr/bin/later"), boot="4" + BOOT[1:], id="4f2a9c1d-4")
        self.grow(self.RECORDS + [later], 4)
        paths = [node["path"] for node in
                 self.run_json("lineage", "show", "--lineage-dir", "lineage")["nodes"]]
        self.assertIn("/usr/bin/later", paths)
        self.assertNotIn("/usr/bin/true", paths)
        self.assertIn("/usr/bin/true", self.run_cli("lineage", "show", "--all-boots", "--lineage-dir",
                                                    "lineage").out)

    def test_files_of_older_versions_come_first(self):
        self.grow(self.RECORDS[1:], 2)
        self.path(f"lineage/lineage-{BOOT}.jsonl").write_text(line_of(self.RECORDS[0]))
        shown = self.run_json("lineage", "export", "--lineage-dir", "lineage")
        self.assertEqual([record["id"] for record in shown], [record["id"] for record in self.RECORDS])

    def test_what_is_no_log(self):
        self.path("empty").mkdir()
        self.assertIn("no log", self.run_cli("replay", "empty", expect=ERROR).err)
        self.run_cli("lineage", "export", "missing", expect=ERROR)
        self.run_cli("lineage", "export", "--lineage-dir", "empty", expect=ERROR)


class VerifyTest(LogTest):
    def problem(self, *words):
        return self.run_json("lineage", "verify", "lineage", *words, expect=NO)["problem"]

    def test_a_log_that_is_what_was_signed(self):
        self.grow(self.RECORDS, 2)
        told = self.run_json("lineage", "verify", "lineage", "--key", self.vkey)
        self.assertTrue(told["verified"])
        self.assertFalse(told["keyIsBeside"])
        self.assertEqual((told["checkpoint"]["size"], told["unsignedEntries"]), (2, 1))
        text = self.run_cli("lineage", "verify", "lineage").out
        for words in ("VERIFIED", "1 entries behind", "lies beside the log", "nothing was cut off"):
            self.assertIn(words, text)
        self.assertIn("VERIFIED", self.run_cli("lineage", "verify", "--log", "lineage", "--key", "log.vkey").out)
        self.assertIn("VERIFIED", self.run_cli("lineage", "verify", "lineage/.").out)
        self.run_cli("lineage", "verify", "lineage", "--log", "lineage", expect=USAGE)

    def test_tampering(self):
        self.grow(many(599), 599)
        files = [path for path in self.path("lineage").rglob("*")
                 if path.is_file() and ".state" not in path.parts]
        self.assertEqual(len(files), 8)
        for path in files:
            good = path.read_bytes()
            for at in (0, len(good) // 2, len(good) - 1):
                with self.subTest(path=path.name, at=at):
                    path.write_bytes(good[:at] + bytes([good[at] ^ 1]) + good[at + 1:])
                    self.assertTrue(self.problem())
            path.unlink()
            self.assertTrue(self.problem())
            path.write_bytes(good)
        self.run_cli("lineage", "verify", "lineage")

    def test_another_key(self):
        self.grow(self.RECORDS, 3)
        shutil.copytree(self.path("lineage"), self.path("stolen"))
        shutil.rmtree(self.path("lineage"))
        mine = self.vkey
        self.grow(self.RECORDS, 3, seed=2)
        self.assertTrue(self.problem("--key", mine))
        self.run_cli("lineage", "verify", "lineage", "--key", self.vkey)
        self.run_cli("lineage", "verify", "lineage", "--key", mine + "x", expect=ERROR)
        self.run_cli("lineage", "verify", "lineage", "--key", self.witness_vkey, expect=USAGE)
        self.run_cli("lineage", "verify", "missing", "--key", mine, expect=ERROR)
        self.path("log.vkey").unlink()
        self.assertIn("--key is not given", self.run_cli("lineage", "verify", "lineage", expect=ERROR).err)

    def test_only_who_saw_more_can_tell_that_it_was_cut(self):
        self.grow(self.RECORDS[:2], 2)
        shutil.copytree(self.path("lineage"), self.path("older"))
        self.checkpoint("kept-2")
        self.grow(self.RECORDS[2:], 3)
        self.checkpoint("kept-3")
        self.assertIn("grew from the 2", self.run_cli("lineage", "verify", "lineage", "--old", "kept-2").out)
        shutil.rmtree(self.path("lineage"))
        shutil.copytree(self.path("older"), self.path("lineage"))
        self.assertIn("VERIFIED", self.run_cli("lineage", "verify", "lineage").out)  # as the page says
        self.assertIn("it was cut", self.problem("--old", "kept-3"))
        shutil.rmtree(self.path("lineage"))
        self.grow([denial(9, "cd" * 32)] * 4, 4)  # another story under the same key
        self.run_cli("lineage", "verify", "lineage")
        self.assertIn("it was rewritten", self.problem("--old", "kept-3"))
        self.assertIn("it was rewritten", self.problem("--old", "kept-2"))


class ProofTest(LogTest):
    def prove(self, what, *words, expect=0):
        return self.run_cli("lineage", "prove", what, "--log", "lineage", "--out", "p", "--force", *words,
                            expect=expect)

    def test_a_proof_holds_for_us_and_for_others(self):
        lines = self.grow(many(299), 299)
        for word, index in ((f"{BOOT[:8]}-1", 0), (f"{BOOT[:8]}-299", 298), ("77", 77)):
            self.prove(word)
            told = self.run_json("lineage", "verify-proof", "p", "--key", self.vkey)
            self.assertTrue(told["proven"])
            self.assertEqual((told["index"], told["record"]["id"]), (index, f"{BOOT[:8]}-{index + 1}"))
            entry = lines[index].rstrip("\n").encode()
            key = reader.Key(self.vkey)
            self.assertEqual(reader.check_proof(self.path("p").read_bytes(), entry, [key]), index)
        self.assertIn("PROVEN", self.run_cli("lineage", "verify-proof", "p", "--key", "log.vkey").out)

    def test_what_does_not_hold_is_not_proven(self):
        self.grow(self.RECORDS, 3)
        self.prove("1")
        good = self.path("p").read_text()
        lines = good.split("\n")
        swapped = json.loads(base64.b64decode(lines[1].split()[1]))
        swapped["record"] = line_of(self.RECORDS[0]).strip()
        other = base64.b64encode(json.dumps(swapped, sort_keys=True, separators=(",", ":")).encode()).decode()
        for bad in (good.replace("index 1", "index 0"), good.replace(lines[1], "extra " + other),
                    good.replace(lines[3], base64.b64encode(bytes(32)).decode()), good[:-10], "x" + good):
            self.path("bad").write_text(bad)
            self.assertFalse(self.run_json("lineage", "verify-proof", "bad", "--key", self.vkey,
                                           expect=NO)["proven"])
        self.path("other").mkdir()
        self.grow([], 0, folder="other", seed=2)
        self.run_cli("lineage", "verify-proof", "p", "--key", self.vkey, expect=NO)
        self.run_cli("lineage", "verify-proof", "p", "--key", "nonsense", expect=ERROR)
        self.run_cli("lineage", "verify-proof", "p", expect=USAGE)

    def test_what_cannot_be_proven(self):
        self.grow(self.RECORDS, 2)
        self.assertIn("no record has the id", self.prove("3f2a9c1d-99", expect=NO).err)
        self.assertIn("is not signed yet", self.prove(f"{BOOT[:8]}-3", expect=ERROR).err)
        self.assertFalse(self.path("p").exists())

    def test_the_artifact_is_told_with_its_record(self):
        self.make_trust()
        self.path("set").mkdir()
        self.make_artifact()
        shutil.copy(self.path("a.json"), self.path("set"))
        self.make_artifact("b")
        shutil.copy(self.path("b.json"), self.path("set"))
        self.grow([accepted(self.path("a.json").read_text())], 1)
        self.prove("0", "--artifacts", "set", "--trust-root", "trust-root.json")
        words = ("lineage", "verify-proof", "p", "--key", self.vkey)
        told = self.run_json(*words)["artifacts"]
        self.assertEqual([(one["namedByRecord"], one["signers"]) for one in told], [(True, [])])
        issuer = self.run_json("key", "show", "issuer.pub")["fingerprint"]
        told = self.run_json(*words, "--trust-root", "trust-root.json")["artifacts"]
        self.assertEqual([one["signers"] for one in told], [[issuer]])
        self.prove("0", "--artifacts", "nowhere", "--trust-root", "trust-root.json")
        self.assertEqual(self.run_json(*words)["artifacts"], [])

    def test_a_delegate_s_artifact_is_proven_by_its_parent(self):
        self.make_trust()
        self.path("set").mkdir()
        self.run_cli("key", "generate", "--out", "delegate")
        self.make_artifact("parent", "--delegate-key", "delegate.pub")
        self.run_cli("artifact", "delegate", "--parent", "parent.json", "--subject", "program", "--key",
                     "delegate.key", "--out", "child.json")
        self.make_artifact("other")
        for name in ("parent", "child"):
            shutil.copy(self.path(f"{name}.json"), self.path("set"))
        self.grow([accepted(self.path("child.json").read_text())], 1)
        self.prove("0", "--artifacts", "set", "--trust-root", "trust-root.json")
        words = ("lineage", "verify-proof", "p", "--key", self.vkey, "--trust-root", "trust-root.json")
        told = self.run_json(*words)
        self.assertEqual([one["delegated"] for one in told["artifacts"]], [True, False])
        self.assertIn("signed by its delegate", self.run_cli(*words).out)
        # An artifact that somebody else put above it, and none at all.
        lines = self.path("p").read_text().split("\n")
        extra = json.loads(base64.b64decode(lines[1].split()[1]))
        for above, words_of in (([self.path("other.json").read_text()], "the one before it"),
                                ([], "not in the bundle")):
            extra["artifacts"] = extra["artifacts"][:1] + above
            text = json.dumps(extra, sort_keys=True, separators=(",", ":"))
            lines[1] = "extra " + base64.b64encode(text.encode()).decode()
            self.path("p").write_text("\n".join(lines))
            self.assertIn(words_of, self.run_json(*words, expect=NO)["problem"])


class WitnessTest(LogTest):
    def setUp(self):
        super().setUp()
        self.run_cli("key", "generate", "--out", "witness")
        self.mine = self.run_cli("lineage", "key", "--secret", "witness.pub", "--name", WITNESS,
                                 "--cosigner").out.strip()

    def cosign(self, *words, expect=0):
        return self.run_json("witness", "--state", "seen", "--key", "witness.key", "--name", WITNESS,
                             "--log-key", "log.vkey", "--force", *words, expect=expect)

    def test_keys(self):
        self.grow(self.RECORDS, 3)
        self.assertEqual(self.run_cli("lineage", "key", "--log", "lineage").out, self.vkey + "\n")
        self.assertEqual(reader.Key(self.mine).kind, reader.COSIGNATURE)
        self.run_cli("lineage", "key", "--secret", "witness.pub", expect=USAGE)
        for words in (("--name", WITNESS), ("--cosigner",)):
            self.assertIn(words[0], self.run_cli("lineage", "key", "--log", "lineage", *words, expect=USAGE).err)

    def test_a_witness_follows_a_log_that_grows(self):
        self.grow(self.RECORDS[:2], 2)
        self.checkpoint("kept")
        self.assertEqual(self.cosign("--log", "lineage", "--out", "cosigned")["size"], 2)
        note = self.path("cosigned").read_bytes()
        text, times = reader.open_note(note, [reader.Key(self.vkey), reader.Key(self.mine)])
        self.assertEqual(reader.parse_checkpoint(text)[1], 2)
        self.assertGreater(times[WITNESS, reader.COSIGNATURE], 0)
        self.grow(self.RECORDS[2:], 3)
        self.run_cli("lineage", "consistency", "kept", "--log", "lineage", "--out", "request")
        self.assertEqual(self.cosign("request", "--out", "cosigned")["size"], 3)
        shutil.copy(self.path("cosigned"), self.path("lineage/checkpoint"))
        told = self.run_json("lineage", "verify", "lineage", "--witness", self.mine)
        self.assertEqual([one["name"] for one in told["checkpoint"]["signedBy"]][1], WITNESS)
        self.run_cli("lineage", "verify", "lineage", "--witness", self.witness_vkey, expect=NO)
        self.run_cli("lineage", "prove", "0", "--log", "lineage", "--out", "p")
        words = ("lineage", "verify-proof", "p", "--key", self.vkey)
        self.run_cli(*words, "--witness", self.mine)
        self.run_cli(*words, "--witness", self.witness_vkey, expect=NO)

    def test_a_witness_refuses_a_log_that_was_rewritten(self):
        self.grow(self.RECORDS[:2], 2)
        self.checkpoint("kept-2")
        shutil.copytree(self.path("lineage"), self.path("older"))
        self.grow(self.RECORDS[2:], 3)
        self.checkpoint("kept-3")
        self.cosign("--log", "lineage")
        self.assertEqual(self.cosign("--log", "older", expect=NO)["lastSize"], 3)
        shutil.rmtree(self.path("lineage"))
        self.grow([denial(9, "cd" * 32)] * 4, 4)
        refused = self.cosign("--log", "lineage", "--out", "cosigned", expect=NO)
        self.assertEqual((refused["refusal"], refused["lastSize"]), ("inconsistent", 3))
        self.assertFalse(self.path("cosigned").exists())
        self.assertIn("NOT CONSISTENT", self.run_cli("lineage", "consistency", "kept-3", "--log", "lineage",
                                                     expect=NO).out)
        self.assertIn("the wrong way round", self.run_cli(
            "lineage", "consistency", "kept-3", "kept-2", "--log", "lineage", expect=NO).out)
        self.run_cli(
            "witness", "--state", "seen", "--key", "witness.key", "--name", WITNESS, "--log-key",
            "log.vkey", expect=USAGE)

    def test_consistency(self):
        self.grow(self.RECORDS[:2], 2)
        self.checkpoint("kept-2")
        self.grow(self.RECORDS[2:], 3)
        self.checkpoint("kept-3")
        told = self.run_json("lineage", "consistency", "kept-2", "kept-3", "--log", "lineage")
        self.assertTrue(told["consistent"])
        self.assertGreater(len(told["proof"]), 0)
        self.run_cli("lineage", "consistency", "kept-2", "--log", "lineage", "--key", self.mine, expect=USAGE)
        self.path("bad").write_text("nothing\n")
        self.run_cli("lineage", "consistency", "bad", "--log", "lineage", expect=ERROR)


if __name__ == "__main__":
    unittest.main()
