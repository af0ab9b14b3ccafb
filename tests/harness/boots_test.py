# SPDX-License-Identifier: Apache-2.0
"""How scenarios say which TPM, disk and firmware a boot has, and what comes before it."""
import pathlib
import tempfile
import types
import unittest

import support
from harness import boots, compose, plan, reader, scenario, series, tpm, workshop

NOTE = {"do": "write", "at": "/run/note", "text": "note"}
EARLY = {"do": "host", "phase": "baseline", "gives": {"enrollment.json": "/etc/warrant/enrollment.json"}}


class Parsing(unittest.TestCase):
    def refused(self, **members):
        with self.assertRaises(reader.ScenarioError) as caught:
            support.make(support.GOOD, **members)
        return str(caught.exception)

    def test_nothing_said_is_a_boot_as_ever(self):
        self.assertEqual(support.make(support.GOOD).boot, boots.Boot())

    def test_members_are_taken(self):
        made = support.make(support.GOOD, firmware="uefi", append="quiet", disk="today",
                            tpm={"banks": ["sha1"], "slow": 10})
        self.assertEqual(made.boot, boots.Boot("uefi", "quiet", boots.Chip(boots.OWN, ("sha1",), 10), "today"))

    def test_what_is_unknown_is_refused(self):
        self.assertIn("md5", self.refused(tpm={"banks": ["md5"]}))
        self.assertIn("unknown: color", self.refused(tpm={"color": "red"}))
        self.assertIn("unknown: name", self.refused(tpm={"none": True, "name": "first"}))
        self.assertIn("firmware", self.refused(firmware="coreboot"))
        self.assertIn("unknown: kernel", self.refused(before=[{"kernel": "7.2"}]))

    def test_a_copy_is_of_a_disk_that_was_there_and_is_a_new_one(self):
        first = {"disk": "today"}
        self.assertIn("a copy of", self.refused(disk="clone", **{"copy-of": "today"}))
        self.assertIn("a copy of", self.refused(before=[first], disk="today", **{"copy-of": "today"}))
        self.assertEqual(support.make(support.GOOD, before=[first], disk="clone",
                                      **{"copy-of": "today"}).boot.copy_of, "today")

    def test_banks_are_those_that_a_tpm_was_made_with(self):
        self.assertIn("banks", self.refused(before=[{"tpm": {"banks": ["sha1"]}}], tpm={"banks": ["sha256"]}))

    def test_earlier_boots_deny_nothing(self):
        self.assertIn("only allowed", self.refused(before=[{"sequence": [support.GOOD, support.BAD]}]))

    def test_the_host_runs_warrant_only(self):
        self.assertIn("nothing else", self.refused(before=[{"sequence": [{"do": "host", "run": ["sh"]}]}]))
        self.assertIn("tpm what", self.refused(before=[{"sequence": [{"do": "tpm", "what": "melt"}]}]))

    def test_steps_of_earlier_boots_name_what_is_there(self):
        self.assertIn("no artifact gone", self.refused(
            before=[{"sequence": [{"do": "install", "artifact": "gone"}]}]))


class Composing(unittest.TestCase):
    def lines(self, sequence, daemon=True, with_product=True):
        subject = support.make(support.GOOD, before=[{"sequence": sequence}])
        part = types.SimpleNamespace(sequence=subject.before[0].sequence, actions=lambda: [])
        composer = compose.Composer(part, {}, plan.Plan(), 0, {}, with_product)
        composer.before(daemon, ["/var"])
        return [line.split(" ")[0] for line in composer.plan.lines], composer

    def test_what_is_for_the_baseline_comes_before_the_daemon(self):
        lines, composer = self.lines([NOTE, EARLY, support.GOOD])
        self.assertEqual(lines, ["host", "start", "ready", "write", "run", "signal", "wait", "collect"])
        self.assertEqual([step.do for step in composer.asked.values()], ["host"])

    def test_without_a_daemon_all_comes_in_its_order(self):
        self.assertEqual(self.lines([NOTE, EARLY, support.GOOD], daemon=False)[0],
                         ["write", "host", "run", "collect"])

    def test_without_the_product_nobody_can_be_asked(self):
        self.assertEqual(self.lines([EARLY, {"do": "tpm", "what": "remove"}], daemon=False, with_product=False)[0],
                         ["host", "collect"])

    def test_a_failed_action_of_an_earlier_boot_is_told(self):
        part = types.SimpleNamespace(name="small/boot 1", sequence=support.make(support.GOOD).sequence)
        good = types.SimpleNamespace(events=[support.result("before", "good@0", 1)])
        bad = types.SimpleNamespace(events=[support.result("before", "good@0", 1, "EPERM")])
        self.assertEqual([check.problem for check in series._success_checks(part, good)], [""])
        self.assertIn("EPERM", series._success_checks(part, bad)[0].problem)


class Desk(unittest.TestCase):
    """Files go both ways; what cannot be done ends the step with an error, and is told."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        (self.folder / "authority").mkdir()
        self.shop = workshop.Workshop(self.folder)

    def answer(self, do, event=None, chip=None, **words):
        step = scenario.Step(do, words, ("enforced",))
        return self.shop.server({"0": step})({"event": "host", "name": "0"} | (event or {}), chip)

    def test_what_a_guest_sends_lies_on_the_desk_byte_by_byte(self):
        self.assertEqual(self.answer("host", {"/run/a": "b\xe9\0"}, takes=["/run/a"]), ["end errno=0"])
        self.assertEqual((self.folder / "authority/a").read_bytes(), b"b\xe9\0")

    def test_text_is_given_by_rename(self):
        (self.folder / "authority/a").write_text("50 % of\n")
        self.assertEqual(self.answer("host", gives={"a": "/etc/x/a.json"}),
                         ["write mode=0644 -- /etc/x/.a.json.new 50%20%25%20of%0A",
                          "rename -- /etc/x/.a.json.new /etc/x/a.json", "end errno=0"])

    def test_what_is_missing_or_no_text_is_a_problem(self):
        for words in ({"takes": ["/run/none"]}, {"gives": {"none": "/run/none"}}):
            self.assertEqual(self.answer("host", **words), ["end errno=71"])
            self.assertEqual(len(self.shop.problems), 1)
        (self.folder / "authority/zero").write_bytes(b"\0")
        self.assertEqual(self.answer("host", gives={"zero": "/run/zero"}), ["end errno=71"])

    def test_a_machine_without_a_tpm_has_none_to_lose(self):
        self.assertEqual(self.answer("tpm", chip=tpm.Absent(), what="remove"), ["end errno=71"])

    def test_a_copy_is_of_the_disk_as_it_was_left(self):
        folder = self.folder / "disks"
        folder.mkdir()
        (folder / "today.ext4").write_text("as left")
        copied = self.shop.disk(boots.Boot(disk="clone", copy_of="today"))
        copied.write_text("changed")
        self.assertEqual((folder / "today.ext4").read_text(), "as left")
        self.assertEqual(self.shop.disk(boots.Boot(disk="clone", copy_of="today")).read_text(), "changed")
        self.assertIsNone(self.shop.disk(boots.Boot()))


if __name__ == "__main__":
    unittest.main()
