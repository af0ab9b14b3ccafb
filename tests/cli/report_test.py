#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The report of the lineage, looked at with a browser. WARRANT_NO_BROWSER=1 says that there is none
on purpose; without it a missing browser is a failure."""
import html.parser
import os
import re
import shutil
import subprocess
import time
import unittest

from lineage_records import many_records
from support import BOOT, ERROR, SOURCE, USAGE, WorkshopTest, commit, denial, write_lineage

BROWSERS = ("chromium-headless-shell", "chromium-shell", "chromium", "chromium-browser")
EVIL = ("/tmp/</script><script>document.title='owned'</script>",
        "/tmp/<img src=x onerror=document.title='owned'>", "/tmp/\"'&amp;<!--<script>",
        "/tmp/]]>{{data}}", "/tmp/\\\\u003cscript>", "/tmp/\\x1b[2J", "javascript:alert(1)")


class Page(html.parser.HTMLParser):
    """Of a document that a browser has drawn: tables, tree items, texts by id."""

    VOID = {"meta", "input", "link", "br", "img", "hr"}

    def __init__(self, text):
        super().__init__()
        self.open, self.rows, self.tree, self.tags, self.texts = [], [], [], [], {}
        self.state, self.title = None, ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append(tag)
        if tag == "html":
            self.state = attributes.get("data-state")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if attributes.get("role") == "treeitem":
            self.tree.append([int(attributes["aria-level"]), ""])
        if tag not in self.VOID:
            self.open.append((tag, attributes))

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for tag, attributes in self.open:
            if "id" in attributes:
                self.texts[attributes["id"]] = self.texts.get(attributes["id"], "") + data
            if tag == "title" and len(self.open) <= 3:
                self.title += data
            if tag in ("td", "th"):
                self.rows[-1][-1] += data
            if attributes.get("role") == "treeitem":
                self.tree[-1][1] += data

    def table(self, first_head):
        """The rows below the head that begins so, up to the next head."""
        heads = [i for i, row in enumerate(self.rows) if row[0] == first_head]
        rows = self.rows[heads[0] + 1:]
        for i, row in enumerate(rows):
            if row[0] in ("Reason", "Time (UTC)"):
                return rows[:i]
        return rows


@unittest.skipIf(os.environ.get("WARRANT_NO_BROWSER") == "1", "WARRANT_NO_BROWSER=1")
class ReportTest(WorkshopTest):
    def browser(self):
        for name in BROWSERS:
            if path := shutil.which(name):
                return path
        self.fail("no browser (fix: tools/setup test, or WARRANT_NO_BROWSER=1)")

    def report(self, records, *words):
        write_lineage(self.path("lineage"), records)
        self.run_cli("lineage", "report", "--lineage-dir", "lineage", "--out", "report.html",
                     "--force", *words)
        return self.path("report.html")

    def look(self, file, fragment=""):
        done = subprocess.run(
            [self.browser(), "--headless", "--no-sandbox", "--disable-gpu",
             f"--user-data-dir={self.path('profile')}", "--virtual-time-budget=20000",
             "--dump-dom", f"file://{file}{fragment}"], capture_output=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr.decode(errors="replace")[-2000:])
        return Page(done.stdout.decode())

    def test_what_it_shows(self):
        page = self.look(self.report([
            commit(1, 2, 1, pid=50), commit(2, 3, 2, path="/usr/bin/ls", pid=51),
            denial(3, "cd" * 32), denial(4, "cd" * 32),
            denial(5, "ee" * 32, path="/tmp/x", reason="missing authorization", uid=0)]))
        self.assertEqual(page.state, "ready")
        self.assertEqual(page.table("Reason")[0][:3], ["missing authorization", "denied", "3"])
        self.assertIn("/tmp/evil (2)", page.table("Reason")[0])
        self.assertEqual(len(page.table("Time (UTC)")), 5)
        self.assertIn("denied: missing authorization", page.table("Time (UTC)")[0])
        self.assertIn("5 records · 3 denied", page.texts["summary"])
        self.assertEqual([level for level, _ in page.tree], [1, 2, 3])
        self.assertIn("/usr/bin/ls", page.tree[2][1])
        self.assertIn("denied 3", page.tree[1][1])
        self.assertIn("rect", page.tags)

    def test_nothing_was_denied(self):
        page = self.look(self.report([commit(1, 2, 1)]))
        self.assertEqual(page.state, "ready")
        self.assertIn("Nothing was denied", page.texts["denials"])

    def test_filter(self):
        file = self.report([commit(1, 2, 1, pid=50), denial(3, "cd" * 32),
                            denial(5, "ee" * 32, path="/tmp/x", uid=0)])
        page = self.look(file, "#filter=uid:0")
        self.assertEqual([row[3] for row in page.table("Time (UTC)")], ["/tmp/x"])
        self.assertEqual(page.table("Reason")[0][2], "1")
        self.assertIn("1 of 3 records", page.texts["matches"])
        self.assertEqual(self.look(file, "#filter=nothing-like-it").table("Time (UTC)"), [])
        self.assertEqual(self.look(file, "#filter=reason:expired").table("Time (UTC)"), [])

    def test_names_that_want_to_be_markup(self):
        records = [denial(i + 1, "cd" * 32, path=path) for i, path in enumerate(EVIL)]
        for record in records:
            record["task"]["comm"] = "<b onclick=x>"
        file = self.report(records, "--title", "<script>document.title='owned'</script>")
        page = self.look(file)
        self.assertEqual(page.state, "ready")
        self.assertEqual(page.tags.count("script"), 2)
        self.assertFalse({"img", "b"} & set(page.tags))
        self.assertEqual(page.title, "<script>document.title='owned'</script>")
        shown = [row[3] for row in page.table("Time (UTC)")]
        self.assertEqual(shown, list(reversed(EVIL)))

    def test_ten_thousand_records(self):
        records = many_records(10_000)
        file = self.report(records)
        begin = time.monotonic()
        page = self.look(file)
        seconds = time.monotonic() - begin
        print(f"10000 records: {file.stat().st_size} bytes, drawn in {seconds:.1f} s")
        self.assertEqual(page.state, "ready")
        self.assertEqual(sum(int(row[2]) for row in page.table("Reason")),
                         sum(record["type"] == "decision" for record in records))
        self.assertIn("10000 records", page.texts["summary"])
        self.assertLess(len(page.tags), 20_000, "it draws more than is looked at")

    def test_a_chain_of_thousands_of_execs(self):
        records = [commit(i, i + 1, i) | {"time": "2026-11-21T10:00:00.000000000Z"}
                   for i in range(1, 5001)]
        page = self.look(self.report(records), "#filter=lineage:5001")
        self.assertEqual(page.state, "ready")
        self.assertEqual(page.tree[-1][0], 300)

    def test_the_latest_are_kept(self):
        file = self.report([commit(i, i + 1, 1) for i in range(1, 31)], "--limit", 10)
        page = self.look(file)
        self.assertIn("20 older records are left out", page.texts["summary"])
        self.assertEqual(len(page.table("Time (UTC)")), 10)

    def test_what_is_broken_shows(self):
        file = self.report([denial(1, "cd" * 32)])
        text = file.read_text()
        sound = text.index('id="data">') + len('id="data">')
        broken = self.path("broken.html")
        broken.write_text(text[:sound] + "x" + text[sound:])
        page = self.look(broken)
        self.assertEqual(page.state, "failed")
        self.assertIn("broken", page.texts["failure"])
        # Another script than the one that was written does not run.
        broken.write_text(text.replace("'use strict';", "'use strict'; ", 1))
        self.assertIsNone(self.look(broken).state)

    def test_keys(self):
        file = self.report([commit(1, 2, 1, pid=50), commit(2, 3, 2, path="/usr/bin/ls", pid=51),
                            denial(3, "cd" * 32)])
        driver = """<script>
        const press = (key) => document.activeElement.dispatchEvent(
          new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
        const at = () => document.activeElement.querySelector('span:nth-child(2)').textContent;
        const seen = [];
        document.querySelector('[role=treeitem][tabindex="0"]').focus();
        for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'ArrowLeft', 'End',
                           'ArrowRight', 'ArrowDown']) {
          press(key);
          seen.push(key + '>' + at() + '/' + document.querySelectorAll('[role=treeitem]').length);
        }
        press('Enter');
        seen.push(document.getElementById('words').value);
        document.title = seen.join(' ');
        </script></body>"""
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", file.read_text())
        file.write_text(text.replace("</body>", driver))
        page = self.look(file)
        self.assertEqual(page.state, "ready")
        self.assertEqual(page.title, "Home>(not recorded)/3 ArrowDown>/usr/bin/true/3 "
                               "ArrowDown>/usr/bin/ls/3 ArrowUp>/usr/bin/true/3 "
                               "ArrowLeft>/usr/bin/true/2 End>/usr/bin/true/2 "
                               "ArrowRight>/usr/bin/true/3 ArrowDown>/usr/bin/ls/3 lineage:3")


class FileTest(WorkshopTest):
    """What needs no browser."""

    def test_file_and_options(self):
        write_lineage(self.path("lineage"), [denial(1, "cd" * 32), denial(2, "cd" * 32)])
        words = ("lineage", "report", "--lineage-dir", "lineage", "--out", "r.html")
        answer = self.run_json(*words)
        self.assertEqual((answer["records"], answer["leftOut"]), (2, 0))
        self.run_cli(*words, expect=ERROR)
        self.run_cli(*words, "--force", "--limit", "0", expect=USAGE)
        self.assertEqual(self.run_json(*words, "--force", "--since", "2026-11-21T10:00:02Z")
                         ["records"], 1)
        file = self.path(f"lineage/lineage-{BOOT}.jsonl")
        self.run_cli("lineage", "report", file, "--out", "other.html")

    def test_colours_can_be_read(self):
        """WCAG 2.1, 1.4.3: at least 4.5 to 1, in both modes."""
        style = (SOURCE / "lineage/report/page.css").read_text()
        palettes = [dict(re.findall(r"--(\w+): #(\w{6});", block))
                    for block in re.findall(r":root \{(.*?)\}", style, re.S)]
        self.assertEqual(len(palettes), 2)

        def luminance(colour):
            parts = [int(colour[i:i + 2], 16) / 255 for i in (0, 2, 4)]
            parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4
                     for part in parts]
            return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

        for palette in palettes:
            for ink in ("fore", "soft", "bad", "warn", "good", "accent"):
                for paper in ("back", "panel"):
                    one, other = sorted((luminance(palette[ink]), luminance(palette[paper])))
                    self.assertGreaterEqual((other + 0.05) / (one + 0.05), 4.5, (ink, paper))


if __name__ == "__main__":
    unittest.main()
