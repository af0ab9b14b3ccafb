# SPDX-License-Identifier: Apache-2.0
"""A small scenario to change, and what a guest would tell of it."""
import errno
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from harness import records, scenario  # noqa: E402

GOOD = {"id": "good", "run": ["/data/good"], "succeeds": {"stdout": "RAN"}}
BAD = {"id": "bad", "run": ["/data/bad"], "twin": "good", "succeeds": {"stdout": "RAN"},
       "expect": {"verdict": "deny", "reason": "missing authorization", "hook": "bprm_check_security",
                  "path": "/data/bad"},
       "technique": {"id": "unsigned", "row": 1, "what": "An unsigned file is executed"}}


def make(*sequence, **members):
    """A scenario of these actions and steps."""
    whole = {"name": "small", "title": "small", "sequence": list(sequence)} | members
    return scenario.parse(json.dumps(whole), "small.json")


def result(phase, name, start, refused=""):
    """What the agent reports of an action that ran, or that execve refused with an errno."""
    return {"event": "result", "phase": phase, "id": name, "pid": start, "start": start * 10,
            "end": start * 10 + 5, "hung": 0, "signal": 0,
            "execErrno": getattr(errno, refused) if refused else 0,
            "exit": 127 if refused else 0, "stdout": "" if refused else "RAN\n", "stderr": ""}


def decision(start, path, verdict="deny", reason="missing authorization", hook="bprm_check_security"):
    """What the daemon records while the action runs that began then."""
    return json.dumps({"type": "decision", "id": f"x-{start}", "task": {"tgid": start, "uid": 0},
                       "facts": {"now": str(start * 10 + 1), "hook": hook}, "file": {"path": path},
                       "decision": {"verdict": verdict, "reason": reason, "enforced": 1}})


def kept(*lines):
    return records.Records(list(lines))
