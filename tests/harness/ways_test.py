# SPDX-License-Identifier: Apache-2.0
"""Ways: which actions get which, and what a plan does for each."""
import unittest

import support
from harness import compose, plan, reader, ways


def composed(subject, baseline_only=False):
    """The plan's lines."""
    steps = plan.Plan()
    composer = compose.Composer(subject, {}, steps, 0, {"later": "later.json"})
    composer.baseline()
    if not baseline_only:
        composer.enforced(["/var/lib/warrant"])
    return steps.lines


def phases(lines, name):
    """Phases in which an action is run, in order."""
    return [word[len("phase="):] for line in lines if f" id={name} " in f"{line} "
            for word in line.split() if word.startswith("phase=")]


class Settling(unittest.TestCase):
    def test_a_default_holds_for_all_but_those_that_say_otherwise(self):
        subject = support.make(support.GOOD, support.BAD | {"ways": []},
                               support.GOOD | {"id": "no-baseline", "baseline": False}, ways=["killed"])
        told = {action.id: action.ways for action in subject.actions()}
        self.assertEqual(told, {"good": ("killed",), "bad": (), "no-baseline": ()})

    def test_a_twin_goes_where_its_denial_goes(self):
        subject = support.make(support.GOOD | {"ways": ["killed"]}, support.BAD | {"ways": ["namespace"]})
        self.assertEqual(subject.actions()[0].ways, ("namespace", "killed"))

    def test_what_only_a_living_daemon_shows_has_no_other_way(self):
        ended = support.GOOD | {"expect": {"verdict": "ended", "reason": "revoked"}}
        self.assertEqual(support.make(ended, ways=["killed"]).actions()[0].ways, ())
        with self.assertRaisesRegex(reader.ScenarioError, "plain way only"):
            support.make(ended | {"ways": ["killed"]})

    def test_unknown_ways_are_refused(self):
        with self.assertRaisesRegex(reader.ScenarioError, "no way sideways"):
            support.make(support.GOOD, ways=["sideways"])

    def test_the_powerless_are_told_by_uid_and_by_namespace(self):
        action = support.make(support.GOOD | {"powerless": {"1000": "EPERM", "namespace": "any"}}).actions()[0]
        self.assertEqual([ways.powerless(action, uid, way) for uid in (0, 1000) for way in ways.ALL],
                         [None, "any", None, "EPERM", "any", "EPERM"])
        with self.assertRaisesRegex(reader.ScenarioError, "powerless"):
            support.make(support.GOOD | {"powerless": {"root": "EPERM"}})


class Composing(unittest.TestCase):
    def test_without_ways_nothing_is_done_twice(self):
        lines = composed(support.make(support.GOOD, support.BAD))
        self.assertEqual(phases(lines, "bad@0"), ["baseline", "enforced"])
        self.assertFalse(any("signal=9" in line for line in lines))

    def test_each_way_is_a_pass(self):
        lines = composed(support.make(support.GOOD, support.BAD, ways=["killed", "namespace"]))
        self.assertEqual(phases(lines, "bad@0"),
                         ["baseline", "baseline-namespace", "enforced", "namespace", "killed"])
        inside = [line for line in lines if "phase=namespace" in line and "id=bad@0" in line]
        self.assertIn("-- /bin/probe in-namespace /data/bad", inside[0])

    def test_after_the_killed_pass_another_daemon_brings_the_records(self):
        lines = composed(support.make(support.GOOD, ways=["killed"]))
        killed = next(number for number, line in enumerate(lines) if "phase=killed" in line)
        before, after = "\n".join(lines[:killed]), "\n".join(lines[killed:])
        self.assertIn("signal id=warrantd signal=9", before)
        self.assertLess(after.index("start id=warrantd"), after.index("ask"))
        self.assertLess(after.index("ask"), after.index("collect"))

    def test_other_passes_make_files_anew_and_leave_the_daemon_alone(self):
        subject = support.make({"do": "mkdir", "at": "/tmp/a"}, {"do": "daemon", "what": "stop"},
                               {"do": "install", "artifact": "later"}, support.GOOD, ways=["namespace"],
                               artifacts={"later": {"subjects": []}})
        lines = composed(subject)
        self.assertEqual(sum("mkdir" in line for line in lines), 4)
        self.assertEqual(sum("signal=19" in line for line in lines), 1)
        self.assertEqual(sum(line.startswith("rename") for line in lines), 1)

    def test_a_background_action_is_waited_for_in_its_ways_only(self):
        subject = support.make(support.GOOD | {"background": True, "ways": ["killed"]}, {"do": "wait", "action": "good"},
                               support.GOOD | {"id": "other", "background": True, "ways": []},
                               {"do": "wait", "action": "other"}, support.BAD)
        lines = composed(subject)
        self.assertEqual(sum("wait" in line and "good@0" in line for line in lines), 3)
        self.assertEqual(sum("wait" in line and "other@0" in line for line in lines), 2)

    def test_a_run_without_the_product_needs_no_killed_pass(self):
        lines = composed(support.make(support.GOOD, ways=["killed", "namespace"]), baseline_only=True)
        self.assertEqual(phases(lines, "good@0"), ["baseline", "baseline-namespace"])


if __name__ == "__main__":
    unittest.main()
