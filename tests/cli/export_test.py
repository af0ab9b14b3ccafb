#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records in the terms of other systems."""
import json
import os
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest

from lineage_records import ARTIFACT, allowed
from ocsf_facts import complaints
from support import (BINARY, BOOT, ERROR, NO, OK, REJECTED, SOURCE, USAGE, WorkshopTest, commit,
                     denial, environment, line_of, write_lineage)


# name{label="value",...} number
SAMPLE = r'^[a-z_]+(\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\})? [0-9.]+$'


class ExportTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.records = [REJECTED, commit(1, 2, 1, pid=50), allowed(3), denial(6, "cd" * 32),
                        denial(7, "ee" * 32, path="/tmp/two\\x0alines")]
        self.file = write_lineage(self.path("lineage"), self.records)

    def export(self, kind, *words):
        return self.run_cli("lineage", "export", "--format", kind, *words, "--lineage-dir",
                            "lineage")

    def test_jsonl_is_the_records(self):
        self.assertEqual(self.export("jsonl").out, self.file.read_text())
        self.assertEqual(self.run_cli("lineage", "export", self.file).out, self.file.read_text())
        self.assertEqual(self.run_json("lineage", "export", "--lineage-dir", "lineage"),
                         [json.loads(line) for line in self.file.read_text().splitlines()])
        self.assertEqual(len(self.export("jsonl", "--denied").out.splitlines()), 2)
        self.assertEqual(len(self.export("jsonl", "--since", "2026-11-21T10:00:06Z")
                             .out.splitlines()), 2)

    def test_what_cannot_be_read_is_no_yes(self):
        with open(self.file, "a") as file:
            file.write("rubbish\n")
        for kind in ("jsonl", "ocsf", "ecs", "journal"):
            done = self.run_cli("lineage", "export", "--format", kind, self.file, expect=NO)
            self.assertIn("1 unreadable record", done.err)
            self.assertEqual(done.out.count("rubbish"), 1 if kind == "jsonl" else 0, kind)
        self.run_cli("lineage", "export", self.file, "--out", "copy", expect=NO)
        self.assertEqual(self.path("copy").read_bytes(), self.file.read_bytes())
        self.assertEqual(self.path("copy").stat().st_mode & 0o777, 0o600)
        self.assertNotIn("rubbish", self.run_cli("lineage", "export", self.file, "--denied", expect=NO).out)
        self.assertIn("warrant_records_unreadable_total 1\n", self.export("openmetrics").out)

    def test_ocsf_has_what_the_schema_requires(self):
        done = self.export("ocsf")
        events = [json.loads(line) for line in done.out.splitlines()]
        self.assertEqual(len(events), 3)
        self.assertIn("2 records left out", done.err)
        for event in events:
            self.assertEqual(complaints(event), [])
        self.assertEqual([event["disposition"] for event in events],
                         ["Allowed", "Blocked", "Blocked"])
        self.assertEqual(events[0]["actor"]["process"]["uid"], BOOT + ":2")
        self.assertEqual(events[0]["process"]["uid"], BOOT + ":103")
        self.assertEqual(events[0]["authorizations"][0]["policy"]["uid"], ARTIFACT)

    def test_the_schemas_judge_can_say_no(self):
        event = json.loads(self.export("ocsf").out.splitlines()[0])
        for path in ("time", "class_uid", "metadata.product", "metadata.version", "device.type_id",
                     "process.file.name", "process.file.hashes.0.value", "actor"):
            broken = json.loads(json.dumps(event))
            *way, last = path.split(".")
            place = broken
            for step in way:
                place = place[int(step)] if step.isdigit() else place[step]
            del place[last]
            self.assertTrue(complaints(broken), path)
        for change in ({"activity_id": 77}, {"type_uid": 100702}, {"severity_id": "1"},
                       {"action": "Denied"}, {"disposition_id": 40}, {"surprise": 1}):
            self.assertTrue(complaints(event | change), change)

    def test_ecs(self):
        events = [json.loads(line) for line in self.export("ecs").out.splitlines()]
        self.assertEqual(len(events), len(self.records))
        for event, record in zip(events, self.records):
            self.assertEqual(event["event"]["id"], record["id"])
            self.assertRegex(event["@timestamp"], r"^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}Z$")
        self.assertEqual(events[3]["event"]["outcome"], "failure")
        self.assertEqual(events[3]["event"]["category"], ["process"])
        self.assertEqual(events[3]["file"]["hash"]["sha256"], "cd" * 32)
        page = (SOURCE / "docs/exports.md").read_text()
        # Every field that is written is a row of the documented map.
        documented = set(re.findall(r"^\| `([a-z@][\w@.]*)`", page, re.M))
        for event in events:
            for name in self.leaves(event):
                self.assertTrue(name in documented or name.startswith("warrant."), name)

    def leaves(self, json_value, front=""):
        for name, value in json_value.items():
            if isinstance(value, dict):
                yield from self.leaves(value, front + name + ".")
            else:
                yield front + name

    def test_openmetrics(self):
        text = self.export("openmetrics").out
        self.assertIn('warrant_decisions_total{verdict="deny",reason="missing authorization",'
                      'request="exec"} 2\n', text)
        self.assertTrue(text.endswith("# EOF\n"))
        families = {}
        for line in text.splitlines()[:-1]:
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.assertNotIn(name, families, "a family stands together")
                families[name] = kind
                current = name
            elif line.startswith("#"):
                self.assertEqual(line.split(" ")[2], current)
            else:
                name = re.match(r"[a-z_]+", line)[0]
                self.assertEqual(name, current + ("_total" if families[current] == "counter"
                                                  else ""))
                self.assertRegex(line, SAMPLE)
        self.export("openmetrics", "--out", "metrics.prom")
        self.assertEqual(self.path("metrics.prom").read_text(), text)
        self.export("openmetrics", "--out", "metrics.prom", "--force")

    def test_openmetrics_on_a_socket(self):
        path = str(self.path("metrics.sock"))
        server = subprocess.Popen([BINARY, "lineage", "export", "--format", "openmetrics",
                                   "--serve", path, "--lineage-dir", "lineage"], cwd=self.dir,
                                  env=environment(), stderr=subprocess.PIPE)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + 60
        while not os.path.exists(path):
            self.assertIsNone(server.poll(), "it ended")
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        self.assertIn(b'reason="missing authorization",request="exec"} 2\n', self.scrape(path))
        with open(self.file, "a") as file:
            file.write(line_of(denial(8, "cd" * 32)))
        answer = self.scrape(path)
        self.assertIn(b'reason="missing authorization",request="exec"} 3\n', answer)
        head, body = answer.split(b"\r\n\r\n", 1)
        self.assertIn(b"Content-Type: application/openmetrics-text; version=1.0.0", head)
        self.assertIn(b"Content-Length: %d" % len(body), head)
        self.run_cli("lineage", "export", "--format", "openmetrics", "--serve", path,
                     "--lineage-dir", "lineage", expect=ERROR)
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(60), OK)
        self.assertFalse(os.path.exists(path))

    def scrape(self, path):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(60)
            client.connect(path)
            client.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while piece := client.recv(65536):
                answer += piece
        return answer

    def test_usage(self):
        for words in (("--format", "xml"), ("--format", "ocsf", "--json"),
                      ("--json", "--out", "x"),
                      ("--format", "ocsf", "--serve", "x"),
                      ("--format", "jsonl", "--journal-socket", "x"),
                      ("--format", "openmetrics", "--since", "1h"),
                      ("--format", "journal", "--out", "x", "--journal-socket", "y")):
            self.run_cli("lineage", "export", *words, "--lineage-dir", "lineage", expect=USAGE)
        self.run_cli("lineage", "export", "--format", "journal", "--journal-socket", "nowhere",
                     "--lineage-dir", "lineage", expect=ERROR)

    # ---- the journal

    def parse_entry(self, data):
        """By https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ alone."""
        fields = []
        while data:
            line, _, rest = data.partition(b"\n")
            if b"=" in line:
                name, _, value = line.partition(b"=")
            else:
                name = line
                size, = struct.unpack_from("<Q", rest)
                value, rest = rest[8:8 + size], rest[8 + size:]
                self.assertEqual(rest[:1], b"\n")
                rest = rest[1:]
            self.assertRegex(name, rb"^[A-Z][A-Z0-9_]{0,63}$")
            fields.append((name.decode(), value))
            data = rest
        return fields

    def send(self, expect=OK):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
            journal.bind(str(self.path("journal")))
            journal.settimeout(60)
            received = []

            def take():
                while True:
                    data = journal.recv(1 << 20)
                    if data == b"end":
                        return
                    received.append(data)
            thread = threading.Thread(target=take)
            thread.start()
            try:
                self.run_cli("lineage", "export", "--format", "journal", "--journal-socket",
                             "journal", "--lineage-dir", "lineage", expect=expect)
            finally:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
                    end.sendto(b"end", str(self.path("journal")))
                thread.join()
        self.path("journal").unlink()
        return [dict(self.parse_entry(data)) for data in received]

    def test_journal(self):
        entries = self.send()
        self.assertEqual([entry["WARRANT_RECORD"].decode() for entry in entries],
                         [record["id"] for record in self.records])
        self.assertEqual(entries[3]["PRIORITY"], b"4")
        self.assertEqual(entries[3]["WARRANT_REASON"], b"missing authorization")
        self.assertIn(b"denied (missing authorization): exec of /tmp/evil", entries[3]["MESSAGE"])
        page = (SOURCE / "docs/exports.md").read_text()
        for entry in entries:
            kind, message = entry["WARRANT_TYPE"].decode(), entry["MESSAGE_ID"].decode()
            self.assertIn(f"| {kind} | `{message}` |", page)
            for name in entry:
                self.assertIn(f"`{name}`", page)

    def test_the_largest_record_fits_a_datagram(self):
        large = allowed(9)
        large["artifact"]["governance"] = {f"n{i:03}": "x" * 190 for i in range(100)}
        large["task"]["cgroup"] = "/" + "y" * 20000
        large["file"]["path"] = "/" + "z" * 20000
        line = line_of(large)
        self.assertLess(60_000, len(line))
        self.assertLess(len(line), 64 * 1024)
        self.file.write_text(line)
        self.assertEqual([entry["WARRANT_CGROUP"].decode() for entry in self.send()],
                         [large["task"]["cgroup"]])

    def test_journal_export_format(self):
        text = self.export("journal").out.encode()
        entries = text.split(b"\n\n")[:-1]
        self.assertEqual(len(entries), len(self.records))
        for entry, record in zip(entries, self.records):
            self.assertIn(b"__REALTIME_TIMESTAMP=", entry)
            self.assertIn(b"_BOOT_ID=" + BOOT.replace("-", "").encode(), entry)
            self.assertIn(b"WARRANT_RECORD=" + record["id"].encode(), entry)


if __name__ == "__main__":
    unittest.main()
