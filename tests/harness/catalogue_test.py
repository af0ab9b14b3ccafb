# SPDX-License-Identifier: Apache-2.0
"""The catalogue of techniques and the page that is made of it."""
import json
import unittest

import support
from harness import bypasses, catalogue, reader


def limit(**members):
    return {"id": "a-limit", "row": 61, "what": "It is tried", "open": "Because.", "operator": "Nothing."} | members


def limits(*values):
    return catalogue.parse_limits(json.dumps({"limits": list(values)}), "limits.json")


def scenario_with(technique, **members):
    return support.make(support.GOOD, support.BAD | {"technique": technique} | members)


class Describing(unittest.TestCase):
    def refuse(self, technique, words, **members):
        with self.assertRaisesRegex(reader.ScenarioError, words):
            scenario_with(technique, **members)

    def test_what_contradicts_itself_is_refused(self):
        told = support.BAD["technique"]
        self.refuse(told | {"by": "luck"}, "a denial closes it")
        self.refuse(told | {"open": "why", "operator": "what"}, "a denial closes it")
        self.refuse(told | {"untried": "why"}, "a denial closes it")
        self.refuse(told | {"row": "Z"}, "row is a number")
        self.refuse(told | {"row": True}, "row is a number|wrong type")
        self.refuse(told | {"id": "Not an id"}, "small letters")
        self.refuse(told | {"more": 1}, "unknown: more")
        self.refuse({"id": "x", "row": 1}, "what is missing")

    def test_without_a_denial_it_says_what_closes_it_or_why_nothing_does(self):
        allowed = {"expect": {"verdict": "allow"}}
        told = support.BAD["technique"]
        self.refuse(told, "say what it is closed by", **allowed)
        self.refuse(told | {"open": "why"}, "what the operator can do", **allowed)
        self.refuse(told | {"untried": "why"}, "not untried", **allowed)
        self.assertTrue(scenario_with(told | {"by": "the daemon"}, **allowed))

    def test_limits_that_are_closed_name_tests_that_are_there(self):
        closed = {"id": "a", "row": 1, "what": "w", "by": "b"}
        with self.assertRaisesRegex(reader.ScenarioError, "shown by tests"):
            limits(closed)
        with self.assertRaisesRegex(reader.ScenarioError, "there is no tests/none.cc"):
            limits(closed | {"tests": ["tests/none.cc"]})
        self.assertEqual(limits(closed | {"tests": ["tests/main.cc"]})[0].technique.state, "closed")


class Gathering(unittest.TestCase):
    def test_another_action_may_name_a_technique(self):
        other = support.make(support.GOOD, support.BAD | {"technique": "unsigned", "uids": [1000]}, name="other")
        entries = catalogue.gather([other, support.make(support.GOOD, support.BAD)], [])
        self.assertEqual([trial.text() for trial in entries[0].trials], ["small/bad", "other/bad"])
        self.assertEqual(entries[0].cases(), {("plain", 0), ("plain", 1000)})

    def test_a_name_that_nothing_describes_is_an_error(self):
        with self.assertRaisesRegex(reader.ScenarioError, "nothing describes"):
            catalogue.gather([scenario_with("elsewhere")], [])

    def test_a_technique_is_described_once(self):
        with self.assertRaisesRegex(reader.ScenarioError, "described already by small/bad"):
            catalogue.gather([support.make(support.GOOD, support.BAD)], limits(limit(id="unsigned")))

    def test_rows_must_exist(self):
        with self.assertRaisesRegex(reader.ScenarioError, "no row 4"):
            catalogue.gather([], limits(limit(row=4)))

    def test_missing_rows_are_told(self):
        missing = catalogue.missing_rows(catalogue.gather([support.make(support.GOOD, support.BAD)],
                                                          limits(limit(row=[2, 61]))))
        self.assertNotIn(1, missing)
        self.assertNotIn(61, missing)
        self.assertIn(94, missing)
        self.assertEqual(len(missing), 80 - 3)


class Page(unittest.TestCase):
    def rows(self, *scenarios, more=()):
        page = bypasses.render(catalogue.gather(scenarios, limits(*more)))
        return [line for line in page.splitlines() if line.startswith("| ") and "---" not in line
                and not line.startswith("| # ")]

    def test_a_closed_one_names_hook_reason_kernel_and_trial(self):
        self.assertEqual(self.rows(support.make(support.GOOD, support.BAD, kernels=["6.12", "6.1"])),
                         ["| 1 | `unsigned` | An unsigned file is executed | closed | `bprm_check_security`: missing "
                          "authorization; since 6.1. | small: bad (root) |"])

    def test_all_is_said_only_of_all(self):
        everybody = support.make(support.GOOD, support.BAD, uids=[0, 1000], ways=["namespace", "killed"])
        self.assertIn("small: bad (all)", self.rows(everybody)[0])
        some = support.make(support.GOOD, support.BAD, uids=[0, 1000], ways=["killed"])
        self.assertIn("small: bad (root 1000; killed root 1000)", self.rows(some)[0])

    def test_the_states(self):
        told = support.BAD["technique"]
        partly = scenario_with(told | {"but": "Half.", "operator": "Watch."})
        self.assertIn("| partly | `bprm_check_security`: missing authorization; since 6.1. **But:** Half. *Operator:* Watch.",
                      self.rows(partly)[0])
        rows = self.rows(more=[limit(), limit(id="b", row="E", open="", untried="It reads well.", operator="")])
        self.assertIn("| open | Because. *Operator:* Nothing. | nothing |", rows[0])
        self.assertIn("| + | `b` | It is tried | untried | It reads well. | nothing |", rows[1])

    def test_the_page_in_the_repository_is_the_one_that_would_be_written(self):
        entries = catalogue.load()
        self.assertEqual(catalogue.missing_rows(entries), [])
        self.assertEqual(bypasses.PAGE.read_text(), bypasses.render(entries))


if __name__ == "__main__":
    unittest.main()
