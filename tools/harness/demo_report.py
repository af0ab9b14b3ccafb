# SPDX-License-Identifier: Apache-2.0
"""Shows what happened in the demo's guest, as it comes, and judges whether it is as claimed."""
import re

from . import demo_cases, judge, place

TITLE_WIDTH = 41
BOOT_NAMES = {"up", "failed units", "boot denials", "boot status", "order"}


class Report:
    """Told every event of the guest; counts what is as claimed and what is not."""

    def __init__(self, screen, visit):
        self._screen = screen
        self._visit = visit
        self._cases = {case.id: case for case in demo_cases.CASES + demo_cases.AFTER_KILL}
        self._open = None         # the case whose reason has not come yet
        self._armed = None
        self._pid = None
        self.passed = 0
        self.failed = 0

    # ---- events

    def take(self, event):
        if event["event"] in ("warning", "error", "garbled"):
            place.say(f"guest {event['event']}: {event['text']}")
        if event["event"] != "result" or event["phase"] != "running":
            return
        name = event["id"]
        if name in BOOT_NAMES:
            self._boot(name, event)
        elif name in self._cases:
            self._tried(self._cases[name], event)
        elif name.startswith("why "):
            self._why(self._cases[name.removeprefix("why ")], event)
        else:
            {"kill": self._killed, "status without warrantd": self._orphaned,
             "revive": self._revived, "status revived": self._adopted,
             "lineage": self._lineage}[name](event)

    def finish(self):
        """After the guest is down."""
        wanted = len(BOOT_NAMES) + len(self._cases) + len(demo_cases.CASES) + 6
        arrived = len(self._visit.results)
        if self._visit.outcome.ended != "done" or arrived != wanted:
            self._count(f"the guest {self._visit.outcome.ended} after {self._visit.outcome.seconds:.0f} s "
                        f"with {arrived} of {wanted} results")
            for line in self._visit.console_tail():
                self._screen.line(f"    console: {line}")
        kept = self._visit.records()
        unexpected = [denial.text() for denial in kept.decisions if denial.verdict == "deny"
                      and not denial.path.startswith(demo_cases.FOLDER)
                      and "warrant-canary" not in denial.path]
        self._claim("nothing else was denied, no event was lost",
                    "; ".join(unexpected[:5]) or (f"{kept.lost()} lost" if kept.lost() else ""))

    # ---- the boot

    def _boot(self, name, event):
        if name == "up":
            self._screen.heading("The guest")
            self._claim("multi-user.target is reached under enforcement",
                        "" if event["stdout"] == "running\n" else judge.describe(event))
        elif name == "failed units":
            self._claim("no unit failed", event["stdout"].strip())
        elif name == "boot denials":
            self._claim("nothing was denied in the whole boot", "" if
                        judge.as_json(event).get("total") == 0 else judge.describe(event))
        elif name == "boot status":
            told = judge.as_json(event)
            self._claim("warrant status: enforcing; a program nobody signed, made up on the spot, is "
                        "refused", self._status_problem(event))
            if not self._status_problem(event):
                self._armed = told["kernel"]["config"]["enforcingSinceBootNs"]
        else:
            self._order(event)

    def _order(self, event):
        moments = [int(word) for word in event["stdout"].split() if word.isdigit()]
        good = len(moments) == 2 and 0 < moments[0] < moments[1]
        self._claim("warrantd was ready before sysinit.target, so before every ordinary service",
                    "" if good else judge.describe(event))
        self._screen.heading("What is tried")
        self._screen.line("    " + self._screen.paint(
            "dim", f"{'':{TITLE_WIDTH}} {'before':9} {'enforcing':10} why"))

    # ---- one program

    def _tried(self, case, event):
        before = self._visit.before.get(case.id)
        first, last = ran(case, before), ran(case, event)
        wanted = "RAN" if not case.refused else WORDS[case.refused]
        problem = ""
        if first != "RAN":
            told = judge.describe(before) if before else "no result"
            problem = f"does not even run without enforcement: {told}"
        elif last != wanted:
            problem = f"expected {wanted}: {judge.describe(event)}"
        self._open = (case, first, last, problem)
        if case in demo_cases.AFTER_KILL:
            self._show_case("" if case.refused else "as before")

    def _why(self, case, event):
        told = judge.as_json(event)
        problem = self._reason_problem(case, told, event)
        if case in demo_cases.AFTER_KILL:
            self._claim("the refusal while it was dead is in the records: "
                        f"{told.get('reason')}, id {told.get('id')}", problem)
            return
        artifact = told.get("artifact", "")
        self._show_case(told.get("reason") if case.refused else f"artifact {artifact[:12]}", problem)
        if case.refused:
            self._explain(case, told)

    def _reason_problem(self, case, told, event):
        if not case.refused:
            wanted = self._visit.authority.artifact_id("demo")
            return "" if told.get("artifact") == wanted else judge.describe(event)
        said = " ".join([told.get("asked", ""), told.get("because", ""), *told.get("rejections", [])])
        if told.get("reason") == case.reason and case.told in said:
            return ""
        return f"expected the reason {case.reason!r} and {case.told!r}: {judge.describe(event)}"

    def _show_case(self, why, reason_problem=""):
        case, first, last, problem = self._open
        problem = problem or reason_problem
        self._count(problem)
        paint = self._screen.paint
        mark = paint("bad", "!!") if problem else paint("good", "ok")
        style = "bad" if case.refused else "good"
        self._screen.line(f" {mark} {case.title:{TITLE_WIDTH}} {paint('good', f'{first:9}')} "
                          f"{paint(style, f'{last:10}')} {why or ''}")
        if problem:
            self._screen.paragraph(problem, 8, "bad")

    def _explain(self, case, told):
        text = told.get("because", "")
        if told.get("rejections"):
            text = told["rejections"][0].partition(" (fix:")[0]
        elif case.run[0] != case.judged:  # the denial is about another file than the one asked for
            text = told.get("asked", "").partition(" asked to ")[2] + ": " + text
        self._screen.paragraph(shorten_digests(text), 8, "dim")

    # ---- the daemon's death

    def _killed(self, event):
        self._screen.heading("warrantd is killed")
        self._pid = event["stdout"].strip()
        self._claim(f"kill -9 {self._pid}: there is no warrantd any more",
                    "" if self._pid.isdigit() and event["exit"] == 0 else judge.describe(event))

    def _orphaned(self, event):
        told = judge.as_json(event)
        self._claim("warrant status, with no daemon to ask: the kernel still enforces",
                    self._status_problem(event) or ("a daemon answers" if told["daemon"] else ""))

    def _revived(self, event):
        pid = event["stdout"].strip()
        self._claim(f"systemctl start warrantd: process {pid}", "" if pid.isdigit() and
                    event["exit"] == 0 and pid != self._pid else judge.describe(event))

    def _adopted(self, event):
        told = judge.as_json(event)
        problem = self._status_problem(event)
        if not problem and not (told["daemon"] or {}).get("adopted"):
            problem = "it did not adopt what was pinned"
        if not problem and told["kernel"]["config"]["enforcingSinceBootNs"] != self._armed:
            problem = "enforcement began anew"
        self._claim("it took over what is in force: armed once, at the boot, and never let go", problem)

    @staticmethod
    def _status_problem(event):
        told = judge.as_json(event)
        good = event["exit"] == 0 and told.get("enforcing") and told["canary"]["refused"]
        return "" if good else judge.describe(event)

    # ---- the end

    def _lineage(self, event):
        self._screen.heading("Who ran what: warrant lineage show --artifact "
                             + self._visit.authority.artifact_id("demo"))
        for line in event["stdout"].splitlines():
            self._screen.line("  " + shorten(line))
        hellos = event["stdout"].count(f"{demo_cases.FOLDER}/hello  ")
        others = event["stdout"].count(demo_cases.FOLDER) - hellos
        # Run as itself, with the refused library, and while warrantd was dead.
        self._claim("the authorized program three times, and nothing else from there",
                    "" if (hellos, others) == (3, 0) else judge.describe(event))

    def _claim(self, what, problem):
        self._count(problem)
        paint = self._screen.paint
        self._screen.line(f" {paint('bad', '!!') if problem else paint('good', 'ok')} {what}")
        if problem:
            self._screen.paragraph(problem, 8, "bad")

    def _count(self, problem):
        if problem:
            self.failed += 1
        else:
            self.passed += 1


WORDS = {"exec": "EPERM", "load": "not loaded", "library": "without it"}


def ran(case, result):
    """What a case did, in one word; "RAN" only if it did all that it does when nothing stops it."""
    if result is None:
        return "nothing"
    error = judge.observed_errno(result)
    if error:
        return error
    if result["exit"] == 0 and case.before in result["stdout"]:
        return "RAN"
    if case.refused == "library" and result["exit"] == 0 and result["stdout"] == "RAN\n":
        return WORDS["library"]
    if case.refused == "load" and result["exit"] == 127 and "failed to map segment" in result["stderr"]:
        return WORDS["load"]
    return f"exit {result['exit']}"


def shorten_digests(text):
    return re.sub(r"(sha256:[0-9a-f]{16})[0-9a-f]{48}", r"\1…", text)


def shorten(line):
    """A line of the tree, with the time of day only, so that it fits."""
    return re.sub(r"  \d{4}-\d\d-\d\dT(\d\d:\d\d:\d\d)\.\d+Z$", r"  \1", line)
