# SPDX-License-Identifier: Apache-2.0
"""Scenarios: data files that say what is done in a guest and what must come of it.
docs/scenarios.md describes every field; what is not described there is refused here."""
import dataclasses

from . import boots, kernels, place, product, ways, words
from .reader import Reader, ScenarioError, of_text
from .technique import Technique, parse as parse_technique

FOLDER = place.ROOT / "tests/vm/scenarios"


@dataclasses.dataclass(frozen=True)
class Expectation:
    """What enforcement must make of an action."""
    verdict: str                  # "allow", "deny", "observe": denied, but only on paper, or
                                  # "ended": allowed, and killed when its artifact was over
    reason: str = ""              # text as in bpf/abi.h; empty for allow
    hooks: tuple = ()             # texts as in bpf/abi.h: each of them refuses; none named: any
    path: str = ""                # of the file that the decision is about; empty: any
    errno: str = "EPERM"          # empty: the denial shows otherwise, see exit, signal, stderr
    exit: int | None = None
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    without: str = ""             # must not be in stdout
    tally: bool = False           # the action is many execs of `path`: each did it, and is recorded
    unrecorded: bool = False      # the ring has no room for a record of it
    count: int = 1                # of processes that end with it, itself among them


@dataclasses.dataclass(frozen=True)
class Success:
    """What an action does when nothing stops it."""
    exit: int = 0
    stdout: str = ""
    stderr: str = ""


@dataclasses.dataclass(frozen=True)
class Action:
    """One program, run once for each uid."""
    id: str
    run: tuple
    uids: tuple = (0,)
    cgroup: str | None = None
    stdin: str | None = None
    env: tuple = ()
    cwd: str | None = None
    seconds: float = 20
    background: bool = False
    show: bool = False            # what it prints under enforcement is a figure of the run
    baseline: bool = True
    twin: str = ""
    succeeds: Success = Success()
    expect: Expectation = Expectation("allow")
    technique: Technique | None = None
    ways: tuple | None = None     # besides the plain one; None, before they are settled: the scenario's
    powerless: dict = dataclasses.field(default_factory=dict)  # see ways.powerless

    def name(self, uid):
        return f"{self.id}@{uid}"


@dataclasses.dataclass(frozen=True)
class Step:
    """Something done between actions."""
    do: str
    words: dict
    phases: tuple


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    kernels: tuple
    seconds: float
    policy: dict
    gap: bool                     # events are lost, and that is recorded
    patient: bool                 # it mostly waits, and may run beside another
    slow: bool                    # run only where it is named
    devices: list                 # of QEMU, besides those that every guest has
    files: dict
    artifacts: dict
    revocations: dict
    policies: dict
    others: bool                  # somebody else's configuration lies beside, and the next trust root
    sequence: tuple
    boot: boots.Boot = boots.Boot()
    before: tuple = ()            # boots.Boot: what happens before the boot that is judged

    def actions(self):
        return [item for item in self.sequence if isinstance(item, Action)]

    def of_daemon(self):
        """What becomes of the daemon, in order: words of DAEMON."""
        return [item.words["what"] for item in self.sequence
                if isinstance(item, Step) and item.do == "daemon"]


BOTH = ("baseline", "enforced")
ENFORCED = ("enforced",)

# What each step needs, what it may have, and in which phases it is done.
STEPS = {
    "place": ({"file"}, set(), BOTH),
    "copy": ({"from", "to"}, {"mode", "uid", "gid", "inplace"}, BOTH),
    "write": ({"at", "text"}, {"mode", "uid", "gid", "inplace"}, BOTH),
    "mkdir": ({"at"}, {"mode", "uid", "gid"}, BOTH),
    "symlink": ({"to", "at"}, set(), BOTH),
    "rename": ({"from", "to"}, set(), BOTH),
    "remove": ({"at"}, set(), BOTH),
    "mount": ({"at"}, {"type", "source", "options"}, BOTH),
    "umount": ({"at"}, set(), BOTH),
    "wait": ({"action"}, set(), BOTH),
    "signal": ({"action", "signal"}, set(), BOTH),
    "sleep-until": ({"after"}, set(), ENFORCED),
    "daemon": ({"what"}, set(), ENFORCED),
    "install": (set(), {"artifact", "revocation", "policy", "refused"}, ENFORCED),
    "withdraw": ({"artifact"}, set(), ENFORCED),
    "tpm": ({"what"}, {"seconds"}, ENFORCED),
    "host": (set(), {"run", "takes", "gives", "await"}, ENFORCED),
    "enroll": (set(), {"groups", "resolves", "await"}, ("baseline",)),
}
TPM = {"remove", "replay", "slow"}
DAEMON = {"start", "kill", "stop", "continue", "terminate", "await", "sync", "disarm"}
FILE_FIELDS = {"from", "text", "link", "at", "variant", "flip", "append", "mode", "uid", "gid", "stage"}
ARTIFACT_FIELDS = {"subjects", "window", "actions", "initiator", "jit", "host", "environment",
                   "governance", "signer",
                   "tamper", "policy", "recovery", "installed", "rejected", "id", "kind", "digests",
                   "manifest", "constraints", "delegation", "parent", "requires", "covers", "same-id-as",
                   "by-verity", "paths"}
REVOCATION_FIELDS = {"epoch", "artifacts", "issuers", "digests", "hosts", "signer", "series",
                     "installed"}


def _expectation(value, where):
    reader = Reader(value, where)
    verdict = reader.take("verdict", str)
    if verdict not in ("allow", "deny", "observe", "ended"):
        raise ScenarioError(f"{where}: verdict is allow, deny, observe or ended, not {verdict}")
    tally = reader.take("tally", bool, False)
    if verdict == "allow":
        allowed = Expectation("allow", path=reader.take("path", str) if tally else "", tally=tally)
        reader.finish()
        return allowed
    if verdict == "ended":
        ended = Expectation("ended", reason=words.reason(reader.take("reason", str), where),
                            count=reader.take("count", int, 1))
        reader.finish()
        return ended
    expected = Expectation(
        verdict, tally=tally, reason=words.reason(reader.take("reason", str), where),
        hooks=_hooks(reader.take("hook", (str, list), []), where), path=reader.take("path", str, ""),
        errno=reader.take("errno", str, "EPERM"), exit=reader.maybe("exit", int),
        unrecorded=reader.take("unrecorded", bool, False),
        signal=reader.maybe("signal", int), stdout=reader.take("stdout", str, ""),
        stderr=reader.take("stderr", str, ""), without=reader.take("without", str, ""))
    reader.finish()
    if not expected.errno and expected.exit is None and expected.signal is None:
        raise ScenarioError(f"{where}: without errno the denial needs an exit or a signal")
    return expected


def _hooks(value, where):
    """"A|B": at one of them, as the kernel has it."""
    return tuple("|".join(words.hook(part, where) for part in word.split("|"))
                 for word in ([value] if isinstance(value, str) else value))


def _success(value, where):
    reader = Reader(value, where)
    success = Success(reader.take("exit", int, 0), reader.take("stdout", str, ""),
                      reader.take("stderr", str, ""))
    reader.finish()
    return success


def _action(value, where, uids):
    reader = Reader(value, where)
    run = reader.take("run", list)
    own_ways, tried = reader.maybe("ways", list), reader.maybe("technique", (dict, str))
    expect = _expectation(reader.take("expect", dict, {"verdict": "allow"}), f"{where}.expect")
    action = Action(
        id=reader.take("id", str), run=tuple(map(str, run)),
        uids=tuple(reader.take("uids", list, uids)), cgroup=reader.maybe("cgroup", str),
        stdin=reader.maybe("stdin", str), env=tuple(reader.take("env", list, [])),
        cwd=reader.maybe("cwd", str), seconds=reader.take("seconds", (int, float), 20),
        background=reader.take("background", bool, False), show=reader.take("show", bool, False),
        baseline=reader.take("baseline", bool, True), twin=reader.take("twin", str, ""),
        succeeds=_success(reader.take("succeeds", dict, {}), f"{where}.succeeds"),
        expect=expect, ways=None if own_ways is None else ways.parse(own_ways, where),
        technique=tried and parse_technique(tried, expect.verdict, f"{where}.technique"),
        powerless=_powerless(reader.take("powerless", dict, {}), where))
    reader.finish()
    if not action.run or not action.run[0].startswith("/"):
        raise ScenarioError(f"{where}: run begins with an absolute path")
    if action.expect.verdict == "deny" and not action.twin:
        raise ScenarioError(f"{where}: a denial names its authorized twin")
    return action


def _powerless(value, where):
    for who, refused in value.items():
        if not (who == "namespace" or who.isdigit()) or not isinstance(refused, str):
            raise ScenarioError(f"{where}: powerless is {{uid or \"namespace\": errno or \"any\"}}")
    return value


def _step(value, where):
    value = dict(value)
    do = value.pop("do")
    if do not in STEPS:
        raise ScenarioError(f"{where}: no step {do}; there are: {', '.join(STEPS)}")
    needs, may, phases = STEPS[do]
    only = value.pop("phase", None)
    missing, unknown = needs - set(value), set(value) - needs - may
    if missing or unknown:
        raise ScenarioError(f"{where}: step {do} lacks {sorted(missing)}, does not know "
                            f"{sorted(unknown)}")
    if do == "daemon" and value["what"] not in DAEMON:
        raise ScenarioError(f"{where}: daemon what: {', '.join(sorted(DAEMON))}")
    if do == "tpm" and value["what"] not in TPM:
        raise ScenarioError(f"{where}: tpm what: {', '.join(sorted(TPM))}")
    if do == "host" and value.get("run", ["warrant"])[0] != "warrant":
        raise ScenarioError(f"{where}: host runs warrant, and nothing else")
    if only is not None and only not in BOTH:
        raise ScenarioError(f"{where}: phase is baseline or enforced")
    return Step(do, value, (only,) if only else phases)


def _kernels(names, where):
    unknown = set(names) - set(kernels.KNOWN)
    if unknown or not names:
        raise ScenarioError(f"{where}: kernels: some of {', '.join(kernels.KNOWN)}, not {sorted(unknown)}")
    return tuple(names)


def _table(values, fields, where):
    for label, value in values.items():
        unknown = set(value) - fields
        if unknown:
            raise ScenarioError(f"{where}.{label}: unknown: {', '.join(sorted(unknown))}")
    return values


def _sequence(values, where, uids):
    return tuple(
        _step(item, f"{where}: sequence[{number}]") if "do" in item
        else _action(item, f"{where}: sequence[{number}]", uids)
        for number, item in enumerate(values))


def _earlier(values, where, uids):
    """The sequence of a boot that comes before: nothing in it is denied, nothing is run twice."""
    sequence = _settled(_sequence(values, where, uids), (), where)
    for item in sequence:
        if isinstance(item, Action) and (item.expect.verdict != "allow" or item.ways):
            raise ScenarioError(f"{where}: {item.id}: only allowed actions, the plain way")
    return sequence


def parse(text, where):
    """A scenario from the text of its file; `where` names it in errors."""
    reader = of_text(text, where)
    uids = reader.take("uids", list, [0])
    boot = boots.take(reader, where)
    before = boots.before(reader.take("before", list, []), where,
                          lambda values, here: _earlier(values, here, uids))
    boots.check([*before, boot], where)
    sequence = _sequence(reader.take("sequence", list), where, uids)
    sequence = _settled(sequence, ways.parse(reader.take("ways", list, []), where), where)
    scenario = Scenario(
        name=reader.take("name", str), title=reader.take("title", str),
        kernels=_kernels(reader.take("kernels", list, list(kernels.KNOWN)), where),
        seconds=reader.take("seconds", (int, float), 240), policy=reader.take("policy", dict, {}),
        gap=reader.take("gap", bool, False), patient=reader.take("patient", bool, False),
        slow=reader.take("slow", bool, False), devices=reader.take("devices", list, []),
        files=_table(reader.take("files", dict, {}), FILE_FIELDS, f"{where}: files"),
        artifacts=_table(reader.take("artifacts", dict, {}), ARTIFACT_FIELDS, f"{where}: artifacts"),
        revocations=_table(reader.take("revocations", dict, {}), REVOCATION_FIELDS,
                           f"{where}: revocations"),
        policies=reader.take("policies", dict, {}), others=reader.take("others", bool, False),
        sequence=sequence, boot=boot, before=before)
    reader.finish()
    _check_references(scenario, where)
    return scenario


def _settled(sequence, default_ways, where):
    """The sequence with the ways of each action; ids are unique."""
    actions = {}
    for item in sequence:
        if isinstance(item, Action):
            if item.id in actions:
                raise ScenarioError(f"{where}: two actions are called {item.id}")
            actions[item.id] = item
    actions = ways.settle(actions, default_ways, where)
    return tuple(actions[item.id] if isinstance(item, Action) else item for item in sequence)


def _check_references(scenario, where):
    actions = {action.id: action for action in scenario.actions()}
    for action in actions.values():
        twin = actions.get(action.twin)
        if action.twin and (twin is None or twin.expect.verdict != "allow"):
            raise ScenarioError(f"{where}: {action.id}: twin {action.twin} is not an allowed action")
    for sequence in [scenario.sequence, *(boot.sequence for boot in scenario.before)]:
        _check_steps(scenario, sequence, where)
    for label, artifact in scenario.artifacts.items():
        for subject in artifact.get("subjects", []) + artifact.get("by-verity", []):
            if subject not in scenario.files and subject not in product.PROGRAMS:
                raise ScenarioError(f"{where}: artifacts.{label}: no file {subject}")


def _check_steps(scenario, sequence, where):
    """What steps name is there."""
    actions = {item.id for item in sequence if isinstance(item, Action)}
    for item in sequence:
        if isinstance(item, Step):
            named = [("file", scenario.files), ("artifact", scenario.artifacts), ("action", actions),
                     ("revocation", scenario.revocations), ("policy", scenario.policies)]
            if item.do == "install" and len(set(item.words) - {"refused"}) != 1:
                raise ScenarioError(f"{where}: install names one artifact, revocation or policy")
            for field, table in named:
                if field in item.words and item.words[field] not in table:
                    raise ScenarioError(f"{where}: step {item.do}: no {field} {item.words[field]}")


def load(name):
    """A scenario by its name, or by the path of its file."""
    path = place.ROOT / name if "/" in name else FOLDER / f"{name.removesuffix('.json')}.json"
    if not path.is_file():
        raise ScenarioError(f"no scenario {name} (tools/vm list shows them)")
    scenario = parse(path.read_text(), path.name)
    if scenario.name != path.stem:
        raise ScenarioError(f"{path.name}: name is {scenario.name}, it must be that of the file")
    return scenario


def names():
    return sorted(path.stem for path in FOLDER.glob("*.json"))
