# SPDX-License-Identifier: Apache-2.0
"""What a machine's ports carry: the guest's lines, whatever the firmware wrote before them, and the host's answers."""
import pathlib
import tempfile
import types
import unittest

import support  # noqa: F401  (finds the harness)
from harness import boots, firmware, machine, tpm, workbench

CLEARED = b"\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H"    # as OVMF leaves it


class Reading(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.path = pathlib.Path(scratch.name) / "events"
        self.path.write_bytes(b"")
        self.reader = machine.EventReader(self.path, None)
        self.addCleanup(self.reader._file.close)

    def read(self, data):
        with open(self.path, "ab") as port:
            port.write(data)
        self.reader.pump()
        return self.reader.events

    def test_the_firmwares_terminal_is_no_part_of_the_first_line(self):
        self.assertEqual(self.read(CLEARED + b'{"event":"up","boot":1}\n'), [{"event": "up", "boot": 1}])

    def test_a_line_counts_when_it_is_whole(self):
        self.assertEqual(self.read(b'{"event":'), [])
        self.assertEqual(self.read(b'"done"}\n'), [{"event": "done"}])

    def test_anything_else_is_told(self):
        self.assertEqual(self.read(b"panic\n"), [{"event": "garbled", "text": "panic"}])


class Answering(unittest.TestCase):
    def test_a_question_is_answered_line_by_line_and_nothing_else(self):
        with machine.Answers(lambda event, chip: [f"write {event['name']}", "end errno=0"], None) as answers:
            answers.take({"event": "result"})
            answers.take({"event": "host", "name": "7"})
            self.assertEqual(answers._far.recv(100), b"write 7\nend errno=0\n")
            self.assertIn("isa-serial,chardev=host,index=2,irq=5", answers.arguments)

    def test_who_has_nothing_to_ask_has_no_port(self):
        with machine.Answers(None, None) as answers:
            self.assertEqual((answers.arguments, answers.passed), ([], []))


class Options(unittest.TestCase):
    def chip(self, text):
        return workbench.chip_of(types.SimpleNamespace(tpm=text, tpm_slow=2), pathlib.Path("/nowhere"))

    def test_none_and_the_usual_one(self):
        self.assertEqual(self.chip("none"), tpm.Options(none=True, slow=2))
        self.assertEqual(self.chip(""), tpm.Options(slow=2))

    def test_unknown_banks_are_refused(self):
        with self.assertRaisesRegex(workbench.place.HarnessError, "md5"):
            self.chip("sha1,md5")

    def test_a_bios_needs_no_arguments(self):
        with firmware.arguments(boots.Boot().firmware, None) as words:
            self.assertEqual(words, [])


if __name__ == "__main__":
    unittest.main()
