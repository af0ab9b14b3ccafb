# SPDX-License-Identifier: Apache-2.0
"""One boot of the Debian guest as a test: what is asked there, a check for each answer, and, from the
kernel's own records, that nothing else was denied than what had to be."""
import dataclasses
import errno

from . import guest, judge, place, product, session

UIDS = (0, 1000)


@dataclasses.dataclass(frozen=True)
class Denial:
    """One that must be recorded while a step runs."""
    step: str
    path: str
    reason: str


class Part:
    """A part says what it asks in plan(); run() boots the guest and returns the checks."""

    name = ""
    variant = guest.PLAIN
    limit = 300                        # seconds of the whole boot, at least

    def __init__(self, options):
        self.session = session.Session(f"guest-{self.name}", options, self.variant,
                                       self.limit)
        self.checks = []
        self._judges = {}
        self._early = {}
        self._denials = []

    # ---- for the parts

    def plan(self):
        raise NotImplementedError

    def judge_end(self, records):
        """More checks, of the whole run."""

    def ask(self, name, script, judge_result, **options):
        """A line of shell in the running system."""
        self._judges[name] = judge_result
        self.session.shell(name, script, **options)

    def put_in_force(self, name, script):
        """Changes what lies in the directory of artifacts, and waits until that counts."""
        self._judges[name] = said("")
        self.session.put_in_force(name, script)

    def run_program(self, name, judge_result, *argv, **options):
        """A program in the running system, executed by the agent itself."""
        self._judges[name] = judge_result
        self.session.run(name, *argv, **options)

    def run_before(self, name, judge_result, *argv, **options):
        """A program in the guest's root before there is any enforcement."""
        self._early[name] = judge_result
        self.session.run_before(name, *argv, **options)

    def expect_denial(self, step, path, reason):
        """While that step runs, a denial of that path must be recorded; all others are failures."""
        self._denials.append(Denial(step, path, reason))

    def refuse(self, name, path, *words, reason="missing authorization", **options):
        """A program that must be refused: EPERM from execve itself, with that reason in the records."""
        self.run_program(name, refused, path, *words, **options)
        self.expect_denial(name, path, reason)

    def add(self, name, problem):
        self.checks.append(judge.Check(name, problem, "run"))
        print(self.checks[-1].line(), flush=True)

    # ---- the run

    def run(self):
        self.plan()
        outcome = self.session.boot(self._take)
        complete = outcome.ended == "done" and len(self.session.results) == len(self._judges)
        undone = [f"{event['verb']} (step {event['number']}): {errno.errorcode.get(event['errno'])}"
                  for event in outcome.events if event["event"] == "step" and event["errno"]]
        self.add("the guest did every step and went down",
                 "" if complete else f"{outcome.ended} after {outcome.seconds:.0f} s; console: "
                 + " | ".join(self.session.console_tail()))
        self.add("no step failed", "; ".join(undone[:5]))
        records = self.session.records()
        self._judge_denials(records)
        self.add("no event was lost", f"{records.lost()} lost" if records.lost() else "")
        self.judge_end(records)
        self.add("decide() confirms every recorded verdict", self._replay())
        return self.checks

    def _take(self, event):
        if event["event"] in ("warning", "error", "garbled"):
            place.say(f"guest {event['event']}: {event['text']}")
        if event["event"] != "result":
            return
        if event["phase"] == "before":
            self.add(f"without enforcement {event['id']}", self._early[event["id"]](event))
        else:
            self.add(event["id"], self._judges[event["id"]](event))

    def _judge_denials(self, records):
        denials = [decision for decision in records.decisions if decision.verdict == "deny"
                   and "warrant-canary" not in decision.path]
        for wanted in self._denials:
            result = self.session.results.get(wanted.step)
            found = [decision for decision in denials if result and _fits(decision, wanted, result)]
            if not found:
                self.add(f"{wanted.step}: recorded", f"no denial of {wanted.path}: {wanted.reason}")
            denials = [decision for decision in denials if decision not in found]
        self.add("every recorded denial was asked for"
                 + (f", {len(self._denials)} were" if self._denials else ", none was"),
                 "; ".join(decision.text() for decision in denials[:10])
                 + (f"; {len(denials) - 10} more" if len(denials) > 10 else ""))

    def _replay(self):
        folder = self.session.lineage()
        if not folder:
            return "the guest left no records"
        try:
            product.warrant("replay", "--lineage-dir", folder)
        except place.HarnessError as error:
            return str(error)
        return ""


def _fits(decision, wanted, result):
    return (decision.path == wanted.path and decision.reason == wanted.reason
            and result["start"] <= decision.now <= result["end"])


# ---- judges: the problem with an agent's result, empty if there is none

def ended_well(result):
    return result["exit"] == 0 and not result["hung"] and not result["execErrno"]


def said(text):
    """Exit code 0 and exactly this output."""
    return lambda result: ("" if ended_well(result) and result["stdout"] == text
                           else judge.describe(result))


def told(text):
    """Exit code 0 and this somewhere in the output."""
    return lambda result: ("" if ended_well(result) and text in result["stdout"]
                           else judge.describe(result))


def failed_saying(text):
    """Another exit code than 0, and this somewhere in the output."""
    return lambda result: ("" if result["exit"] > 0 and not result["hung"]
                           and text in result["stdout"] else judge.describe(result))


def refused(result):
    return "" if judge.observed_errno(result) == "EPERM" else judge.describe(result)


def fine(result):
    """Exit code 0, whatever it said."""
    return "" if ended_well(result) else judge.describe(result)
