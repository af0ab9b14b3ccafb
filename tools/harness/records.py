# SPDX-License-Identifier: Apache-2.0
"""What the daemon recorded, as the harness needs it."""
import dataclasses
import json

from . import product, words


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

    def numbers_problem(self):
        """Whether each event of each boot has exactly one record, or lies in a gap that is told of, and each exec's
        parent is known. Empty if so."""
        boots = {}
        for record in self.all:
            boots.setdefault(record["boot"], []).append(record)
        return "; ".join(filter(None, (_boot_problem(records) for records in boots.values())))

    def lost(self):
        """How many events are known to be missing."""
        return sum(int(record["lost"]) for record in self.all if record["type"] == "gap")


def _boot_problem(records):
    events = [record for record in records if "sequence" in record]
    numbers = sorted(int(record["sequence"]) for record in events)
    twice = len(numbers) - len(set(numbers))
    lost = sum(int(record["lost"]) for record in records if record["type"] == "gap")
    # Numbers go on behind a later arming; what that one forgave is not told of.
    missing = numbers[-1] - len(set(numbers)) if numbers else 0
    begins = sum(1 for record in records if record["type"] == "start")
    if twice or missing > lost and begins < 2:
        return f"{twice} events are recorded twice, {missing} are missing, {lost} told of as lost"
    known = {int(record["process"]["lineage"]) for record in events}
    orphans = {int(record["process"]["parent"]) for record in events} - known - {0}
    return f"{len(orphans)} parents have no record: {sorted(orphans)[:5]}" if orphans and not lost else ""


def _decision(record):
    return Decision(id=record["id"], now=int(record["facts"]["now"]), pid=record["task"]["tgid"],
                    uid=record["task"]["uid"], hook=words.hook(record["facts"]["hook"]),
                    path=record["file"]["path"], verdict=record["decision"]["verdict"],
                    reason=words.reason(record["decision"]["reason"]),
                    enforced=bool(record["decision"]["enforced"]))


def unpack(archive, folder):
    """What a guest collected; of each name the first, see product.RECORDS."""
    names = set()
    for member in archive:
        if member.name not in names:
            names.add(member.name)
            archive.extract(member, folder)


def read(folder):
    """The records below a folder that was collected from a guest: those of files, then those of the log."""
    lines = []
    for path in sorted(folder.rglob("*.jsonl")):
        lines += path.read_text("utf-8").splitlines()
    for path in sorted(folder.rglob(".state/tree")):
        lines += product.warrant("lineage", "export", path.parent.parent).splitlines()
    return Records(lines)
