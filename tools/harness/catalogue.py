# SPDX-License-Identifier: Apache-2.0
"""All techniques that are known: those that scenarios try, and those of tests/vm/limits.json that none can."""
import dataclasses

from . import place, scenario, technique, ways
from .reader import Reader, ScenarioError, of_text

LIMITS = place.ROOT / "tests/vm/limits.json"

# The rows of the catalogue by section. Numbers that were never given stay free.
SECTIONS = {
    "A": ("Into the kernel's exec path", (1, 2, 3, *range(5, 13), 14, 15, 16)),
    "B": ("Code in a process without exec", (*range(17, 21), 22, 23, *range(27, 35), 36)),
    "C": ("Other bytes after the verdict", (*range(37, 47), 48)),
    "D": ("Lies about place, identity and environment", (49, 50, *range(52, 57))),
    "E": ("Into an authorized process", tuple(range(57, 62))),
    "F": ("Exhaustion and races", (63, 64, 65, 68)),
    "G": ("Switching enforcement off", (*range(69, 74), *range(75, 82))),
    "H": ("The authorization itself", (82, 83, *range(85, 95))),
}
SECTION_OF = {row: letter for letter, (_, rows) in SECTIONS.items() for row in rows}
SECTION_OF |= {letter: letter for letter in SECTIONS}


@dataclasses.dataclass(frozen=True)
class Trial:
    """One action that tries a technique."""
    scenario: scenario.Scenario
    action: scenario.Action

    def text(self):
        return f"{self.scenario.name}/{self.action.id}"

    def cases(self):
        """{(way, uid)} of those who try it, also of those to whom the kernel refuses it anyway."""
        return {(way.name, uid) for way in ways.of(self.action) for uid in self.action.uids}


@dataclasses.dataclass
class Entry:
    """One technique and whatever tries it."""
    technique: technique.Technique
    trials: list
    tests: tuple = ()             # of a limit: files that show what is said

    def section(self):
        return SECTION_OF[self.technique.rows[0]]

    def order(self):
        """By section, number, those beyond the catalogue last."""
        first = self.technique.rows[0]
        return self.section(), first if isinstance(first, int) else 1000, self.technique.id

    def hooks(self):
        return list(dict.fromkeys(hook for trial in self.trials for hook in trial.action.expect.hooks))

    def reasons(self):
        return list(dict.fromkeys(trial.action.expect.reason for trial in self.trials
                                  if trial.action.expect.verdict == "deny"))

    def kernels(self):
        """The kernels on which it is tried, oldest first."""
        names = {kernel for trial in self.trials for kernel in trial.scenario.kernels}
        return sorted(names, key=lambda name: [int(part) for part in name.split(".")])

    def cases(self):
        return set().union(*(trial.cases() for trial in self.trials)) if self.trials else set()


def _limit(value, where):
    reader = Reader(value, where)
    tests = reader.take("tests", list, [])
    members = {name: reader.maybe(name, (int, str, list)) for name in
               ("id", "row", "what", "by", "but", "open", "untried", "operator")}
    reader.finish()
    told = technique.parse({name: member for name, member in members.items() if member is not None},
                           "limit", where)
    for test in tests:
        if not (place.ROOT / test).exists():
            raise ScenarioError(f"{where}: {told.id}: there is no {test}")
    if told.by and not tests:
        raise ScenarioError(f"{where}: {told.id}: what closes something is shown by tests")
    return Entry(told, [], tuple(tests))


def parse_limits(text, where):
    reader = of_text(text, where)
    limits = [_limit(value, f"{where}: limits[{number}]")
              for number, value in enumerate(reader.take("limits", list))]
    reader.finish()
    return limits


def gather(scenarios, limits):
    """Entries in the order of the catalogue. Each technique is described once."""
    entries = {}
    named = []
    for one in scenarios:
        for action in one.actions():
            if action.technique is None:
                continue
            trial = Trial(one, action)
            if action.technique.rows:
                _add(entries, Entry(action.technique, [trial]), trial.text())
            else:
                named.append(trial)
    for trial in named:
        if trial.action.technique.id not in entries:
            raise ScenarioError(f"{trial.text()}: nothing describes the technique {trial.action.technique.id}")
        entries[trial.action.technique.id].trials.append(trial)
    for limit in limits:
        _add(entries, limit, LIMITS.name)
    return sorted(entries.values(), key=Entry.order)


def _add(entries, entry, where):
    told = entry.technique
    for row in told.rows:
        if row not in SECTION_OF:
            raise ScenarioError(f"{where}: the catalogue has no row {row}")
    if told.id in entries:
        there = entries[told.id].trials
        raise ScenarioError(f"{where}: technique {told.id} is described already"
                            + (f" by {there[0].text()}" if there else ""))
    entries[told.id] = entry


def load():
    return gather([scenario.load(name) for name in scenario.names()],
                  parse_limits(LIMITS.read_text(), LIMITS.name))


def missing_rows(entries):
    """Rows of the catalogue that nobody answers."""
    answered = {row for entry in entries for row in entry.technique.rows}
    return [row for _, rows in SECTIONS.values() for row in rows if row not in answered]
