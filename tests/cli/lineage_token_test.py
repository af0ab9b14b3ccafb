#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""warrant lineage token and adopt, as far as they need no daemon."""
import base64
import json
import socket
import threading
import unittest

from support import ERROR, NO, OK, USAGE, WorkshopTest, denial, write_lineage

CHECKPOINT = "host-b/lineage\n9\n" + base64.b64encode(bytes(32)).decode() + "\n\n\u2014 host-b/lineage AAAA\n"


class LineageTokenTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.run_cli("key", "generate", "--out", "carrier")
        record = denial(1, "ee" * 32)
        record["process"] |= {"lineage": "17", "artifact": "ab" * 16}
        write_lineage(self.path("lineage"), [record])
        self.record = record

    def token(self, *options, lineage="17", expect=OK):
        return self.run_cli("lineage", "token", "--key", "carrier.key", "--lineage", lineage,
                            "--audience", "host-a", "--lineage-dir", "lineage", "--out", "token.json",
                            "--force", *options, expect=expect)

    def predicate(self):
        envelope = json.loads(self.path("token.json").read_text())
        statement = json.loads(base64.b64decode(envelope["payload"]))
        self.assertEqual(statement["predicateType"], "urn:warrant:lineage-token:v1")
        return statement["predicate"]

    def test_a_token_says_what_the_records_say(self):
        said = self.token("--not-before", "2026-11-21T10:00:00Z")
        self.assertIn("lineage 17 of", said.out)
        self.assertIn("host-a, once", said.out)
        predicate = self.predicate()
        self.assertEqual(predicate["parent"], {"host": self.record["host"], "boot": self.record["boot"],
                                               "lineage": "17", "artifact": "ab" * 16})
        self.assertEqual(predicate["validity"], {"notBefore": "2026-11-21T10:00:00Z",
                                                 "notAfter": "2026-11-21T10:10:00Z"})
        first = predicate["id"]
        self.token()
        self.assertNotEqual(self.predicate()["id"], first)

    def test_its_place_in_the_log(self):
        self.path("checkpoint").write_text(CHECKPOINT)
        self.token("--checkpoint", "checkpoint", "--index", "5")
        self.assertEqual(self.predicate()["parent"]["log"],
                         {"origin": "host-b/lineage", "index": "5", "size": "9", "root": "00" * 32})
        self.assertIn("9 entries", self.token("--checkpoint", "checkpoint", "--index", "9", expect=USAGE).err)
        self.assertIn("both or none", self.token("--index", "5", expect=USAGE).err)
        self.path("checkpoint").write_text("no checkpoint")
        self.token("--checkpoint", "checkpoint", "--index", "5", expect=ERROR)

    def test_what_makes_no_token(self):
        self.assertIn("at most 1h", self.token("--valid-for", "61m", expect=USAGE).err)
        self.token("--valid-for", "1h")
        self.assertIn("lineage show", self.token(lineage="18", expect=ERROR).err)

    def test_the_role_is_in_the_trust_root(self):
        self.make_trust()
        init = ("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub", "--issuer-key",
                "issuer.pub", "--out", "t.json", "--force")
        self.run_cli(*init, "--lineage-key", "carrier.pub")
        self.assertIn("lineage", self.run_json("trust", "show", "t.json")["roles"])
        self.run_cli(*init)
        self.assertNotIn("lineage", self.run_json("trust", "show", "t.json")["roles"])

    def test_adopting_needs_a_program_and_a_daemon(self):
        self.token()
        self.assertIn("program is missing", self.run_cli("lineage", "adopt", "token.json", expect=USAGE).err)
        said = self.run_cli("lineage", "adopt", "--socket", "none.sock", "token.json", "--", "true", expect=ERROR)
        self.assertIn("none.sock", said.err)
        self.assertIn("missing", self.run_cli("lineage", "adopt", "missing", "--", "true", expect=ERROR).err)

    def answered(self, reply, *words, expect):
        """`warrant lineage adopt` beside something that answers with this."""
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.path("s.sock")))
            listener.listen(1)

            def answer():
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1 << 16)
                    connection.sendall(reply.encode() + b"\n")

            answering = threading.Thread(target=answer)
            answering.start()
            told = self.run_cli("lineage", "adopt", "--socket", "s.sock", *words, "token.json", "--",
                                "true", expect=expect)
            answering.join()
        self.path("s.sock").unlink()
        return told

    def test_whatever_is_answered(self):
        self.token()
        self.answered('{"ok":true}', expect=OK)
        for reply in ('{"ok":"x"}', '{"ok":false,"error":7}', '{}'):
            with self.subTest(reply=reply):
                self.assertIn("does not say why", self.answered(reply, expect=NO).err)
        told = self.answered('{"ok":false,"error":"a\\u001b[2Jb"}', "--json", expect=NO)
        self.assertNotIn("\x1b", told.err)
        self.assertFalse(json.loads(told.out)["adopted"])


if __name__ == "__main__":
    unittest.main()
