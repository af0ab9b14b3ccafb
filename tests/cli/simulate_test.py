#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""warrant simulate: what another policy or other artifacts would have changed."""
import hashlib
import json
import unittest

from support import ERROR, NO, OK, USAGE, WorkshopTest, denial, write_lineage

CONTENT = b"\x7fELF and more"
DIGEST = hashlib.sha256(CONTENT).hexdigest()
CANDIDATE = {"actions": ["exec", "map"], "artifact": 1, "flags": [],
             "leaseUntil": "18446744073709551615", "notAfter": "18446744073709551615",
             "notBefore": "0", "scope": 1}


def changed(record, path, value):
    *parents, last = path.split("/")
    inner = record
    for name in parents:
        inner = inner[name]
    inner[last] = value
    return record


def asked(sequence, **changes):
    """A request for the content that nobody had authorized."""
    record = denial(sequence, DIGEST, path="/usr/bin/tool")
    for path, value in changes.items():
        changed(record, path.replace("_", "/"), value)
    return record


def allowed(sequence):
    record = asked(sequence)
    record["decision"] = {"candidate": 0, "enforced": 0, "reason": "authorized",
                          "verdict": "allow"}
    record["facts"] |= {"candidateCount": 1, "candidates": [CANDIDATE], "flags": ["named"]}
    return record


class SimulateTest(WorkshopTest):
    def setUp(self):
        super().setUp()
        self.make_trust()
        self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--revocation-key", "root.pub",
                     "--breakglass-key", "issuer.pub", "--out", "trust-root.json", "--force")
        self.path("program").write_bytes(CONTENT)
        self.path("set").mkdir()

    def grant(self, *options, name="a", initiator="any", subject=("--subject", "program")):
        self.run_cli("artifact", "draft", *subject, "--initiator", initiator, "--policy",
                     "policy.json", "--not-before", "2026-11-21T00:00:00Z", "--not-after",
                     "2026-11-22T00:00:00Z", "--out", f"{name}.draft", "--force", *options)
        self.run_cli("artifact", "sign", "--key", "issuer.key", f"{name}.draft", "--out",
                     f"set/{name}.json", "--force")

    def simulate(self, records, *options, policy="policy.json", expect=OK):
        write_lineage(self.path("lineage"), records)
        return self.run_json("simulate", "--trust-root", "trust-root.json", "--policy", policy,
                             "--artifacts", "set", "--lineage-dir", "lineage", *options,
                             expect=expect)

    def reason(self, records, *options, **more):
        groups = self.simulate(records, *options, **more)["groups"]
        self.assertEqual(len(groups), 1, groups)
        return groups[0]["wouldBe"]["reason"]

    def test_same_premises_same_decisions(self):
        self.grant()
        self.assertEqual(self.simulate([allowed(1), denial(2, "ee" * 32)])["changed"], 0)

    def test_what_would_be_granted(self):
        self.grant()
        found = self.simulate([asked(1), asked(2), denial(3, "ee" * 32)])
        self.assertEqual((found["decisions"], found["changed"], found["letThrough"]), (3, 2, 2))
        group = found["groups"][0]
        self.assertEqual((group["count"], group["path"], group["was"]["reason"],
                          group["wouldBe"]["verdict"], group["lastId"]),
                         (2, "/usr/bin/tool", "missing authorization", "allow", "3f2a9c1d-2"))

    def test_what_would_be_refused_answers_no(self):
        found = self.simulate([allowed(1)], expect=NO)
        self.assertEqual((found["refusedAnew"], found["letThrough"]), (1, 0))
        self.assertEqual(found["groups"][0]["wouldBe"], {
            "verdict": "deny", "reason": "missing authorization", "enforced": True})
        said = self.run_cli("simulate", "--trust-root", "trust-root.json", "--policy",
                            "policy.json", "--artifacts", "set", "--lineage-dir", "lineage",
                            expect=NO).out
        self.assertIn("denied (missing authorization)", said)

    def test_reasons(self):
        for options, who, reason in (((), "uid=1", "initiator identity mismatch"),
                                     ((), "gid=1", "initiator identity mismatch"),
                                     ((), "unit=x.service", "initiator identity mismatch"),
                                     ((), "code=" + "ab" * 32, "initiator identity mismatch"),
                                     (("--action", "map"), "any", "missing authorization"),
                                     (("--host", "other"), "any", "initiator identity mismatch")):
            with self.subTest(options=options, who=who):
                self.grant(*options, initiator=who)
                self.assertEqual(self.reason([allowed(1)], "--host", "h", expect=NO), reason)

    def test_windows_are_judged_at_the_time_of_the_request(self):
        for window, reason in ((("2026-11-21T10:00:02Z", "2026-11-21T11:00:00Z"),
                                "not yet valid"),
                               (("2026-11-21T09:00:00Z", "2026-11-21T10:00:01Z"), "expired")):
            self.run_cli("artifact", "draft", "--subject", "program", "--initiator", "any",
                         "--policy", "policy.json", "--not-before", window[0], "--not-after",
                         window[1], "--out", "w.draft", "--force")
            self.run_cli("artifact", "sign", "--key", "issuer.key", "w.draft", "--out",
                         "set/w.json", "--force")
            self.assertEqual(self.reason([allowed(1)], expect=NO), reason)

    def test_scopes_of_the_task(self):
        self.grant(initiator="unit=x.service")
        for cgroup, through in (("/system.slice/x.service", 1),
                                ("/system.slice/x.service/below", 1), ("/system.slice", 0),
                                ("/system.slice/y.service", 0), ("/", 0)):
            with self.subTest(cgroup=cgroup):
                self.assertEqual(
                    self.simulate([asked(1, task_cgroup=cgroup)])["letThrough"], through)
        self.grant(initiator="uid=1000")
        self.assertEqual(self.simulate([asked(1)])["letThrough"], 1)

    def draft_policy(self, **members):
        self.run_cli("policy", "draft", "--mode", "enforce", "--version", 2, "--honour",
                     "policy.json", "--out", "p.draft", "--force")
        draft = json.loads(self.path("p.draft").read_text())
        self.path("p.draft").write_text(json.dumps(draft | members))

    def test_policies_and_drafts_of_policies(self):
        self.grant()
        self.draft_policy()
        self.assertEqual(self.simulate([allowed(1)], policy="p.draft")["changed"], 0)
        self.draft_policy(honours=["ab" * 32])
        self.assertEqual(self.reason([allowed(1)], policy="p.draft", expect=NO),
                         "policy mismatch")
        self.draft_policy(mode="observe")
        found = self.simulate([denial(1, "ee" * 32)], policy="p.draft")
        self.assertEqual(found["letThrough"], 1)
        self.draft_policy(scopes=[{"initiator": {"uid": 1000}, "mode": "observe"}])
        self.assertEqual(self.simulate([denial(1, "ee" * 32)], policy="p.draft")["letThrough"], 1)
        self.assertEqual(self.simulate([denial(1, "ee" * 32, uid=7)],
                                       policy="p.draft")["letThrough"], 0)

    def test_from_observing_to_enforcing(self):
        observed = asked(1, decision_enforced=0, facts_mode="observe")
        self.assertEqual(self.simulate([observed], expect=NO)["refusedAnew"], 1)

    def test_revocation(self):
        self.grant()
        for option in (("--digest", "program"), ("--artifact", "set/a.json"),
                       ("--issuer", "issuer.pub")):
            with self.subTest(option=option):
                self.run_cli("revoke", "--key", "root.key", *option, "--out", "r.json", "--force")
                self.assertEqual(self.reason([allowed(1)], "--revocation", "r.json", expect=NO),
                                 "revoked")

    def test_breakglass_for_all(self):
        self.draft_policy(breakglass={"maxWindow": 864000})
        self.grant("--kind", "breakglass", "--covers-all", "--governance", "ticket=1", subject=())
        self.assertEqual(self.simulate([denial(1, "ee" * 32)], policy="p.draft")["letThrough"], 1)

    def test_writes_are_left_out(self):
        record = asked(1, facts_request="write", facts_hook="file_open")
        self.assertEqual(self.simulate([record])["leftOut"], 1)

    def test_replay_answers_no_to_any_change(self):
        self.grant()
        write_lineage(self.path("lineage"), [allowed(1), denial(2, "ee" * 32)])
        premises = ("--trust-root", "trust-root.json", "--policy", "policy.json", "--artifacts",
                    "set", "--lineage-dir", "lineage")
        self.assertEqual(self.run_json("replay", *premises)["changed"], 0)
        write_lineage(self.path("lineage"), [asked(1), asked(2)])
        found = self.run_json("replay", *premises, expect=NO)
        self.assertEqual((found["changed"], found["letThrough"], found["refusedAnew"]), (2, 2, 0))
        self.assertEqual(found["groups"][0]["path"], "/usr/bin/tool")
        self.run_json("simulate", *premises)
        self.assertIn("denied (missing authorization)",
                      self.run_cli("replay", *premises, expect=NO).out)

    def test_replay_alone_takes_no_premises(self):
        write_lineage(self.path("lineage"), [denial(1, "ee" * 32)])
        for option in ("--trust-root", "--revocation", "--host"):
            self.assertIn("only with --policy or --artifacts",
                          self.run_cli("replay", option, "x", "--lineage-dir", "lineage",
                                       expect=USAGE).err)

    def test_bad_premises(self):
        self.grant()
        self.path("set/bad.json").write_text("{}")
        write_lineage(self.path("lineage"), [allowed(1)])
        words = ("simulate", "--trust-root", "trust-root.json", "--lineage-dir", "lineage")
        said = self.run_cli(*words, "--policy", "policy.json", "--artifacts", "set").err
        self.assertIn("set/bad.json: refused: malformed", said)
        for more, word in ((("--policy", "policy.json", "--artifacts", "none"), "none"),
                           (("--policy", "none", "--artifacts", "set"), "none"),
                           (("--policy", "policy.json", "--artifacts", "set", "missing"),
                            "missing")):
            self.assertIn(word, self.run_cli(*words, *more, expect=ERROR).err)


if __name__ == "__main__":
    unittest.main()
