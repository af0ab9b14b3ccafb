# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test peers: ways around other gates, tried without Warrant and with it, as a user, as
root, and by a user after root tampered. Prints who ran."""
import collections
import dataclasses
import hashlib
import json

from . import baselines, debian, judge, part, place, product, programs, stage

FOLDER = place.ROOT / "tests/vm/peers"
HOME, WORK = "/opt/peers", "/tmp/try"
DRIVER, SLICE = HOME + "/driver", "/peers.slice"
MARKER = "INTRUDED"
HOSTS = 6
# How many ways round other gates there are to be tried: none may get lost.
WHOLE = {"uid 1000": 36, "uid 0": 38, "root tampers, uid 1000 runs": 10}
# By content, whatever path leads there.
INTERPRETERS = ("/usr/bin/bash", "/usr/bin/dash", "/usr/bin/python3.11", "/usr/bin/perl")
RULES = {"entry": "scriptOnly"}
STRIKE = "systemctl mask --runtime warrantd && systemctl kill --signal={} warrantd"
BACK = "systemctl unmask --runtime warrantd && systemctl start warrantd"
ROOTS_GID = 1000
AS_USER = "setpriv --reuid=1000 --regid=1000 --clear-groups"


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One technique for one uid."""
    who: str            # "uid 1000", "uid 0", "root tampers, uid 1000 runs"
    name: str
    run: str
    uid: int
    says: str = MARKER
    control: bool = False
    authorized: str = ""        # why it runs although it is in the list

    @property
    def id(self):
        return f"{self.who}: {self.name}"


def attempts():
    """All of tests/vm/peers/techniques.json, in order."""
    told = json.loads((FOLDER / "techniques.json").read_text())
    found = []
    for uid in (1000, 0):
        who = f"uid {uid}"
        found += [Attempt(who, item["name"], item["run"], uid, item["says"], control=True)
                  for item in told["controls"]]
        found += [Attempt(who, item["name"], item["run"], uid, authorized=item.get("authorized", ""))
                  for item in told["techniques"] if uid in item.get("uids", [1000, 0])]
    found += [Attempt("root tampers, uid 1000 runs", item["name"],
                      f"{{ {item['does']}; }} > /dev/null 2>&1; exec {AS_USER} {item['runs']}", 0)
              for item in told["tampering"]]
    return found


class PeersPart(part.Part):
    """Everything is tried first where it must work."""

    name = "peers"
    limit = 900
    without_first = True

    # ---- what both guests hold

    def _stage_files(self, target):
        known = baselines.names_of_guest(target.authority)
        bash = debian.read_file(target.disk, "/usr/bin/bash")
        files = {"program": programs.payload(MARKER).read_bytes(),
                 "dynamic": programs.payload_dynamic(MARKER).read_bytes(),
                 "library.so": programs.payload_library(MARKER).read_bytes()}
        files |= {path.name: path.read_bytes() for path in FOLDER.iterdir()
                  if path.is_file() and path.name != "techniques.json"}
        listed = {"listed": hashlib.sha256(files["program"]).hexdigest()}
        files["forged.json"] = target.authority.artifact("forged", {"signer": "stranger"}, listed)
        for name, data in files.items():
            target.file(f"{HOME}/stage/{name}", data)
        hosts = {f"host{i + 1}": stage.refill(programs.payload("HOST").read_bytes(), f"peers-{i}".encode(), "host")
                 for i in range(HOSTS)}
        hosts["script"] = b"#!/bin/sh\necho HOST\n"
        # The driver is a shell of its own content: what binds the system's shells does not bind it.
        own = {DRIVER: bash + b"driver\n", HOME + "/stage/setup.sh": files["setup.sh"]}
        for name, data in hosts.items():
            target.file(f"{HOME}/{name}", data)
        target.file(DRIVER, own[DRIVER])
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in hosts.items()}
        target.artifact("hosts", {"actions": ["exec", "map", "interpret"]}, digests)
        target.artifact("driver", {"initiator": {"cgroup": SLICE}},
                        {name: hashlib.sha256(data).hexdigest() for name, data in own.items()})
        self._replace_baseline(target, known)

    def _replace_baseline(self, target, known):
        """Interpreters get an artifact of their own, so that it can bind how they are used."""
        own = {path: known[path][0] for path in INTERPRETERS}
        rest = {path: content for path, content in known.items() if content[0] not in own.values()}
        records = baselines.records(rest)
        envelope = target.authority.artifact("without-interpreters", {
            "kind": "baseline", "manifest": True, "records": records,
            "actions": sorted({action for actions in records.values() for action in actions})}, {})
        manifest = target.authority.manifest_file("without-interpreters")
        target.file(f"{product.ARTIFACTS}/baseline.json", envelope, 0o644)
        target.file(f"{product.ARTIFACTS}/{manifest.name}", manifest.read_bytes(), 0o644)
        self._rules = RULES
        try:
            target.artifact("interpreters", {"constraints": {"interpreter": RULES}}, own)
        except place.HarnessError as error:
            self._rules = None
            place.say(f"peers: artifacts cannot bind interpreters here: {str(error).splitlines()[-1]}")
            target.artifact("interpreters", {}, own)
        # Units execute `sh -c`, and so does this test where it does not play the attacker; and warrantd
        # arms only where root may use a shell. The root that attacks is of another group.
        target.artifact("services", {"initiator": {"uid": 0, "gid": 0}}, own)

    # ---- what is tried

    def plan(self):
        self._attempts = attempts()
        self._later = []               # some again, while the daemon is stopped and dead
        self._stage_files(self.session)
        self._drive("what an attacker brings is there", f". {HOME}/stage/setup.sh", part.fine, cwd="/",
                    without=part.fine)
        for attempt in self._attempts:
            self._try(attempt)
        for signal in ("STOP", "KILL") if self.enforced else ():
            self._drive(f"warrantd gets SIG{signal}", STRIKE.format(signal), part.fine, cwd="/")
            for attempt in self._attempts[:5]:
                self._later.append(dataclasses.replace(attempt, who=f"uid 1000 after SIG{signal}"))
                self._try(self._later[-1])
        if self.enforced:  # what the ring holds is recorded by the next daemon
            self._drive("another warrantd takes over", BACK, part.fine, cwd="/")
            self.session.sync()

    def _drive(self, name, script, judge_result, cwd=WORK, **options):
        self.run_program(name, judge_result, DRIVER, "-c", script, cwd=cwd, cgroup=SLICE, seconds=60, **options)

    def _try(self, attempt):
        self._drive(attempt.id, attempt.run, self._judge(attempt), uid=attempt.uid, gid=ROOTS_GID,
                    without=lambda result: "" if self._worked(attempt, result) else judge.describe(result))

    # ---- what came of it

    @staticmethod
    def _worked(attempt, result):
        return bool(result) and attempt.says in result["stdout"] + result["stderr"]

    def _judge(self, attempt):
        def problem(result):
            worked = self._worked(attempt, result)
            if result["hung"] or (attempt.control or attempt.authorized) and not worked:
                return judge.describe(result)
            return "it ran" if worked and not (attempt.control or attempt.authorized) else ""
        return problem

    def _judge_denials(self, records):
        """Each technique that did not run was denied by the kernel; nothing else was."""
        denials = [decision for decision in records.decisions if decision.verdict == "deny"
                   and not decision.path.startswith("/memfd:warrant-canary")]
        for attempt in self._attempts + self._later:
            result = self.session.results.get(attempt.id)
            if not result or attempt.control or attempt.authorized:
                continue
            found = [one for one in denials if result["start"] <= one.now <= result["end"]]
            if not found and not self._worked(attempt, result):
                self.add(f"{attempt.id}: denied", f"it failed for another reason: {judge.describe(result)}")
            denials = [one for one in denials if one not in found]
        self.add("nothing else was denied", "; ".join(one.text() for one in denials[:10]))

    def judge_end(self, records):
        tried = collections.Counter(attempt.who for attempt in self._attempts if not attempt.control)
        self.add("the list of techniques is whole", "" if tried == WHOLE else f"{dict(tried)} instead of {WHOLE}")
        text = "\n".join(self._table()) + "\n"
        (self.session.folder / "peers.txt").write_text(text)
        print(text, flush=True)

    def _table(self):
        yield f"# interpreters {'bound by ' + json.dumps(self._rules) if self._rules else 'not bound'}"
        yield f"# {'who':28} {'without':8} {'with':7} technique"
        counts = {}
        for attempt in self._attempts + self._later:
            ran = self._worked(attempt, self.session.results.get(attempt.id))
            before = self._worked(attempt, self.before.get(attempt.id))
            yield (f"# {attempt.who:28} {'' if attempt in self._later else 'ran' if before else 'FAILED':8} "
                   f"{'ran' if ran else 'denied':7} {attempt.name}"
                   + (f" ({attempt.authorized})" if attempt.authorized else ""))
            if not attempt.control and attempt not in self._later:
                counts.setdefault(attempt.who, []).append((attempt, before, ran))
        for who, all_of in counts.items():
            authorized = sum(1 for attempt, _, _ in all_of if attempt.authorized)
            yield (f"# {who}: {sum(before for _, before, _ in all_of)} of {len(all_of)} ran without Warrant, "
                   f"{sum(ran for attempt, _, ran in all_of if not attempt.authorized)} with it"
                   + (f", besides {authorized} that is authorized" if authorized else ""))
