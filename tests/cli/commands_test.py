#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every subcommand's good case, and the answers that are no."""
import hashlib
import json
import os
import re
import shlex
import signal
import socket
import stat
import struct
import subprocess
import threading
import unittest

from support import (BINARY, ERROR, NO, OK, REJECTED, SOURCE, USAGE, WorkshopTest, commit,
                         denial, environment, write_lineage)


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

    def test_generate_replaces_only_when_forced(self):
        first = self.run_json("key", "generate", "--out", "k")["fingerprint"]
        before = self.snapshot()
        self.assertIn("--force", self.run_cli("key", "generate", "--out", "k", expect=ERROR).err)
        self.assertEqual(self.snapshot(), before)
        second = self.run_json("key", "generate", "--out", "k", "--force")["fingerprint"]
        self.assertNotEqual(first, second)
        self.assertEqual(self.run_json("key", "show", "k.key")["fingerprint"], second)

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
        self.assertEqual(shown["roles"]["issuer"], {"keys": [issuer], "threshold": 1})
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
        self.make_artifact("a", "--initiator", "any")
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
                     "ticket=OPS-1=2", "--policy", "policy.json", "--not-before",
                     "2026-01-01T00:00:00Z", "--not-after", "2027-01-01T00:00:00Z", "--out", "d")
        predicate = self.run_json("artifact", "inspect", "d")["statement"]["predicate"]
        self.assertEqual(predicate["actions"], ["exec", "update"])
        self.assertEqual(predicate["initiator"], {"uid": 1000, "unit": "nginx.service"})
        self.assertEqual(predicate["kind"], "breakglass")
        self.assertEqual(predicate["constraints"], {"jit": True})
        self.assertIs(predicate["recovery"], True)
        self.assertEqual(predicate["environment"], {"host": "h"})
        self.assertEqual(predicate["governance"], {"ticket": "OPS-1=2"})
        self.assertEqual(predicate["validity"], {"notBefore": "2026-01-01T00:00:00Z",
                                                 "notAfter": "2027-01-01T00:00:00Z"})

    def test_window_states(self):
        self.make_artifact("a", "--valid-for", "1h")
        self.assertEqual(self.verify("a.json", "--at", "+2h", expect=NO)["window"], "expired")
        self.assertEqual(self.verify("a.json", "--at", "-1h", expect=NO)["window"], "notYetValid")

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


class BaselineTest(WorkshopTest):
    PROGRAM = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 3) + b"program"
    LIBRARY = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 3) + b"library"
    OBJECT = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<H", 1) + b"object"
    FILES = {  # path: (content, mode, actions that are expected)
        "bin/program": (PROGRAM, 0o755, "exec,map"),
        "bin/script": (b"#!/bin/sh\n", 0o755, "exec"),
        "bin/data-with-x": (b"data", 0o700, "exec"),
        "lib/library.so": (LIBRARY, 0o644, "map"),
        "lib/big-endian.so": (b"\x7fELF\x02\x02\x01" + bytes(9) + struct.pack(">H", 3), 0o644,
                              "map"),
        "lib/object.o": (OBJECT, 0o755, None),
        "lib/modules/m.ko": (OBJECT, 0o644, None),
        "share/text": (b"text", 0o644, None),
        "share/script-without-x": (b"#!/bin/sh\n", 0o644, None),
        "share/empty": (b"", 0o755, None),
        "home/new\nline": (b"#!/x", 0o755, "exec"),
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

    def test_sign_carries_the_manifest_and_it_verifies(self):
        self.capture()
        self.path("signed").mkdir()
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "--valid-for", "90d", "b.draft", "--out", "signed/b.json")
        verdict = self.verify("signed/b.json")
        self.assertEqual(verdict["manifestRecords"],
                         verdict["statement"]["predicate"]["manifest"]["count"])
        # Signed twice, they can stand side by side.
        self.run_cli("baseline", "sign", "--key", "issuer.key", "--policy", "policy.json",
                     "b.draft", "--out", "signed/again.json")
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
                              "b.draft", "--out", "b.json", expect=ERROR)
        self.assertIn(".manifest", failed.err)
        self.assertIn("predicate.manifest.count", failed.err)

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
        fds = f"/proc/{running.pid}/fd"
        while running.poll() is None and not any(
                os.path.realpath(f"{fds}/{fd}") == str(big.resolve()) for fd in os.listdir(fds)):
            pass
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(timeout=60), -signal.SIGINT)
        self.assertEqual(set(self.dir.iterdir()), before)


class LineageTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.file = write_lineage(self.path("lineage"), [
            REJECTED, commit(1, 2, 1, pid=50), commit(2, 3, 2, path="/usr/bin/ls", pid=51),
            denial(3, "cd" * 32), denial(4, "cd" * 32), denial(5, "ee" * 32, path="/tmp/x", uid=0)])

    def ask(self, *words, expect=OK):
        return self.run_json(*words, "--lineage-dir", "lineage", expect=expect)

    def test_denials_are_grouped_latest_first(self):
        answer = self.ask("denials")
        self.assertEqual(answer["total"], 3)
        self.assertEqual([(group["path"], group["count"]) for group in answer["groups"]],
                         [("/tmp/x", 1), ("/tmp/evil", 2)])
        self.assertEqual(len(self.ask("denials", "--limit", 1)["groups"]), 1)
        self.assertEqual(self.ask("denials", "--since", "2026-11-21T10:00:05Z")["total"], 1)

    def test_explain_knows_the_rejected_artifact(self):
        answer = self.ask("explain", "3f2a9c1d-4")
        self.assertIn("missing authorization", answer["verdict"])
        self.assertIn("evil.json", answer["rejections"][0])
        self.assertEqual(self.ask("explain", "3f2a9c1d-5")["rejections"], [])

    def test_explain_of_what_is_no_decision_and_of_nothing(self):
        self.run_cli("explain", "3f2a9c1d-1", "--lineage-dir", "lineage", expect=ERROR)
        self.run_cli("explain", "3f2a9c1d-99", "--lineage-dir", "lineage", expect=NO)

    def test_lineage_filters(self):
        shown = self.ask("lineage", "show")["nodes"]
        self.assertIn("/usr/bin/ls", [node["path"] for node in shown])
        by_pid = self.ask("lineage", "--pid", 51)["nodes"]
        self.assertEqual([node["lineage"] for node in by_pid if node["matches"]], ["3"])
        self.assertEqual(self.ask("lineage", "--uid", 4711)["nodes"], [])
        self.assertIn("/usr/bin/ls", self.run_cli("lineage", "--lineage-dir", "lineage").out)

    def test_replay_agrees_and_disagrees(self):
        self.assertEqual(self.ask("replay")["equal"], 3)
        lying = write_lineage(self.path("lie"), [denial(1, "ee" * 32, reason="expired")])
        answer = self.run_json("replay", lying, expect=NO)
        self.assertEqual(answer["firstDifference"]["field"], "reason")
        self.assertIn("missing authorization", self.run_cli("replay", lying, expect=NO).out)

    def test_a_damaged_line_hides_only_itself(self):
        with open(self.file, "a") as file:
            file.write("rubbish\n")
        answer = self.run_cli("denials", "--lineage-dir", "lineage")
        self.assertIn("/tmp/evil", answer.out)
        self.assertIn(":7:", answer.err)
        self.assertIn(":7:", self.run_cli("replay", self.file, expect=ERROR).err)

    def test_no_lineage_at_all(self):
        self.path("none").mkdir()
        for words in (("denials",), ("explain", "x"), ("lineage",)):
            self.run_cli(*words, "--lineage-dir", "none", expect=ERROR)
            self.run_cli(*words, "--lineage-dir", "missing", expect=ERROR)


class DaemonTest(WorkshopTest):
    def serve(self, reply):
        """Answers one client with these bytes."""
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.path("socket")))
        server.listen(1)
        self.addCleanup(server.close)

        def answer():
            client, _ = server.accept()
            with client:
                self.request = client.recv(4096)
                try:
                    client.sendall(reply)
                except BrokenPipeError:
                    pass
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()

    def test_reload(self):
        self.serve(b'{"ok":true,"error":""}\n')
        self.run_cli("reload", "--socket", "socket")
        self.assertEqual(json.loads(self.request), {"verb": "reload"})

    def test_reload_that_failed(self):
        self.serve(b'{"ok":false,"error":"policy: expired"}\n')
        self.assertIn("policy: expired",
                      self.run_cli("reload", "--socket", "socket", expect=NO).out)

    def test_answers_of_other_types_are_no_yes(self):
        for reply in (b"{}\n", b'{"ok":"true","error":1}\n'):
            self.path("socket").unlink(missing_ok=True)
            self.serve(reply)
            self.run_cli("reload", "--socket", "socket", expect=NO)

    def test_no_daemon(self):
        self.assertIn("is warrantd running?",
                      self.run_cli("reload", "--socket", "socket", expect=ERROR).err)

    def test_bad_answers(self):
        for reply in (b"", b"\n", b"{}", b"[]\n", b'{"a":1,"a":2}\n', b"\xff\n", b"{}\n{}\n",
                      b'{"a":"' + b"x" * (1 << 20) + b'"}\n'):
            with self.subTest(reply=reply[:20]):
                self.path("socket").unlink(missing_ok=True)
                self.serve(reply)
                self.assertIn("socket: ",
                              self.run_cli("reload", "--socket", "socket", expect=ERROR).err)


class MachineTest(WorkshopTest):
    def test_doctor_says_what_costs_what(self):
        done = subprocess.run([BINARY, "doctor", "--json"], env=environment(), capture_output=True)
        answer = json.loads(done.stdout)
        self.assertEqual(done.returncode, OK if answer["fit"] else NO)
        failed = [check for check in answer["checks"] if check["outcome"] == "failed"]
        self.assertEqual(answer["fit"], not failed)
        for check in answer["checks"]:
            self.assertEqual(bool(check["fix"]), check["outcome"] != "ok", check)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_status_of_a_kernel_that_does_not_enforce(self):
        answer = self.run_json("status", "--pin-dir", "nowhere", "--socket", "none", expect=NO)
        self.assertIs(answer["enforcing"], False)
        self.assertIn("no link is pinned", answer["problems"])
        self.assertIs(answer["canary"]["refused"], False)
        self.assertEqual(answer["canary"]["errno"], 0)
        self.assertIsNone(answer["daemon"])

    @unittest.skipIf(os.geteuid() == 0, "needs another user")
    def test_status_needs_root(self):
        self.assertIn("root", self.run_cli("status", expect=ERROR).err)


class PagesTest(WorkshopTest):
    def commands(self):
        lines = self.run_cli("--help").out.split("\n\n")[2].splitlines()
        return [line[2:].split("  ")[0].split() for line in lines]

    def test_every_command_has_help(self):
        self.assertGreater(len(self.commands()), 20)
        for command in self.commands():
            self.assertIn("usage: warrant " + " ".join(command),
                          self.run_cli(*command, "--help").out)

    def test_usage_errors(self):
        for words in ([], ["nothing"], ["key"], ["key", "nothing"], ["key", "generate"],
                      ["key", "generate", "--out"], ["key", "generate", "--out", ""],
                      ["key", "generate", "--out", "x", "--out", "y"], ["key", "show"],
                      ["key", "show", "a", "b"], ["key", "show", "--nothing", "a"],
                      ["key", "show", "--json=yes", "a"], ["doctor", "x"],
                      ["completion", "fish"], ["denials", "--limit", "-1"],
                      ["denials", "--since", "yesterday"], ["lineage", "--uid", "4294967296"],
                      ["lineage", "--artifact", "xyz"]):
            with self.subTest(words=words):
                before = self.snapshot()
                if words and words[0] == "lineage":
                    write_lineage(self.path("l"), [denial(1, "ee" * 32)])
                    words = words + ["--lineage-dir", "l"]
                    before = self.snapshot()
                failed = self.run_cli(*words, expect=USAGE)
                self.assertTrue(failed.err.startswith("warrant: "))
                self.assertEqual(failed.out, "")
                self.assertEqual(self.snapshot(), before)

    def test_version(self):
        self.assertRegex(self.run_cli("--version").out, r"^warrant \d+\.\d+\.\d+\n$")

    def test_manual_page_is_the_table(self):
        self.assertEqual((SOURCE / "docs/man/warrant.1").read_text(), self.run_cli("manual").out)

    def test_commands_in_the_documents_exist(self):
        shown = 0
        for page in [SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")]:
            for line in re.findall(r"^(?:sudo |[$#] )?warrant (.*)$", page.read_text(), re.M):
                with self.subTest(page=page.name, line=line):
                    # Behind --help only the options' names and values are checked.
                    self.run_cli(*shlex.split(line, comments=True), "--help")
                    shown += 1
        self.assertGreater(shown, 10)

    def test_full_disk_is_no_success(self):
        with open("/dev/full", "w") as full:
            done = subprocess.run([BINARY, "--help"], stdout=full, env=environment(),
                                  stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, ERROR)

    def complete(self, shell_line):
        script = self.run_cli("completion", "bash").out + f"""
COMP_WORDS=({shell_line}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_warrant; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
        done = subprocess.run(["bash", "-eu", "-c", script], capture_output=True, text=True,
                              cwd=self.dir, check=False)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_bash_completion(self):
        self.assertEqual(self.complete("warrant ke"), ["key"])
        self.assertEqual(self.complete("warrant key ''"), ["generate", "show"])
        self.assertEqual(self.complete("warrant policy sign --mode ''"), ["enforce", "observe"])
        self.assertEqual(self.complete("warrant status --pin"), ["--pin-dir"])
        self.path("some.key").write_text("")
        self.assertEqual(self.complete("warrant key show so"), ["some.key"])
        self.assertTrue(self.run_cli("completion", "zsh").out.startswith("#compdef warrant"))


if __name__ == "__main__":
    unittest.main()
