# SPDX-License-Identifier: Apache-2.0
"""What the daemon recorded, as the harness needs it."""
import dataclasses
import json

from . import words


CANARY = "/memfd:warrant-canary"


@dataclasses.dataclass(frozen=True)
class Decision:
    """One verdict of the kernel."""
    id: str           # of the record
    now: int          # nanoseconds of boot time
    pid: int
    uid: int
    hook: str
    path: str
    verdict: str
    reason: str
    enforced: bool

    def text(self):
        return f"{self.verdict} {self.path} at {self.hook}: {self.reason}"


class Records:
    """All records of a run."""

    def __init__(self, lines):
        self.lines = lines
        self.all = [json.loads(line) for line in lines if line.strip()]
        self.decisions = [_decision(record) for record in self.all if record["type"] == "decision"]

    def during(self, start, end):
        """Without the file that `warrant status` makes to see that it is refused."""
        return [decision for decision in self.decisions
                if start <= decision.now <= end and not decision.path.startswith(CANARY)]

    def rejected(self, source):
        """The reasons for which the artifact in that file was refused."""
        return [words.reason(record["reason"]) for record in self.all
                if record["type"] == "rejected" and record["source"].endswith(source)]

    def ended_since(self, start, reason):
        """{process id} of those that were killed because their artifact was over."""
        return {record["pid"] for record in self.all
                if record["type"] == "ended" and int(record["boottime"]) >= start
                and words.reason(record["reason"]) == reason}

    def count(self, kind):
        """How many records of a type there are."""
        return sum(1 for record in self.all if record["type"] == kind)

    def disarmed(self):
        """How often enforcement was ended in order."""
        return sum(1 for record in self.all if record["type"] == "disarm" and "artifact" in record)

    def lost(self):
        """How many events are known to be missing."""
        return sum(int(record["lost"]) for record in self.all if record["type"] == "gap")


def _decision(record):
    return Decision(id=record["id"], now=int(record["facts"]["now"]), pid=record["task"]["tgid"],
                    uid=record["task"]["uid"], hook=words.hook(record["facts"]["hook"]),
                    path=record["file"]["path"], verdict=record["decision"]["verdict"],
                    reason=words.reason(record["decision"]["reason"]),
                    enforced=bool(record["decision"]["enforced"]))


def read(folder):
    """The records below a folder that was collected from a guest, in the order of their files."""
    lines = []
    for path in sorted(folder.rglob("*.jsonl")):
        lines += path.read_text("utf-8").splitlines()
    return Records(lines)
