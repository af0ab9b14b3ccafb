#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Questions to records, daemon and machine."""
import json
import os
import socket
import subprocess
import threading
import unittest

from support import (BINARY, ERROR, NO, OK, REJECTED, WorkshopTest, commit, denial, environment,
                     write_lineage)


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
        self.assertEqual((answer["total"], answer["unreadable"]), (3, 0))
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
        by_pid = self.ask("lineage", "show", "--pid", 51)["nodes"]
        self.assertEqual([node["lineage"] for node in by_pid if node["matches"]], ["3"])
        self.assertEqual(self.ask("lineage", "show", "--uid", 4711)["nodes"], [])
        self.assertIn("/usr/bin/ls", self.run_cli("lineage", "show", "--lineage-dir", "lineage").out)

    def test_replay_agrees_and_disagrees(self):
        self.assertEqual(self.ask("replay")["equal"], 3)
        lying = write_lineage(self.path("lie"), [denial(1, "ee" * 32, reason="expired")])
        answer = self.run_json("replay", lying, expect=NO)
        self.assertEqual(answer["firstDifference"]["field"], "reason")
        self.assertIn("missing authorization", self.run_cli("replay", lying, expect=NO).out)

    def test_nothing_to_decide_is_no_yes(self):
        self.path("empty").mkdir()
        self.path("nothing").write_text("")
        for words in (("nothing",), ("--lineage-dir", "empty"), ("--lineage-dir", "nowhere")):
            self.assertIn(words[-1], self.run_cli("replay", *words, expect=ERROR).err)
        self.assertIn("no records", self.run_cli("replay", "nothing", expect=ERROR).err)
        self.assertIn("--lineage-dir", self.run_cli("replay", "missing", expect=ERROR).err)
        self.assertIn("fix: --lineage-dir lineage",
                      self.run_cli("replay", "lineage", expect=ERROR).err)
        # One file without records does not hide the others.
        self.run_cli("replay", "nothing", self.file)

    def test_a_damaged_line_hides_only_itself(self):
        with open(self.file, "a") as file:
            file.write("rubbish\n")
        answer = self.run_cli("denials", "--lineage-dir", "lineage")
        self.assertIn("/tmp/evil", answer.out)
        self.assertIn(":7:", answer.err)
        self.assertIn("1 unreadable record left out", answer.err)
        self.assertEqual(self.ask("denials")["unreadable"], 1)
        self.assertIn(":7:", self.run_cli("replay", self.file, expect=ERROR).err)

    def test_no_lineage_at_all(self):
        self.path("none").mkdir()
        for words in (("denials",), ("explain", "x"), ("lineage", "show"), ("lineage", "top"),
                      ("lineage", "who-ran", "x"), ("lineage", "authority", "x")):
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

    REFUSED = {"ok": True, "error": "", "rejected": [
        {"file": "evil\x1b.json", "reason": "invalid signature", "field": "signatures",
         "detail": "by a stranger", "fix": "sign it"}, "rubbish", {"file": 1}]}
    REFUSED_LINE = ("evil\\x1b.json: invalid signature: signatures: by a stranger "
                    "(fix: sign it)")

    def test_reload_says_what_is_refused(self):
        self.serve(json.dumps(self.REFUSED).encode() + b"\n")
        said = self.run_cli("reload", "--socket", "socket").out
        self.assertTrue(said.startswith("reloaded\n"))
        self.assertIn(self.REFUSED_LINE, said)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_status_says_what_is_refused(self):
        self.serve(json.dumps(self.REFUSED).encode() + b"\n")
        self.assertIn(self.REFUSED_LINE, self.run_cli("status", "--pin-dir", "nowhere", "--socket",
                                                      "socket", expect=NO).out)

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


if __name__ == "__main__":
    unittest.main()
