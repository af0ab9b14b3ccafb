# SPDX-License-Identifier: Apache-2.0
"""What the demo does in the guest, and what must come of it."""
import dataclasses

from . import stage

FOLDER = "/opt/demo"
LOADER = "/lib64/ld-linux-x86-64.so.2"
DROP_IN = "/run/systemd/system/warrantd.service.d/demo.conf"

# Named by an artifact: {artifact: (its fields, its files)}. The rest nobody signed for.
ARTIFACTS = {
    "demo": ({"governance": {"ticket": "DEMO-1", "purpose": "what the demo may run"}},
             ("hello", "script")),
    "expired": ({"window": ["-2h", "-1h"], "governance": {"ticket": "DEMO-2"}}, ("expired",)),
    "bad-signature": ({"tamper": "signature", "governance": {"ticket": "DEMO-3"}}, ("forged",)),
}
FILES = {
    "hello": {"from": "payload-dyn", "variant": "hello", "at": f"{FOLDER}/hello"},
    "changed": {"from": "hello", "flip": True, "at": f"{FOLDER}/hello-changed"},
    "unsigned": {"from": "payload", "variant": "unsigned", "at": f"{FOLDER}/unsigned"},
    "interpreter": {"from": "payload", "variant": "interpreter", "at": f"{FOLDER}/interpreter"},
    "script": {"text": f"#!{FOLDER}/interpreter\n", "at": f"{FOLDER}/script"},
    "evil": {"from": "payload-dyn", "variant": "evil", "at": f"{FOLDER}/evil"},
    "evil.so": {"from": "payload.so", "variant": "evil", "at": f"{FOLDER}/evil.so"},
    "expired": {"from": "payload", "variant": "expired", "at": f"{FOLDER}/expired"},
    "forged": {"from": "payload", "variant": "forged", "at": f"{FOLDER}/forged"},
    "orphan": {"from": "payload", "variant": "orphan", "at": f"{FOLDER}/orphan"},
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One program and what becomes of it under enforcement."""
    id: str
    title: str
    run: tuple
    env: tuple = ()
    before: str = "RAN"       # in its output when nothing stops it
    refused: str = ""         # how that shows: "exec", "load" or "library"; empty: it runs
    judged: str = ""          # path of the file that the denial is about
    reason: str = ""
    told: str = ""            # in what `warrant explain` says


def _case(name, title, file, **fields):
    return Case(name, title, (f"{FOLDER}/{file}",), judged=fields.pop("judged", f"{FOLDER}/{file}"),
                **fields)


CASES = (
    _case("hello", "an authorized program", "hello"),
    _case("changed", "the same with one byte changed", "hello-changed", refused="exec",
          reason="missing authorization", told="no artifact in force names"),
    _case("unsigned", "a program that nobody signed for", "unsigned", refused="exec",
          reason="missing authorization", told="no artifact in force names"),
    _case("script", "a signed script, unsigned interpreter", "script", refused="exec",
          judged=f"{FOLDER}/interpreter", reason="missing authorization", told="as interpreter 1"),
    Case("loader", "ld.so ./evil", (LOADER, f"{FOLDER}/evil"), refused="load",
         judged=f"{FOLDER}/evil", reason="missing authorization", told="asked to map as code"),
    Case("preload", "LD_PRELOAD=evil.so, authorized program", (f"{FOLDER}/hello",),
         (f"LD_PRELOAD={FOLDER}/evil.so",), before="LOADED\nRAN", refused="library",
         judged=f"{FOLDER}/evil.so", reason="missing authorization", told="asked to map as code"),
    _case("expired", "its artifact has expired", "expired", refused="exec", reason="expired",
          told="the grant was valid until"),
    _case("forged", "its artifact has a bad signature", "forged", refused="exec",
          reason="missing authorization", told="rejected: invalid signature"),
)
AFTER_KILL = (
    _case("hello-orphaned", "the authorized program", "hello"),
    _case("orphan", "one that nobody signed for", "orphan", refused="exec",
          reason="missing authorization", told="no artifact in force names"),
)

# Prints why: the artifact that a program ran under, or what `warrant explain` says of its denial.
# Records are written in groups, so they may come a moment after the fact.
WHY = """
import json, subprocess, sys, time
def ask(*words):
    return json.loads(subprocess.run(["warrant", *words, "--json"], stdout=subprocess.PIPE).stdout)
path, refused = sys.argv[1], sys.argv[2] == "1"
for _ in range(60):
    if refused:
        for group in ask("denials")["groups"]:
            if group["path"] == path:
                print(json.dumps({**ask("explain", group["id"]), "reason": group["reason"]}))
                sys.exit(0)
    else:
        for node in reversed(ask("lineage", "show")["nodes"]):
            if node["path"] == path:
                print(json.dumps(node))
                sys.exit(0)
    time.sleep(0.1)
sys.exit("no record")
"""
KILL = f"""mkdir -p $(dirname {DROP_IN}); printf '[Service]\\nRestart=no\\n' > {DROP_IN}
systemctl daemon-reload; pid=$(systemctl show -P MainPID warrantd.service); kill -9 $pid
while [ -d /proc/$pid ]; do sleep 0.1; done; echo $pid"""
REVIVE = f"""rm {DROP_IN}; systemctl daemon-reload; systemctl reset-failed warrantd.service
systemctl start warrantd.service; systemctl show -P MainPID warrantd.service"""


def ask(visit):
    """Puts everything that the demo does into the session's plan."""
    staged = stage.make(FILES)
    for file in staged.values():
        visit.file(file.at, file.data)
    for label, (fields, subjects) in ARTIFACTS.items():
        visit.artifact(label, fields, {name: staged[name].sha256 for name in subjects})
    for case in CASES + AFTER_KILL:
        visit.run_before(case.id, *case.run, env=case.env)
    visit.shell("up", "systemctl is-system-running --wait", seconds=300)
    visit.shell("failed units", "systemctl --failed --plain --no-legend")
    visit.shell("boot denials", "warrant denials --json")
    visit.shell("boot status", "warrant status --json", seconds=60)
    visit.shell("order", "systemctl show -P ActiveEnterTimestampMonotonic warrantd.service "
                "sysinit.target | grep .")
    for case in CASES:
        _try(visit, case)
        _why(visit, case)
    visit.shell("kill", KILL)
    for case in AFTER_KILL:
        _try(visit, case)
    visit.shell("status without warrantd", "warrant status --json", seconds=60)
    visit.shell("revive", REVIVE, seconds=120)
    visit.shell("status revived", "warrant status --json", seconds=60)
    _why(visit, AFTER_KILL[1])
    visit.shell("lineage", "warrant lineage show --artifact " + visit.authority.artifact_id("demo"))


def _try(visit, case):
    visit.run(case.id, *case.run, env=case.env)


def _why(visit, case):
    visit.run(f"why {case.id}", "/usr/bin/python3", "-c", WHY, case.judged,
              "1" if case.refused else "0", seconds=60)
