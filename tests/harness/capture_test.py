# SPDX-License-Identifier: Apache-2.0
"""A log's execs as a scenario: each outcome is staged, all else is counted."""
import json
import unittest

import support
from harness import capture, place, scenario

ARTIFACT = {"id": "ab" * 16}


def decided(sequence, path="/usr/bin/tool", verdict="allow", reason="authorized", digest="11" * 32, uid=1000, **more):
    """A record, as far as it is looked at."""
    record = {"type": "decision", "boot": "b", "exec": str(sequence + 100), "sequence": str(sequence),
              "task": {"tgid": sequence, "uid": uid, "cgroup": "/system.slice/x.service"}, "file": {"path": path},
              "decision": {"verdict": verdict, "reason": reason, "enforced": int(verdict == "deny")},
              "facts": {"request": "exec", "chain": 0, "mode": "enforce", "audit": "optional", "digest": digest,
                        "hook": "bprm_check_security"}}
    if reason != "missing authorization":
        record["artifact"] = ARTIFACT
    record["facts"] |= {name: more.pop(name) for name in list(more) if name in record["facts"]}
    return record | more


def made(*records, limit=200):
    captured = capture.Capture(list(records), limit)
    return captured, scenario.parse(json.dumps(captured.scenario("small")), "small.json")


class Capturing(unittest.TestCase):
    def test_the_same_exec_is_one_action(self):
        captured, parsed = made(decided(1), decided(2), decided(3, uid=0))
        self.assertEqual([(action.id, action.uids) for action in parsed.actions()],
                         [("exec-1-seen-2", (1000,)), ("exec-2-seen-1", (0,))])
        self.assertEqual(parsed.actions()[0].cgroup, "/system.slice/x.service")
        self.assertEqual(sum(captured.seen.values()), 3)

    def test_each_reason_that_can_be_staged_is_expected_with_a_twin(self):
        for reason, members in capture.STAGED.items():
            if reason == "authorized":
                continue
            with self.subTest(reason=reason):
                _, parsed = made(decided(1, verdict="deny", reason=reason))
                twin, action = parsed.actions()
                self.assertEqual((twin.id, twin.expect.verdict, twin.uids), ("twin", "allow", (1000,)))
                self.assertEqual((action.expect.verdict, action.expect.reason, action.expect.hooks,
                                  action.expect.path, action.twin),
                                 ("deny", reason, ("bprm_check_security",), "/replayed/usr/bin/tool", "twin"))
                named = [label for label in parsed.artifacts if label != "twin"]
                self.assertEqual(len(named), 0 if members is None else 1)
                self.assertEqual(bool(parsed.revocations), reason == "revoked")

    def test_one_content_with_two_outcomes_is_two_contents(self):
        _, parsed = made(decided(1), decided(2, verdict="deny", reason="expired"))
        first, second = [file for label, file in parsed.files.items() if label != "twin"]
        self.assertNotEqual(first["variant"], second["variant"])
        self.assertEqual(second["at"], "/replayed/file-2/usr/bin/tool")

    def test_a_script_names_the_interpreter_that_was_decided_on(self):
        script = decided(1, path="/usr/bin/script", exec="9")
        interpreter = decided(1, path="/usr/bin/sh", exec="9", digest="22" * 32, chain=1, verdict="deny",
                              reason="missing authorization")
        _, parsed = made(script, interpreter)
        texts = [file["text"] for file in parsed.files.values() if "text" in file]
        self.assertEqual([text.split("\n")[0] for text in texts], ["#!/replayed/usr/bin/sh"])
        action = parsed.actions()[1]
        self.assertEqual((action.run, action.expect.path), (("/replayed/usr/bin/script",), "/replayed/usr/bin/sh"))

    def test_what_cannot_be_staged_is_counted(self):
        captured, parsed = made(
            decided(1), decided(2, request="map"), decided(3, verdict="deny", reason="unmeasurable content"),
            decided(4, path="name"), decided(5, chain=1), decided(6, mode="observe"), decided(7, path="/other"), limit=1)
        self.assertEqual(len(parsed.actions()), 1)
        self.assertEqual(sorted(captured.left_out.items()), [
            ("a file without a plain path", 1), ("an exec of which a part is not there", 1),
            ("beyond the first 1 different execs", 1), ("map, no exec", 1), ("reason: unmeasurable content", 1),
            ("under another mode than most", 1)])

    def test_observed_denials_are_observed_again(self):
        record = decided(1, verdict="deny", reason="missing authorization", mode="observe")
        record["decision"]["enforced"] = 0
        _, parsed = made(record)
        self.assertEqual((parsed.policy["mode"], parsed.actions()[1].expect.verdict), ("observe", "observe"))

    def test_a_log_without_execs_is_an_error(self):
        with self.assertRaisesRegex(place.HarnessError, "no exec.*\n?.*1: map, no exec"):
            made(decided(1, request="map"))


if __name__ == "__main__":
    unittest.main()
