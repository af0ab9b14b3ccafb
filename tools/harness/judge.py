# SPDX-License-Identifier: Apache-2.0
"""Whether what happened in a guest is what the scenario says. One check for each action and uid:
a denial counts only if the same action succeeded without enforcement, its authorized twin ran under
enforcement, the errno is the expected one, and the kernel's own record gives the expected reason."""
import dataclasses
import errno
import json
import re
import signal
import typing

from . import scenario, ways


_VERBS = {"deny": "denied", "observe": "observed only", "ended": "ended"}


class Case(typing.NamedTuple):
    """One action as one user in one way."""
    action: scenario.Action
    uid: int
    way: ways.Way

    def text(self):
        return f"{self.action.id} uid {self.uid}{self.way.told}"


@dataclasses.dataclass(frozen=True)
class Check:
    name: str
    problem: str          # empty: passed
    kind: str             # "deny", "allow", "observe", "ended", "powerless", "baseline" or "run"
    action: str = ""      # what it is about, if it is about an action
    uid: int = 0
    way: str = ""

    def line(self):
        return f"ok - {self.name}" if not self.problem else f"not ok - {self.name}: {self.problem}"


def observed_errno(result):
    """What the kernel refused the action with: from execve itself, or told by the probe."""
    if result["execErrno"]:
        return errno.errorcode.get(result["execErrno"], str(result["execErrno"]))
    told = re.findall(r"^errno=(\w+)$", result["stdout"], re.MULTILINE)
    return told[-1] if told and result["exit"] == getattr(errno, told[-1], -1) else ""


def as_json(result):
    """What a command printed with --json; an empty object if that is none."""
    try:
        return json.loads(result["stdout"])
    except ValueError:
        return {}


def _is_at(denial, hook):
    """`hook`: one, or several of which a kernel has one: "A|B"."""
    return denial.hook in hook.split("|")


def describe(result):
    """What an action did, in few words."""
    parts = []
    if result["hung"]:
        parts.append("HUNG")
    if result["execErrno"]:
        parts.append(f"execve: {observed_errno(result)}")
    elif result["signal"]:
        parts.append(f"killed by signal {result['signal']}")
    else:
        parts.append(f"exit {result['exit']}")
    for stream in ("stdout", "stderr"):
        if result[stream].strip():
            parts.append(f"{stream} {result[stream].strip()[:200]!r}")
    return ", ".join(parts)


def tally_of(result):
    """What a probe that counts execs told: (ran, refused, anything else), or None."""
    told = re.search(r"(?:ok|ran)=(\d+) eperm=(\d+) other=(\d+)", result["stdout"])
    return tuple(map(int, told.groups())) if told else None


def success_problem(result, wanted):
    """Why an action did not do what it does when nothing stops it; empty if it did."""
    if result is None:
        return "it never ran"
    good = (not result["hung"] and not result["execErrno"] and not result["signal"]
            and result["exit"] == wanted.exit and wanted.stdout in result["stdout"]
            and wanted.stderr in result["stderr"])
    return "" if good else describe(result)


def refusal_problem(result, wanted):
    """Why an action was not refused in the expected way; empty if it was."""
    if result is None:
        return "it never ran"
    if result["hung"]:
        return describe(result)
    if observed_errno(result) != wanted.errno:
        return f"expected {wanted.errno or 'no errno'}, but: {describe(result)}"
    if wanted.exit is not None and result["exit"] != wanted.exit:
        return f"expected exit {wanted.exit}, but: {describe(result)}"
    if wanted.signal is not None and result["signal"] != wanted.signal:
        return f"expected signal {wanted.signal}, but: {describe(result)}"
    if wanted.stdout not in result["stdout"] or wanted.stderr not in result["stderr"]:
        return f"expected other output, but: {describe(result)}"
    if wanted.without and wanted.without in result["stdout"]:
        return f"{wanted.without!r} must not be in the output, but: {describe(result)}"
    return ""


def powerless_problem(result, wanted):
    """Why an action was not refused by the kernel itself; empty if it was."""
    if result is None:
        return "it never ran"
    if wanted == "any":
        refused = bool(result["execErrno"] or result["signal"] or result["exit"]) and not result["hung"]
    else:
        refused = observed_errno(result) == wanted
    return "" if refused else f"expected to be refused with {wanted}, but: {describe(result)}"


class Judge:
    """Holds everything that a run left, and passes judgement."""

    def __init__(self, subject, events, records):
        self._scenario = subject
        self._records = records       # records.Records, or None in a run without the product
        self._results = {(event["phase"], event["id"]): event
                         for event in events if event["event"] == "result"}
        self._actions = {action.id: action for action in subject.actions()}
        background = {action.name(uid) for action in self._actions.values() if action.background
                      for uid in action.uids}
        self._busy = [result for (_, name), result in self._results.items() if name in background]

    def _cases(self):
        return [Case(action, uid, way) for action in self._actions.values() for way in ways.of(action)
                for uid in action.uids]

    def _before(self, case):
        return self._results.get((case.way.baseline, case.action.name(case.uid)))

    def _under(self, case):
        return self._results.get((case.way.judged, case.action.name(case.uid)))

    def baseline_checks(self):
        """For runs without the product: everything must succeed."""
        return [self._told(case, "works without enforcement", self._baseline_problem(case), "baseline")
                for case in self._cases() if case.action.baseline and case.way is not ways.KILLED]

    def checks(self):
        return [self._check(case) for case in self._cases()]

    def _told(self, case, what, problem, kind):
        return Check(f"{self._scenario.name}/{case.text()}: {what}", problem, kind, case.action.id, case.uid,
                     case.way.name)

    def _check(self, case):
        expect = case.action.expect
        if ways.powerless(*case) is not None:
            problem = self._baseline_problem(case) or self._powerless_problem(self._under(case), case)
            return self._told(case, "refused by the kernel, whatever enforces", problem, "powerless")
        judges = {"allow": self._allow_problem, "deny": self._deny_problem,
                  "observe": self._observe_problem, "ended": self._ended_problem}
        what = "allowed" if expect.verdict == "allow" else f"{_VERBS[expect.verdict]}, {expect.reason}"
        problem = self._baseline_problem(case) or judges[expect.verdict](case)
        return self._told(case, what, problem, expect.verdict)

    def _baseline_problem(self, case):
        if not case.action.baseline:
            return ""
        result = self._before(case)
        if ways.powerless(*case) is not None:
            return self._powerless_problem(result, case)
        problem = success_problem(result, case.action.succeeds)
        return f"does not work without enforcement: {problem}" if problem else ""

    def _powerless_problem(self, result, case):
        return powerless_problem(result, ways.powerless(*case))

    def _allow_problem(self, case):
        result = self._under(case)
        problem = success_problem(result, case.action.succeeds)
        if case.action.expect.tally:
            return problem or self._tally_problem(case.action, result)
        denials = self._denials(result) if result and not case.action.background else []
        if problem or denials:
            told = "; ".join([problem] + [denial.text() for denial in denials[:5]]).strip("; ")
            return f"must be allowed: {told}"
        return ""

    def _deny_problem(self, case):
        result, action = self._under(case), case.action
        problem = refusal_problem(result, action.expect)
        if problem:
            recorded = self._denials(result) if result else []
            return problem + "".join(f" [{denial.text()}]" for denial in recorded)
        tally = action.expect.tally and self._tally_problem(action, result)
        return tally or self._record_problem(action, result) or self._twin_problem(case)

    def _tally_problem(self, action, result):
        """Every one of many execs had the expected end, and its verdict is recorded."""
        wanted = action.expect
        verdict = wanted.verdict
        ran, refused, other = tally_of(result) or (0, 0, 0)
        count, wrong = (ran, refused) if verdict == "allow" else (refused, ran)
        if not count or wrong or other:
            return f"not all of them were {verdict}: {describe(result)}"
        recorded = sum(1 for decision in self._records.during(result["start"], result["end"])
                       if (decision.path, decision.verdict) == (wanted.path, verdict))
        return "" if recorded == count else f"{count} execs, but {recorded} are recorded"

    def _observe_problem(self, case):
        result = self._under(case)
        problem = success_problem(result, case.action.succeeds)
        if problem:
            return f"must go on under a policy that only observes: {problem}"
        return self._record_problem(case.action, result) or self._twin_problem(case)

    def _ended_problem(self, case):
        """The daemon killed it, and what it had started, and recorded each."""
        result, expect = self._under(case), case.action.expect
        if result is None:
            return "it never ran"
        if result["signal"] != signal.SIGKILL:
            return f"expected to be killed, but: {describe(result)}"
        ended = self._records.ended_since(result["start"], expect.reason)
        if result["pid"] not in ended:
            return f"killed, but the records tell of others: {sorted(ended)}"
        if len(ended) != expect.count:
            return f"{expect.count} processes should have ended, but: {sorted(ended)}"
        return ""

    def _denials(self, result):
        """Denials while an action ran. Beside a background action the process id must fit too."""
        alone = not any(other is not result and other["start"] <= result["end"]
                        and result["start"] <= other["end"] for other in self._busy)
        return [decision for decision in self._records.during(result["start"], result["end"])
                if decision.verdict == "deny" and (alone or decision.pid == result["pid"])]

    def _record_problem(self, action, result):
        wanted = action.expect
        denials = self._denials(result)
        if wanted.tally:  # its execs have process ids of their own
            denials = [decision for decision in self._records.during(result["start"], result["end"])
                       if (decision.verdict, decision.path) == ("deny", wanted.path)]
        if wanted.unrecorded:
            return f"recorded: {denials[0].text()}; expected: no room for a record" if denials else ""
        if not denials:
            return "refused, but no denial was recorded meanwhile"
        for denial in denials:
            fits = (denial.reason == wanted.reason
                    and (not wanted.hooks or any(_is_at(denial, hook) for hook in wanted.hooks))
                    and wanted.path in ("", denial.path)
                    and denial.enforced == (wanted.verdict == "deny"))
            if not fits:
                return (f"recorded: {denial.text()}; expected: {wanted.reason}"
                        f"{' at ' + ', '.join(wanted.hooks) if wanted.hooks else ''} {wanted.path}")
        silent = [hook for hook in wanted.hooks if not any(_is_at(one, hook) for one in denials)]
        return f"no denial was recorded at {', '.join(sorted(silent))}" if silent else ""

    def _twin_problem(self, case):
        """The twin ran in the same way, for the same uid if it runs for that one."""
        twin = self._actions[case.action.twin]
        for uid in [case.uid] if case.uid in twin.uids else twin.uids:
            other = Case(twin, uid, case.way)
            problem = self._baseline_problem(other) or self._allow_problem(other)
            if problem:
                return f"its twin {other.text()} fails: {problem}"
        return ""
