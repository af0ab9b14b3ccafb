# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test: the whole Debian system under enforcement, from boot to a stopped daemon."""
import hashlib

from . import judge, part, stage
from .part import said

LOOP_ROUNDS = 50            # of LOOP, for each uid
LOOP = ("bash -c : && ls / > /dev/null && sort /etc/passwd > /dev/null && python3 -c pass "
        "&& perl -e 1")
LOOP_EXECS = 5 * LOOP_ROUNDS
GOOD, BAD = "/opt/test/good", "/opt/test/bad"
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


class SystemPart(part.Part):
    """The steps, and a check for each of them as its result comes."""

    name = "system"

    def __init__(self, options):
        super().__init__(options)
        self._seen = {}

    # ---- what is asked

    def plan(self):
        good = payload("system-good")
        self.session.file(GOOD, good)
        self.session.file(BAD, payload("system-bad"))
        self.session.artifact("test", {}, {"good": hashlib.sha256(good).hexdigest()})
        for path in (GOOD, BAD):
            self.run_before(f"{path} runs", said("RAN\n"), path)
        self._boot_steps()
        self._loop_steps()
        self._status_steps()
        self._daemon_steps()

    def _boot_steps(self):
        self.ask("the system is up and running", "systemctl is-system-running --wait",
                 said("running\n"), seconds=200)
        self.ask("no unit failed", "systemctl --failed --plain --no-legend", said(""))
        self.ask("multi-user.target is reached and warrantd is active",
                 "systemctl is-active multi-user.target warrantd.service", said("active\nactive\n"))
        self.ask("warrantd was ready before sysinit.target",
                 "systemctl show -P ActiveEnterTimestampMonotonic warrantd.service sysinit.target "
                 "| grep .", in_ascending_order)
        self.ask("nothing was denied during the boot", "warrant denials --json", self._no_denials)

    def _loop_steps(self):
        for uid in part.UIDS:
            self.ask(f"{LOOP_EXECS} execs of a shell loop as uid {uid}",
                     f"for i in $(seq {LOOP_ROUNDS}); do {LOOP} || exit 1; done; echo all", said("all\n"),
                     seconds=240, uid=uid)
        self.ask("nothing was denied during the loops", "warrant denials --json", self._no_denials)

    def _status_steps(self):
        self.ask("warrant status: enforcing, canary refused", "warrant status --json", self._status)
        self.ask("warrant doctor: fit", "warrant doctor --json",
                 lambda result: "" if judge.as_json(result).get("fit") else judge.describe(result))
        self.ask("warrantd has nothing to complain about",
                 "journalctl -q -u warrantd.service -o cat | grep -v 'enforcement armed' "
                 "| grep '^warrantd:'; true", said(""))
        self._try_both("enforcing")

    def _daemon_steps(self):
        self.ask("systemctl restart warrantd", "systemctl restart warrantd.service", said(""))
        self.ask("the new daemon adopted what was pinned", "warrant status --json", self._adopted)
        self._try_both("restarted")
        self.ask("warrantd killed by SIGKILL is started again", KILL, said(""))
        self.ask("that one adopted too", "warrant status --json", self._adopted)
        self._try_both("killed")
        self.ask("systemctl stop warrantd", "systemctl stop warrantd.service", said(""))
        self.ask("warrant status: still enforcing, without the daemon", "warrant status --json",
                 self._without_daemon)
        self._try_both("stopped")
        self.ask("systemctl start warrantd", "systemctl start warrantd.service", said(""))
        self.ask("it adopted once more", "warrant status --json", self._adopted)
        self._try_both("started")
        self.ask("no unit failed in all of this", "systemctl --failed --plain --no-legend", said(""))

    def _try_both(self, when):
        for uid in part.UIDS:
            self.run_program(f"{when}: an authorized program runs as uid {uid}", said("RAN\n"), GOOD,
                             uid=uid)
            self.refuse(f"{when}: an unsigned one is refused with EPERM as uid {uid}", BAD, uid=uid)

    # ---- what is judged

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

    def judge_end(self, records):
        execs = sum(1 for record in records.all if record["type"] == "commit")
        wanted = LOOP_EXECS * len(part.UIDS)
        self.add(f"at least {wanted} execs were recorded", "" if execs >= wanted else f"{execs}")


def in_ascending_order(result):
    moments = result["stdout"].split()
    if len(moments) == 2 and all(moment.isdigit() for moment in moments):
        if 0 < int(moments[0]) < int(moments[1]):
            return ""
    return judge.describe(result)
