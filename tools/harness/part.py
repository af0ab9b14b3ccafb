# SPDX-License-Identifier: Apache-2.0
"""One boot of the Debian guest as a test: what is asked there, a check for each answer, and, from the
kernel's own records, that nothing else was denied than what had to be."""
import copy
import dataclasses
import errno

from . import guest, judge, place, product, session

UIDS = (0, 1000)
ENFORCES = "warrantd enforces"
WITHOUT = "systemd.mask=warrantd.service"   # on the kernel's command line


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
    without_first = False              # ask all of it of the same disk without warrantd, too

    def __init__(self, options):
        self._options = options
        self.checks = []
        self.before = {}                   # results of the boot where nothing is enforced, by step
        self._begin(enforced=True)

    # ---- for the parts

    def plan(self):
        raise NotImplementedError

    def judge_end(self, records):
        """More checks, of the whole run."""

    def ask(self, name, script, judge_result, without=None, **options):
        """A line of shell in the running system. `without`: judges what comes of it where nothing is
        enforced."""
        self._judges[name] = judge_result if self.enforced else without
        self.session.shell(name, script, **options)

    def run_program(self, name, judge_result, *argv, without=None, **options):
        """A program in the running system, executed by the agent itself."""
        self._judges[name] = judge_result if self.enforced else without
        self.session.run(name, *argv, **options)

    def run_before(self, name, judge_result, *argv, **options):
        """A program in the guest's root before there is any enforcement."""
        self._early[name] = judge_result
        self.session.run_before(name, *argv, **options)

    def put_in_force(self, name, script):
        """Changes what lies in the directory of artifacts, and waits until that counts."""
        if self.enforced:
            self._judges[name] = said("")
            self.session.put_in_force(name, script)

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

    def _begin(self, enforced):
        """A boot is to be planned."""
        options = copy.copy(self._options)
        if not enforced:
            options.append = f"{options.append} {WITHOUT}"
        self.enforced = enforced
        self.session = session.Session(f"guest-{self.name}{'' if enforced else '-without'}", options,
                                       self.variant, self.limit)
        self._judges = {}
        self._early = {}
        self._denials = []

    def run(self):
        if self.without_first:
            self._begin(enforced=False)
            self.plan()
            outcome = self.session.boot(self._take)
            if outcome.ended != "done":
                raise place.HarnessError(f"the guest without enforcement {outcome.ended}: "
                                         + " | ".join(self.session.console_tail()))
            self.before = self.session.results
            self._begin(enforced=True)
        self.ask(ENFORCES, "systemctl is-active --quiet warrantd || "
                 "{ journalctl -q -t warrantd -o cat | tail -n 5; exit 1; }", said(""), seconds=200)
        self.plan()
        outcome = self.session.boot(self._take)
        complete = outcome.ended == "done" and len(self.session.results) == len(self._judges)
        self.add("the guest did every step and went down",
                 "" if complete else f"{outcome.ended} after {outcome.seconds:.0f} s; console: "
                 + " | ".join(self.session.console_tail()))
        undone = [f"{event['verb']} (step {event['number']}): {errno.errorcode.get(event['errno'])}"
                  for event in outcome.events if event["event"] == "step" and event["errno"]]
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
        early = event["phase"] == "before"
        judge_result = (self._early if early else self._judges)[event["id"]]
        if judge_result:
            problem = judge_result(event)
            self.add(f"without enforcement: {event['id']}" if early or not self.enforced else event["id"], problem)
            if problem and event["id"] == ENFORCES:
                raise place.HarnessError(f"part {self.name}: nothing is enforced, so nothing more is asked")

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
