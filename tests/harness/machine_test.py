# SPDX-License-Identifier: Apache-2.0
"""What a machine's ports carry: the guest's lines, whatever the firmware wrote before them, and the host's answers."""
import pathlib
import tempfile
import types
import unittest
import unittest.mock

import support  # noqa: F401  (finds the harness)
from harness import boots, firmware, machine, place, qemu, tpm, workbench

CLEARED = b"\x1b[2J\x1b[01;01H\x1b[=3h\x1b[2J\x1b[01;01H"    # as OVMF leaves it


class Emulator(unittest.TestCase):
    def setUp(self):
        qemu.preferred.cache_clear()
        self.addCleanup(qemu.preferred.cache_clear)

    def chosen(self, oldest, icount=False):
        """What is taken where nothing newer than 7 can be had."""
        def at_least(version):
            if version > 7:
                raise place.HarnessError("no network")
            return qemu.Qemu("installed")
        with unittest.mock.patch.object(qemu, "at_least", at_least):
            return machine.emulator(types.SimpleNamespace(icount=icount, kernel=types.SimpleNamespace(qemu=oldest)))

    def test_the_installed_one_will_do_where_it_boots_the_kernel(self):
        self.assertEqual(self.chosen(0).program, "installed")

    def test_nothing_older_than_the_kernel_needs_is_taken(self):
        with self.assertRaises(place.HarnessError):
            self.chosen(10)

    def test_a_counted_guest_asks_for_none_that_is_newer(self):
        with unittest.mock.patch.object(qemu, "preferred", side_effect=AssertionError):
            self.assertEqual(self.chosen(0, icount=True).program, "installed")


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


class Stuck(unittest.TestCase):
    """A guest is stuck if its own kernel says so, and is asked anew once."""

    SOFT = "[ 129.1] watchdog: BUG: soft lockup - CPU#{} stuck for {}s! [kworker/u4:0:9]\n"

    def watch(self, text):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        console = pathlib.Path(scratch.name) / "console.log"
        console.write_text(text)
        watch = machine.StuckWatch(console, 2)
        watch.EVERY, watch._next = 0, 0
        return watch

    def test_all_processors_for_a_minute_end_the_run(self):
        with self.assertRaises(machine.StuckError):
            self.watch(self.SOFT.format(0, 104) + self.SOFT.format(1, 105)).look()

    def test_one_of_them_or_a_shorter_time_does_not(self):
        self.watch(self.SOFT.format(0, 104) + self.SOFT.format(0, 130)).look()
        self.watch(self.SOFT.format(0, 104) + self.SOFT.format(1, 22)).look()

    def test_what_is_long_over_does_not(self):
        later = "[ 239.0] something else\n"
        self.watch(self.SOFT.format(0, 104) + self.SOFT.format(1, 105) + later).look()
        with self.assertRaises(machine.StuckError):
            self.watch(self.SOFT.format(0, 104) + self.SOFT.format(1, 105) + later.replace("239", "200")).look()
        watch = self.watch(self.SOFT.format(1, 21))
        watch.look()
        watch._last_complaint -= watch.RECENT + 1
        watch.judge_limit()

    def test_a_time_limit_is_that_only_where_the_kernel_complains(self):
        self.watch("[    8.3] ima: Can not allocate sha384 (reason: -2)\n").judge_limit()
        for line in (self.SOFT.format(1, 21), "[ 78.2] rcu: INFO: rcu_preempt self-detected stall on CPU\n",
                     "[ 255.3] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:\n"):
            with self.subTest(line), self.assertRaises(machine.StuckError):
                self.watch(line).judge_limit()

    def test_it_is_asked_anew_once(self):
        outcomes = [machine.StuckError("stuck"), "fine"]

        def attempt():
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        what, (said,) = machine.again_if_stuck(attempt)
        self.assertEqual((what, said), ("fine", "stuck: asked anew, from the beginning"))
        self.assertEqual(machine.again_if_stuck(lambda: "fine"), ("fine", []))
        outcomes[:] = [machine.StuckError("stuck"), machine.StuckError("again"), "never asked"]
        with self.assertRaises(machine.StuckError):
            machine.again_if_stuck(attempt)
        self.assertEqual(outcomes, ["never asked"])


if __name__ == "__main__":
    unittest.main()
