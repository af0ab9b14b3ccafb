# SPDX-License-Identifier: Apache-2.0
"""tools/vm capture: the execs of a log as a scenario, which has a guest's kernel decide them anew.

A log holds digests, no contents, and no artifacts. So each content becomes a payload of its own below /replayed, each
outcome that it had a content of its own, and each pair of artifact and outcome an artifact that has this outcome here.
What is compared is then what the log says of each exec: who asked, at which file of the chain it was decided, verdict,
reason, hook. What cannot be staged so is left out and counted."""
import collections
import dataclasses
import json
import pathlib
import re

from . import place, words

ROOM = "/replayed"
NOBODY = 0x7ffffffe            # a uid that no log has, hopefully; looked for all the same
TWIN = {"from": "payload", "variant": "replayed-twin", "at": f"{ROOM}/twin"}
PLAIN_PATH = re.compile(r"/[!-\[\]-~ ]{1,180}")   # printable ASCII without a backslash, and room for what stands before
PLAIN_CGROUP = re.compile(r"(/[A-Za-z0-9_.@:-]+)+")

# What makes an artifact have this outcome: members of it, as docs/scenarios.md has them.
STAGED = {
    "authorized": {},
    "policy mismatch": {"policy": "other", "rejected": "policy mismatch"},
    "initiator identity mismatch": {"initiator": {"uid": NOBODY}},
    "not yet valid": {"window": ["+2h", "+3h"]},
    "expired": {"window": ["-2h", "-1h"]},
    "revoked": {},
    "missing authorization": None,
}


def options(parser):
    parser.add_argument("log", help="transcript, or a file that `warrant lineage export` wrote")
    parser.add_argument("--out", required=True, metavar="NAME.json", help="the scenario; tools/vm run takes its path")
    parser.add_argument("--limit", type=int, default=200, help="different execs at most (default 200)")


def command(asked):
    target = pathlib.Path(asked.out)
    lines = pathlib.Path(asked.log).read_text("utf-8").splitlines()
    captured = Capture(_decisions(lines), asked.limit)
    target.write_text(json.dumps(captured.scenario(target.stem), indent=1) + "\n")
    print(captured.summary())
    return 0


def _decisions(lines):
    read = (json.loads(line) for line in lines if line.strip())
    return [record for record in read if record["type"] == "decision"]


@dataclasses.dataclass(frozen=True)
class Link:
    """One file of an exec: what it contained, and what was decided on it."""
    digest: str
    path: str
    artifact: str
    reason: str
    hook: str


@dataclasses.dataclass(frozen=True)
class Exec:
    """One exec, as far as two of the same are one: the file, and the interpreters behind it."""
    uid: int
    cgroup: str
    verdict: str              # allow, deny, observe
    links: tuple


class Capture:
    """The different execs of a log, in the order in which they were first seen."""

    def __init__(self, decisions, limit):
        self.left_out = collections.Counter()
        self.seen = collections.Counter()     # Exec: how often
        self.decisions = len(decisions)
        self._audit, self._mode = self._policy(decisions)
        for chain in self._chains(decisions):
            found = self._exec(chain)
            if isinstance(found, str):
                self.left_out[found] += len(chain)
            elif found not in self.seen and len(self.seen) >= limit:
                self.left_out[f"beyond the first {limit} different execs"] += len(chain)
            else:
                self.seen[found] += 1
        if not self.seen:
            raise place.HarnessError("the log has no exec that a scenario can stage: " + self.summary())

    @staticmethod
    def _policy(decisions):
        """One policy is in force throughout: the one that most execs were decided under."""
        modes = collections.Counter(record["facts"]["mode"] for record in decisions)
        required = any(record["facts"]["audit"] != "optional" for record in decisions)
        mode = modes.most_common(1)[0][0] if modes else "enforce"
        return "required" if required else "optional", mode

    def _chains(self, decisions):
        """The decisions of one exec together; all else is left out here."""
        chains = {}
        for record in decisions:
            facts = record["facts"]
            if facts["request"] != "exec":
                self.left_out[f"{facts['request']}, no exec"] += 1
            elif facts["mode"] != self._mode:
                self.left_out["under another mode than most"] += 1
            else:
                own = record["exec"] if record["exec"] != "0" else f"at {record['sequence']}"
                chains.setdefault((record["boot"], record["task"]["tgid"], own), []).append(record)
        return chains.values()

    def _exec(self, chain):
        """An Exec, or why it is none."""
        last = chain[-1]
        verdict = last["decision"]["verdict"]
        if verdict == "deny" and not last["decision"]["enforced"]:
            verdict = "observe"
        if [record["facts"]["chain"] for record in chain] != list(range(len(chain))):
            return "an exec of which a part is not there"
        links = []
        for record in chain:
            reason = words.reason(record["decision"]["reason"])
            if reason not in STAGED:
                return f"reason: {reason}"
            if not PLAIN_PATH.fullmatch(record["file"]["path"]):
                return "a file without a plain path"
            artifact = record["artifact"]["id"] if "artifact" in record else ""
            links.append(Link(record["facts"]["digest"], record["file"]["path"], artifact, reason,
                              words.hook(record["facts"]["hook"])))
        if any(link.reason != "authorized" for link in links[:-1]):
            return "more than one denial in an exec"
        if last["task"]["uid"] == NOBODY:
            return f"uid {NOBODY}, which means nobody here"
        cgroup = last["task"]["cgroup"]
        return Exec(last["task"]["uid"], cgroup if PLAIN_CGROUP.fullmatch(cgroup) else "", verdict, tuple(links))

    def scenario(self, name):
        return _Scenario(self.seen, self._audit, self._mode).make(name)

    def summary(self):
        staged = sum(count * len(one.links) for one, count in self.seen.items())
        told = [f"{self.decisions} decisions, {staged} of them in {len(self.seen)} different execs"]
        told += [f"left out: {count}: {why}" for why, count in self.left_out.most_common()]
        return "\n".join(told)


class _Scenario:
    """Execs to files, artifacts and actions."""

    def __init__(self, seen, audit, mode):
        self._seen = seen
        self._policy = {"audit": audit, "mode": mode}
        self._files = {"twin": TWIN}
        self._labels = {}         # (file, what it leads to): label
        self._artifacts = {"twin": {"subjects": ["twin"]}}
        self._revoked = []
        self._sequence = []

    def make(self, name):
        refused = sorted({one.uid for one in self._seen if one.verdict != "allow"})
        if refused:
            self._sequence.append({"id": "twin", "run": [TWIN["at"]], "uids": refused, "succeeds": {"stdout": "RAN"}})
        for number, (one, count) in enumerate(self._seen.items(), 1):
            self._sequence.append(self._action(f"exec-{number}-seen-{count}", one))
        made = {"name": name, "title": "What a log says of its execs, another kernel decides again",
                "seconds": 240 + len(self._sequence), "policy": self._policy, "files": self._files,
                "artifacts": self._artifacts, "sequence": self._sequence}
        if self._revoked:
            made["revocations"] = {"captured": {"epoch": 1, "artifacts": self._revoked, "installed": True}}
        return made

    def _action(self, label, one):
        interpreter, places = "", []
        for link in reversed(one.links):
            interpreter = self._file(link, interpreter)
            places.append(interpreter)
        action = {"id": label, "run": [places[-1]], "uids": [one.uid], "succeeds": {"stdout": "RAN"}}
        if one.cgroup:
            action["cgroup"] = one.cgroup
        if one.verdict != "allow":
            last = one.links[-1]
            action |= {"twin": "twin", "expect": {"verdict": one.verdict, "reason": last.reason, "hook": last.hook,
                                                  "path": places[0]}}
        return action

    def _file(self, link, interpreter):
        """Where the file lies: a payload, or a script for the interpreter."""
        key = (link, interpreter)
        if key in self._labels:
            return self._files[self._labels[key]]["at"]
        label = f"file-{len(self._files)}"
        at = ROOM + link.path if self._is_free(ROOM + link.path) else f"{ROOM}/{label}{link.path}"
        filler = f"{len(self._files):05}{link.digest[:11]}"
        content = {"text": f"#!{interpreter}\n# {filler}\n"} if interpreter else {"from": "payload", "variant": filler}
        self._files[label] = content | {"at": at}
        self._labels[key] = label
        self._grant(link, label)
        return at

    def _is_free(self, at):
        """Whether neither a file lies there, nor above it, nor below."""
        return not any(at == other or at.startswith(other + "/") or other.startswith(at + "/")
                       for other in (file["at"] for file in self._files.values()))

    def _grant(self, link, label):
        members = STAGED[link.reason]
        if members is None:
            return
        name = f"{link.artifact or 'none'}-{link.reason.replace(' ', '-')}"
        if name not in self._artifacts:
            self._artifacts[name] = {"subjects": [], "governance": {"captured": link.artifact or "none"}} | members
            if link.reason == "revoked":
                self._revoked.append(name)
        self._artifacts[name]["subjects"].append(label)
