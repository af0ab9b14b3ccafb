# SPDX-License-Identifier: Apache-2.0
"""Judgement: in each way anew, and a broken denial passes in none."""
import types
import unittest

import support
from harness import commands, judge, outcomes

PHASES = ("baseline", "baseline-namespace", "enforced", "namespace", "killed")
STARTS = {phase: number * 10 + 1 for number, phase in enumerate(PHASES)}


def events(**changes):
    """All goes as it should; `changes`: {phase of the bad action, - as _: its result}."""
    told = []
    for phase in PHASES:
        start, refused = STARTS[phase], "" if phase.startswith("baseline") else "EPERM"
        told.append(support.result(phase, "good@0", start))
        bad = support.result(phase, "bad@0", start + 1, refused)
        told.append(changes.get(phase.replace("-", "_"), bad))
    return [event for event in told if event]


def denials(*phases):
    return support.kept(*(support.decision(STARTS[phase] + 1, "/data/bad") for phase in phases))


class Tallies(unittest.TestCase):
    """An action that is many execs: each is judged, and each is recorded."""

    EXPECT = support.BAD["expect"] | {"tally": True, "errno": "", "exit": 0}

    def problem(self, told, recorded):
        subject = support.make(support.GOOD, support.BAD | {"expect": self.EXPECT, "succeeds": {}})
        bad = support.result("enforced", "bad@0", 31) | {"stdout": told}
        seen = [support.result(phase, "good@0", STARTS[phase]) for phase in ("baseline", "enforced")]
        seen += [support.result("baseline", "bad@0", STARTS["baseline"] + 1), bad]
        kept = support.kept(*[support.decision(31, "/data/bad")] * recorded)
        return {check.action: check.problem for check in judge.Judge(subject, seen, kept).checks()}["bad"]

    def test_execs_in_a_row_and_at_once_are_counted(self):
        for told in ("/data/bad ok=0 eperm=3 other=0\n", "ran=0 eperm=3 other=0\n"):
            self.assertEqual(self.problem(told, 3), "")

    def test_one_that_ran_or_left_no_record_is_a_problem(self):
        self.assertIn("not all of them", self.problem("ran=1 eperm=3 other=0\n", 3))
        self.assertIn("2 are recorded", self.problem("ran=0 eperm=3 other=0\n", 2))


class Slow(unittest.TestCase):
    def test_slow_scenarios_run_only_where_they_are_named(self):
        every = commands._jobs(types.SimpleNamespace(scenarios=[], kernel="6.1"))
        named = commands._jobs(types.SimpleNamespace(scenarios=["storm-long"], kernel="6.1"))
        self.assertIn(("storm", "6.1"), every)
        self.assertNotIn(("storm-long", "6.1"), every)
        self.assertEqual(named, [("storm-long", "6.1")])


class Judging(unittest.TestCase):
    SUBJECT = support.make(support.GOOD, support.BAD, ways=["namespace", "killed"])

    def problems(self, told, records):
        return {check.way: check.problem for check in judge.Judge(self.SUBJECT, told, records).checks()
                if check.action == "bad"}

    def test_a_denial_holds_in_all_ways(self):
        problems = self.problems(events(), denials("enforced", "namespace", "killed"))
        self.assertEqual(problems, {"plain": "", "namespace": "", "killed": ""})

    def test_what_runs_after_the_kill_is_no_denial(self):
        ran = support.result("killed", "bad@0", STARTS["killed"] + 1)
        problems = self.problems(events(killed=ran), denials("enforced", "namespace"))
        self.assertEqual((problems["plain"], problems["namespace"]), ("", ""))
        self.assertIn("expected EPERM", problems["killed"])

    def test_a_denial_without_a_record_is_none(self):
        problems = self.problems(events(), denials("enforced", "namespace"))
        self.assertIn("no denial was recorded", problems["killed"])

    def test_a_baseline_that_fails_in_the_namespace_spoils_that_way_alone(self):
        failed = support.result("baseline-namespace", "bad@0", STARTS["baseline-namespace"] + 1, "EACCES")
        problems = self.problems(events(baseline_namespace=failed), denials("enforced", "namespace", "killed"))
        self.assertIn("does not work without enforcement", problems["namespace"])
        self.assertEqual((problems["plain"], problems["killed"]), ("", ""))

    def test_a_way_that_never_ran_fails(self):
        problems = self.problems(events(namespace=None), denials("enforced", "killed"))
        self.assertIn("never ran", problems["namespace"])

    def test_the_twin_must_run_in_the_same_way(self):
        told = [event for event in events() if (event["phase"], event["id"]) != ("killed", "good@0")]
        problems = self.problems(told, denials("enforced", "namespace", "killed"))
        self.assertIn("its twin good uid 0, daemon killed fails", problems["killed"])


class Powerless(unittest.TestCase):
    SUBJECT = support.make(support.GOOD, support.BAD | {"powerless": {"namespace": "EPERM"}},
                           ways=["namespace"])

    def namespace_problem(self, before, under):
        told = [event for event in events() if event["phase"] not in ("baseline-namespace", "namespace")]
        told += [support.result("baseline-namespace", "bad@0", 90, before),
                 support.result("namespace", "bad@0", 91, under)]
        checks = judge.Judge(self.SUBJECT, told, denials("enforced")).checks()
        return next(check.problem for check in checks if (check.action, check.way) == ("bad", "namespace"))

    def test_the_kernel_must_refuse_it_before_and_under_enforcement(self):
        self.assertEqual(self.namespace_problem("EPERM", "EPERM"), "")
        self.assertIn("expected to be refused", self.namespace_problem("", "EPERM"))
        self.assertIn("expected to be refused", self.namespace_problem("EPERM", ""))
        self.assertIn("expected to be refused", self.namespace_problem("EACCES", "EPERM"))


class Table(unittest.TestCase):
    def test_each_way_and_kernel_has_its_word(self):
        subject = Judging.SUBJECT
        good = judge.Judge(subject, events(), denials("enforced", "namespace", "killed")).checks()
        worse = judge.Judge(subject, events(), denials("enforced", "namespace")).checks()
        table = outcomes.gather([types.SimpleNamespace(scenario=subject, kernel="6.1", checks=good),
                                 types.SimpleNamespace(scenario=subject, kernel="7.2", checks=worse)])
        lines = outcomes.render(table)
        self.assertEqual(lines[0].split(), ["technique", "root", "in", "ns", "root", "killed", "root"])
        self.assertEqual(lines[1].split(), ["unsigned", "closed", "closed", "6.1:closed", "7.2:FAILED"])
        self.assertIn("1 techniques on 6.1, 7.2: 5 closed, 1 FAILED", lines[-1])
        self.assertEqual(len(outcomes.as_json(table)), 6)


if __name__ == "__main__":
    unittest.main()
