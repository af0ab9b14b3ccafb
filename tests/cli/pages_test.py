#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is read from the command table: help, usage errors, manual page, completion, documents."""
import re
import shlex
import subprocess
import unittest

from support import BINARY, ERROR, SOURCE, USAGE, WorkshopTest, denial, environment, write_lineage


class PagesTest(WorkshopTest):
    def commands(self):
        lines = self.run_cli("--help").out.split("\n\n")[2].splitlines()
        return [line[2:].split("  ")[0].split() for line in lines]

    def test_every_command_has_help(self):
        self.assertGreater(len(self.commands()), 20)
        for command in self.commands():
            self.assertIn("usage: warrant " + " ".join(command),
                          self.run_cli(*command, "--help").out)
            self.assertEqual(self.run_cli(*command, "-h").out, self.run_cli(*command, "--help").out)
        for words in ((), ("baseline",), ("lineage",)):
            self.assertEqual(self.run_cli(*words, "-h").out, self.run_cli(*words, "--help").out)

    def test_errors_are_text_even_with_json(self):
        failed = self.run_cli("key", "show", "missing", "--json", expect=ERROR)
        self.assertEqual(failed.out, "")
        self.assertTrue(failed.err.startswith("warrant: missing: "))

    def test_usage_errors(self):
        for words in ([], ["nothing"], ["key"], ["key", "nothing"], ["key", "generate"],
                      ["key", "generate", "--out"], ["key", "generate", "--out", ""],
                      ["key", "generate", "--out", "x", "--out", "y"], ["key", "show"],
                      ["key", "show", "a", "b"], ["key", "show", "--nothing", "a"],
                      ["key", "show", "--json=yes", "a"], ["doctor", "x"],
                      ["completion", "fish"], ["denials", "--limit", "-1"],
                      ["denials", "--limit", "0"],
                      ["denials", "--since", "yesterday"], ["lineage", "show", "--uid", "4294967296"],
                      ["lineage", "show", "--artifact", "xyz"], ["lineage"], ["lineage", "--uid", "1"],
                      ["lineage", "who-ran"], ["lineage", "top", "--limit", "0"],
                      ["lineage", "report"], ["lineage", "export", "--format", "xml"]):
            with self.subTest(words=words):
                before = self.snapshot()
                if words[:2] == ["lineage", "show"]:
                    write_lineage(self.path("l"), [denial(1, "ee" * 32)])
                    words = words + ["--lineage-dir", "l"]
                    before = self.snapshot()
                failed = self.run_cli(*words, expect=USAGE)
                self.assertTrue(failed.err.startswith("warrant: "))
                self.assertEqual(failed.out, "")
                self.assertEqual(self.snapshot(), before)

    def test_pages_as_json(self):
        for words in (("completion", "bash"), ("manual",)):
            self.assertEqual(self.run_json(*words)["text"], self.run_cli(*words).out)

    def test_version(self):
        self.assertRegex(self.run_cli("--version").out, r"^warrant \d+\.\d+\.\d+\n$")

    def test_manual_page_is_the_table(self):
        self.assertEqual((SOURCE / "docs/man/warrant.1").read_text(), self.run_cli("manual").out)

    def test_commands_in_the_documents_exist(self):
        shown = 0
        for page in [SOURCE / "README.md", *(SOURCE / "docs").glob("*.md")]:
            text = page.read_text().replace("\\\n", " ")
            for line in re.findall(r"^(?:sudo |[$#] )?warrant (.*)$", text, re.M):
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
