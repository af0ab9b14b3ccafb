#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Capturing and signing what a root file system holds."""
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


class BaselineTest(WorkshopTest):
    PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 3) + b"program"
    LIBRARY = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 3) + b"library"
    OBJECT = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 1) + b"object"
    FILES = {  # path: (content, mode, actions that are expected)
        "bin/program": (PROGRAM, 0o755, "exec,map"),
        "bin/script": (b"#!/bin/sh\n", 0o755, "exec,interpret"),
        "bin/data-with-x": (b"data", 0o700, "exec,interpret"),
        "lib/library.so": (LIBRARY, 0o644, "map"),
        "lib/big-endian.so": (b"\x7fELF\x02\x02\x01" + bytes(9) + struct.pack(">H", 3), 0o644,
                              "map"),
        "lib/object.o": (OBJECT, 0o755, None),
        "lib/modules/m.ko": (OBJECT, 0o644, None),
        "share/text": (b"text", 0o644, None),
        "share/script-without-x": (b"#!/bin/sh\n#", 0o644, "interpret"),
        "share/empty": (b"", 0o755, None),
        "share/__init__.py": (b"", 0o644, "interpret"),
        "share/module.py": (b"import os\n", 0o644, "interpret"),
        "share/module.py.txt": (b"import os, sys\n", 0o644, None),
        "share/Module.class": (b"\xca\xfe\xba\xbe", 0o644, "interpret"),
        "share/setup.sh": (b"A=1\n", 0o755, "exec,interpret"),
        "home/new\nline": (b"#!/x", 0o755, "exec,interpret"),
        "skip/program": (b"#!/skipped", 0o755, None),
    }

    def setUp(self):
        super().setUp()
        self.make_trust()
        for name, (content, mode, _) in self.FILES.items():
            file = self.path("root") / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(mode)
        os.symlink("/bin/sh", self.path("root/bin/link"))
        os.symlink("/", self.path("root/loop"))
        os.link(self.path("root/bin/program"), self.path("root/bin/hard-link"))
        os.mkfifo(self.path("root/fifo"), 0o755)

    def capture(self, *options, expect=OK):
        return self.run_json("baseline", "capture", "--root", "root", "--out", "b.draft",
                             "--exclude", "/skip", *options, expect=expect)

    def test_capture_finds_exactly_the_code(self):
        made = self.capture()
        names = {}
        for line in self.path("b.draft.names").read_text().splitlines():
            digest, actions, path = line.split(" ", 2)
            names[path] = (digest, actions)
        expected = {"/" + name.replace("\n", "\\x0a"): (hashlib.sha256(content).hexdigest(), actions)
                    for name, (content, _, actions) in self.FILES.items() if actions}
        expected["/bin/hard-link"] = expected["/bin/program"]
        self.assertEqual(names, expected)
        self.assertEqual(made["files"], len(expected))
        self.assertEqual(made["modulesSkipped"], 1)
        records = self.path(made["manifest"]).read_bytes()
        self.assertEqual(len(records), 72 * made["contents"])
        digests = [records[at:at + 32].hex() for at in range(0, len(records), 72)]
        self.assertEqual(digests, sorted({digest for digest, _ in expected.values()}))

    def test_modules_when_asked(self):
        self.assertEqual(self.capture("--modules")["kinds"]["modules"], 1)

    def names(self, file):
        """{path: actions}"""
        return {line.split(" ", 2)[2]: line.split(" ", 2)[1]
                for line in self.path(file).read_text().splitlines()}

    def place_interpreters(self):
        for name, content in (("python3.11", b"py"), ("perl", b"perl"), ("dash", b"dash"),
                              ("strange", b"lua"), ("copy", b"py")):
            self.path(f"root/bin/{name}").write_bytes(self.PROGRAM + content)
            self.path(f"root/bin/{name}").chmod(0o755)
        self.path("root/bin/python3-config").write_bytes(b"#!/bin/sh\n")
        self.path("root/bin/python3-config").chmod(0o755)
        os.symlink("python3.11", self.path("root/bin/python3"))
        os.symlink("/bin/strange", self.path("root/lua5.4"))
        os.symlink("/nowhere/perl", self.path("root/perl"))

    def test_interpreters_in_a_draft_of_their_own(self):
        self.place_interpreters()
        made = self.capture("--restrict-interpreters", "languages")
        self.assertEqual(made["interpreters"], "b.draft.interpreters")
        self.assertEqual(made["interpretersRestricted"], 4)
        names = self.names("b.draft.interpreters.names")
        self.assertEqual(names, {f"/bin/{name}": "exec,map,interpret"
                                 for name in ("python3.11", "perl", "strange", "copy")})
        rest = self.names("b.draft.names")
        self.assertFalse(set(rest) & set(names))
        self.assertEqual(rest["/bin/dash"], "exec,map")
        self.assertEqual(rest["/bin/python3-config"], "exec,interpret")
        draft = json.loads(self.path("b.draft.interpreters").read_text())["predicate"]
        self.assertEqual(draft["constraints"],
                         {"interpreter": {"entry": "scriptOnly", "reads": "suffixes"}})
        self.assertNotIn("constraints", json.loads(self.path("b.draft").read_text())["predicate"])
        made = self.capture("--restrict-interpreters", "all", "--force")
        self.assertEqual(made["interpretersRestricted"], 5)
        self.path("signed").mkdir()
        for draft in ("b.draft", "b.draft.interpreters"):
            self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                         "--initiator", "any", draft, "--out", f"signed/{draft}.json")
        self.run_cli("artifact", "compile", "--trust-root", "trust-root.json", "--policy",
                     "policy.json", "signed")

    def test_interpreters_that_are_not_there_cannot_be_restricted(self):
        failed = self.run_cli("baseline", "capture", "--root", "root", "--out", "b.draft",
                              "--restrict-interpreters", "all", expect=ERROR)
        self.assertIn("no interpreters found", failed.err)
        self.assertFalse(self.path("b.draft").exists())

    def test_lint_knows_interpreters_by_the_names(self):
        def warned(file):
            linted = self.run_json("artifact", "lint", file)
            return [one["text"] for one in linted["files"][0]["warnings"]
                    if one["field"] == "predicate.constraints.interpreter.entry"]

        self.capture()
        self.assertEqual(warned("b.draft"), [])
        self.place_interpreters()
        told = self.run_cli("baseline", "capture", "--root", "root", "--out", "c.draft").out
        self.assertIn("interpreters run whatever they are given: /bin/copy, /bin/dash", told)
        self.assertIn("/bin/dash /bin/perl /bin/python3.11", warned("c.draft")[0])
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--initiator", "any", "c.draft", "--out", "c.json")
        self.assertEqual(warned("c.json"), warned("c.draft"))
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--initiator", "any", "--interpreter-entry", "scriptOnly", "c.draft",
                     "--out", "d.json")
        self.assertEqual(warned("d.json"), [])

    def test_sign_carries_the_manifest_and_it_verifies(self):
        self.capture()
        self.path("signed").mkdir()
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--initiator", "any", "--valid-for", "90d", "b.draft", "--out",
                     "signed/b.json")
        verdict = self.verify("signed/b.json")
        self.assertEqual(verdict["manifestRecords"],
                         verdict["statement"]["predicate"]["manifest"]["count"])
        # Signed twice, they can stand side by side.
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--initiator", "any", "b.draft", "--out", "signed/again.json")
        self.run_cli("artifact", "compile", "--trust-root", "trust-root.json", "--policy",
                     "policy.json", "signed")

    def test_draft_without_policy_is_not_signed_as_it_is(self):
        self.capture()
        failed = self.run_cli("artifact", "sign", "--key", "issuer.key", "b.draft", "--out",
                              "b.json", expect=ERROR)
        self.assertIn("predicate.policy.sha256", failed.err)
        self.assertFalse(self.path("b.json").exists())

    def test_other_manifest_than_captured_is_not_signed(self):
        made = self.capture()
        manifest = self.path(made["manifest"])
        manifest.write_bytes(manifest.read_bytes()[:-72])
        failed = self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                              "--initiator", "any", "b.draft", "--out", "b.json", expect=ERROR)
        self.assertIn(".manifest", failed.err)
        self.assertIn("predicate.manifest.count", failed.err)

    def test_who_may_use_a_baseline_must_be_said(self):
        self.capture()
        words = ("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json", "b.draft",
                 "--out", "b.json")
        failed = self.run_cli(*words, expect=USAGE)
        self.assertIn("--initiator WHO is missing", failed.err)
        self.assertFalse(self.path("b.json").exists())
        self.run_cli(*words, "--initiator", "uid=0")
        self.assertEqual(self.verify("b.json")["statement"]["predicate"]["initiator"], {"uid": 0})

    def test_only_drafts_of_baselines_are_signed_as_such(self):
        self.capture()
        self.make_artifact()
        words = ("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                 "--initiator", "any", "--out", "b.json")
        failed = self.run_cli(*words, "a.draft", expect=ERROR)
        self.assertIn("predicate.kind: task, no baseline", failed.err)
        self.assertIn("artifact sign", failed.err)
        self.assertIn("signed already", self.run_cli(*words, "a.json", expect=ERROR).err)
        self.assertFalse(self.path("b.json").exists())
        self.run_cli(*words, "b.draft")

    def test_root_that_is_a_file(self):
        self.path("file").write_bytes(self.PROGRAM)
        failed = self.run_cli("baseline", "capture", "--root", "file", "--out", "x", expect=ERROR)
        self.assertIn("file: not a directory", failed.err)
        self.assertIn("artifact draft", failed.err)

    def test_missing_root_and_no_code(self):
        self.assertIn("nowhere", self.run_cli("baseline", "capture", "--root", "nowhere", "--out",
                                              "x", expect=ERROR).err)
        self.path("empty").mkdir()
        self.assertIn("no code", self.run_cli("baseline", "capture", "--root", "empty", "--out",
                                              "x", expect=ERROR).err)

    @unittest.skipIf(os.geteuid() == 0, "root reads everything")
    def test_unreadable_file_means_no_baseline(self):
        self.path("root/bin/script").chmod(0o111)
        failed = self.run_cli("baseline", "capture", "--root", "root", "--out", "x", expect=ERROR)
        self.assertIn("bin/script", failed.err)

    def test_interrupted_capture_leaves_nothing(self):
        big = self.path("root/bin/big")
        with open(big, "wb") as file:
            file.write(self.PROGRAM)
            file.truncate(1 << 36)  # sparse: takes minutes to hash, no time to make
        big.chmod(0o755)
        before = set(self.dir.iterdir())
        running = subprocess.Popen([BINARY, "baseline", "capture", "--root", "root", "--out", "x"],
                                   cwd=self.dir, env=environment(), stderr=subprocess.DEVNULL)
        self.addCleanup(running.wait)
        self.addCleanup(running.kill)

        def is_open(path):
            try:
                return os.path.samefile(path, big)
            except FileNotFoundError:  # closed meanwhile
                return False

        fds = Path(f"/proc/{running.pid}/fd")
        while running.poll() is None and not any(map(is_open, fds.iterdir())):
            pass
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(timeout=60), -signal.SIGINT)
        self.assertEqual(set(self.dir.iterdir()), before)


if __name__ == "__main__":
    unittest.main()
