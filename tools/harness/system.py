# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test: the whole Debian system under enforcement, from boot to a stopped daemon."""
import hashlib

from . import judge, place, product, programs, session, stage

LOOP_ROUNDS = 50            # of LOOP, for each uid
LOOP = ("bash -c : && ls / > /dev/null && sort /etc/passwd > /dev/null && python3 -c pass "
        "&& perl -e 1")
LOOP_EXECS = 5 * LOOP_ROUNDS
UIDS = (0, 1000)
GOOD, BAD = "/opt/test/good", "/opt/test/bad"
DAEMON_STATE = "systemctl is-active warrantd.service; systemctl show -P MainPID warrantd.service"
# A kill is over when systemd has started another daemon and that one has said that it is ready.
KILL = """old=$(systemctl show -P MainPID warrantd.service); kill -9 "$old"
for _ in $(seq 400); do
  new=$(systemctl show -P MainPID warrantd.service)
  [ "$new" != 0 ] && [ "$new" != "$old" ] && systemctl is-active -q warrantd.service && exit 0
  sleep 0.2
done
exit 1"""


def payload(variant):
    fields = {"file": {"from": "payload", "at": "/", "variant": variant}}
    return stage.make(fields)["file"].data


class SystemTest:
    """The steps, and a check for each of them as its result comes."""

    def __init__(self, options):
        self._session = session.Session("guest-test", options)
        self._judges = {}
        self._seen = {}
        self.checks = []

    # ---- what is asked

    def run(self):
        good = payload("system-good")
        self._session.file(GOOD, good)
        self._session.file(BAD, payload("system-bad"))
        self._session.artifact("test", {}, {"good": hashlib.sha256(good).hexdigest()})
        for path in (GOOD, BAD):
            self._session.run_before(path, path)
        self._boot_steps()
        self._loop_steps()
        self._status_steps()
        self._daemon_steps()
        outcome = self._session.boot(self._take)
        self._check_end(outcome)
        return self.checks

    def _ask(self, name, script, judge_result, seconds=session.STEP_SECONDS, uid=0):
        self._judges[name] = judge_result
        self._session.shell(name, script, seconds=seconds, uid=uid)

    def _boot_steps(self):
        self._ask("the system is up and running", "systemctl is-system-running --wait",
                  said("running\n"), seconds=200)
        self._ask("no unit failed", "systemctl --failed --plain --no-legend", said(""))
        self._ask("multi-user.target is reached and warrantd is active",
                  "systemctl is-active multi-user.target warrantd.service", said("active\nactive\n"))
        self._ask("warrantd was ready before sysinit.target",
                  "systemctl show -P ActiveEnterTimestampMonotonic warrantd.service sysinit.target "
                  "| grep .", in_ascending_order)
        self._ask("nothing was denied during the boot", "warrant denials --json", self._no_denials)

    def _loop_steps(self):
        for uid in UIDS:
            self._ask(f"{LOOP_EXECS} execs of a shell loop as uid {uid}",
                      f"for i in $(seq {LOOP_ROUNDS}); do {LOOP} || exit 1; done; echo all", said("all\n"),
                      seconds=240, uid=uid)
        self._ask("nothing was denied during the loops", "warrant denials --json", self._no_denials)

    def _status_steps(self):
        self._ask("warrant status: enforcing, canary refused", "warrant status --json", self._status)
        self._ask("warrant doctor: fit", "warrant doctor --json",
                  lambda result: "" if judge.as_json(result).get("fit") else judge.describe(result))
        self._ask("warrantd has nothing to complain about",
                  "journalctl -q -u warrantd.service -o cat | grep -v 'enforcement armed' "
                  "| grep '^warrantd:'; true", said(""))
        self._try_both("enforcing")

    def _daemon_steps(self):
        self._ask("systemctl restart warrantd", "systemctl restart warrantd.service", said(""))
        self._ask("the new daemon adopted what was pinned", "warrant status --json", self._adopted)
        self._try_both("restarted")
        self._ask("warrantd killed by SIGKILL is started again", KILL, said(""))
        self._ask("that one adopted too", "warrant status --json", self._adopted)
        self._try_both("killed")
        self._ask("systemctl stop warrantd", "systemctl stop warrantd.service", said(""))
        self._ask("warrant status: still enforcing, without the daemon", "warrant status --json",
                  self._without_daemon)
        self._try_both("stopped")
        self._ask("systemctl start warrantd", "systemctl start warrantd.service", said(""))
        self._ask("it adopted once more", "warrant status --json", self._adopted)
        self._try_both("started")
        self._ask("no unit failed in all of this", "systemctl --failed --plain --no-legend", said(""))

    def _try_both(self, when):
        for uid in UIDS:
            good = f"{when}: an authorized program runs as uid {uid}"
            bad = f"{when}: an unsigned one is refused with EPERM as uid {uid}"
            self._judges[good] = said("RAN\n")
            self._judges[bad] = lambda result: ("" if judge.observed_errno(result) == "EPERM"
                                                else judge.describe(result))
            self._session.run(good, GOOD, uid=uid)
            self._session.run(bad, BAD, uid=uid)

    # ---- what is judged

    def _take(self, event):
        if event["event"] in ("warning", "error", "garbled"):
            place.say(f"guest {event['event']}: {event['text']}")
        if event["event"] != "result":
            return
        if event["phase"] == "before":
            self._add(f"without enforcement {event['id']} runs", said("RAN\n")(event))
        else:
            self._add(event["id"], self._judges[event["id"]](event))

    def _add(self, name, problem):
        self.checks.append(judge.Check(name, problem, "run"))
        print(self.checks[-1].line(), flush=True)

    def _no_denials(self, result):
        told = judge.as_json(result)
        return "" if told.get("total") == 0 else f"{told.get('groups', judge.describe(result))}"

    def _status(self, result):
        told = judge.as_json(result)
        if result["exit"] != 0 or not told.get("enforcing"):
            return judge.describe(result)
        if not told["canary"]["refused"]:
            return f"the canary: {told['canary']}"
        self._seen["since"] = told["kernel"]["config"]["enforcingSinceBootNs"]
        return ""

    def _without_daemon(self, result):
        problem = self._status_again(result)
        return problem or ("a daemon answers" if judge.as_json(result)["daemon"] else "")

    def _adopted(self, result):
        problem = self._status_again(result)
        adopted = (judge.as_json(result).get("daemon") or {}).get("adopted")
        return problem or ("" if adopted else judge.describe(result))

    def _status_again(self, result):
        armed = self._seen.get("since")
        problem = self._status(result)
        if not problem and self._seen["since"] != armed:
            problem = f"armed anew: since {self._seen['since']} instead of {armed}"
        return problem

    def _check_end(self, outcome):
        self._add("the guest did every step and went down",
                  "" if outcome.ended == "done" and len(self._session.results) == len(self._judges)
                  else f"{outcome.ended} after {outcome.seconds:.0f} s; console: "
                  + " | ".join(self._session.console_tail()))
        kept = self._session.records()
        unexpected = [decision.text() for decision in kept.decisions if decision.verdict == "deny"
                      and decision.path != BAD and "warrant-canary" not in decision.path]
        self._add("every recorded denial was asked for", "; ".join(unexpected[:10]))
        self._add("no event was lost", f"{kept.lost()} lost" if kept.lost() else "")
        execs = sum(1 for record in kept.all if record["type"] == "commit")
        wanted = LOOP_EXECS * len(UIDS)
        self._add(f"at least {wanted} execs were recorded", "" if execs >= wanted else f"{execs}")
        self._add("decide() confirms every recorded verdict", self._replay())

    def _replay(self):
        folder = self._session.lineage()
        try:
            product.warrant("replay", "--lineage-dir", folder)
        except place.HarnessError as error:
            return str(error)
        return ""


def said(text):
    """A judge: exit code 0 and exactly this output."""
    def problem(result):
        good = (result["exit"] == 0 and not result["hung"] and not result["execErrno"]
                and result["stdout"] == text)
        return "" if good else judge.describe(result)
    return problem


def in_ascending_order(result):
    moments = result["stdout"].split()
    if len(moments) == 2 and all(moment.isdigit() for moment in moments):
        if 0 < int(moments[0]) < int(moments[1]):
            return ""
    return judge.describe(result)


def command(options):
    programs.agent()
    test = SystemTest(options)
    checks = test.run()
    failed = sum(1 for check in checks if check.problem)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
