# SPDX-License-Identifier: Apache-2.0
"""Runs one scenario in one guest and keeps what it left behind."""
import dataclasses
import hashlib
import json
import stat
import time

from . import (authority, figures, image, judge, kernels, machine, place, product, programs, records, scenario,
               series, stage, ways, workbench)

BASELINE_ARTIFACT = "00-guest.json"
PRODUCT_ARTIFACT = "00-product.json"
STEP_LIMIT = 600


@dataclasses.dataclass
class Run:
    """One scenario on one kernel, and what came of it."""
    scenario: scenario.Scenario
    kernel: str                    # as scenarios name it
    release: str                   # as it names itself
    folder: object
    outcome: machine.Outcome
    checks: list
    figures: list
    warnings: list
    asked_anew: bool = False       # its first guest got stuck

    @property
    def failed(self):
        return sum(1 for check in self.checks if check.problem)

    @property
    def passed(self):
        return len(self.checks) - self.failed

    def as_json(self):
        return {"scenario": self.scenario.name, "title": self.scenario.title, "kernel": self.kernel, "release": self.release,
                "passed": self.passed, "failed": self.failed, "seconds": self.outcome.seconds,
                "ended": self.outcome.ended, "folder": str(self.folder),
                "figures": self.figures, "warnings": self.warnings, "askedAnew": self.asked_anew,
                "checks": [dataclasses.asdict(check) for check in self.checks]}


def build_tree(kernel, staged):
    """The small guest with what every scenario can use. Without product programs the probes still
    need their libraries."""
    tree = image.base_tree(kernel)
    image.add_program(tree, programs.probe(), "/bin/probe")
    image.add_program(tree, programs.probe_dynamic(), "/bin/probe-dyn")
    image.add_program(tree, programs.payload_dynamic(), "/bin/payload-dyn")
    stage.add_to(tree, staged)
    return tree


def code_in(tree):
    """{path: sha256} of every executable file in the guest: what its own baseline authorizes."""
    found = {}
    for path in tree.paths():
        mode, data = tree.mode(path), tree.read(path)
        if stat.S_ISREG(mode) and mode & 0o111 and not path.startswith("stage/"):
            found["/" + path] = hashlib.sha256(data).hexdigest()
    return found


def add_product(tree, subject, staged, folder, now):
    """Installs programs, trust, policy and artifacts. Returns {label: file name} of the artifacts."""
    for target, source in product.programs().items():
        image.add_program(tree, source, target)
    signer = authority.Authority.make(folder / "authority", now, subject.policy)
    for name in ("trust-root.json", "policy.json"):
        tree.file(f"{product.CONFIG}/{name}", (signer.folder / name).read_bytes())
    for label, members in subject.policies.items():
        signer.sign_policy(label, members)
        tree.file(f"{product.LATER}/{label}.policy.json",
                  (signer.folder / f"{label}.json").read_bytes())
    tree.folder(product.ARTIFACTS)
    code = code_in(tree)
    own = {path: code.pop(path) for path in product.programs()}
    for label, file, more, digests in (("guest", BASELINE_ARTIFACT, [], code),
                                       ("product", PRODUCT_ARTIFACT, ["administer"], own)):
        fields = {"kind": "baseline", "window": ["-1h", "+12h"], "actions": ["exec", "map", *more]}
        tree.file(f"{product.ARTIFACTS}/{file}", signer.artifact(label, fields, digests))
    if subject.others:
        add_others(tree, signer, code | own, folder, now)
    names = {}
    for label, fields in subject.artifacts.items():
        subjects = {staged[name].at if fields.get("paths") else name:
                    own[name] if name in own else staged[name].sha256
                    for name in fields["subjects"]}
        subjects |= authority.more_digests(label, fields.get("digests", 0))
        initiator = dict(fields.get("initiator", {"any": True}))
        if initiator.get("parentSha256", "").startswith("@"):
            initiator["parentSha256"] = staged[initiator["parentSha256"][1:]].sha256
        fields = fields | {"initiator": initiator,
                           "by-verity": {name: staged[name].verity for name in fields.get("by-verity", [])}}
        names[label] = f"{label}.json"
        envelope = signer.artifact(label, fields, subjects)
        tree.file(f"{product.LATER}/{names[label]}", envelope)
        if fields.get("installed", True):
            tree.file(f"{product.ARTIFACTS}/{names[label]}", envelope)
    for label, fields in subject.revocations.items():
        digests = [staged[name[1:]].sha256 if name.startswith("@") else name
                   for name in fields.get("digests", [])]
        lists = signer.revocations(label, fields | {"digests": digests})
        for name, envelope in lists.items():
            tree.file(f"{product.LATER}/{name}.revocation.json", envelope)
            if fields.get("installed"):
                tree.file(f"{product.CONFIG}/revocation.json", envelope)
    for manifest in signer.folder.glob("*.manifest"):
        tree.file(f"{product.ARTIFACTS}/{manifest.name}", manifest.read_bytes())
    return names


def add_others(tree, signer, code, folder, now):
    """A configuration that is sound in itself, but another authority's; and the true one's next root."""
    other = authority.Authority.make(folder / "others", now, {})
    for name in ("trust-root.json", "policy.json"):
        tree.file(f"{product.OTHERS}/{name}", (other.folder / name).read_bytes())
    fields = {"kind": "baseline", "window": ["-1h", "+12h"], "actions": ["exec", "map", "administer"]}
    tree.file(f"{product.OTHERS}/artifacts/all.json", other.artifact("all", fields, code))
    tree.file(f"{product.OTHERS}/next-root.json", signer.next_root())


def run(name, kernel_name, options):
    """Runs a scenario on a kernel; the verdict is in the checks of what is returned."""
    subject = scenario.load(name)
    kernel = kernels.fetch(kernel_name)
    folder = workbench.run_folder(subject.name)
    now = time.time()
    staged = stage.make(subject.files, kernel)
    tree = build_tree(kernel, staged)
    artifact_files = {}
    if not options.baseline_only:
        artifact_files = add_product(tree, subject, staged, folder, now)
    boots = series.Series(subject, kernel, options, folder, tree)
    checks = []
    try:
        if not options.baseline_only:
            for composer, outcome, told in boots.before(staged, now, artifact_files):
                checks += told + _machine_checks(composer, outcome, boots.workshop)
        composer = boots.composer(subject, staged, now, artifact_files)
        composer.baseline()
        if not options.baseline_only:
            composer.enforced(product.RECORDS)
        outcome = boots.boot(composer, folder, subject.seconds if subject.slow else min(subject.seconds, STEP_LIMIT))
    finally:
        boots.workshop.close()
    finished = _judge(subject, kernel, options, folder, outcome, composer, boots)
    finished.checks[:0] = checks
    (folder / "results.json").write_text(json.dumps(finished.as_json(), indent=1) + "\n")
    return finished


def _judge(subject, kernel, options, folder, outcome, composer, boots):
    kept = None if options.baseline_only else _collect(folder, boots.earlier)
    judgement = judge.Judge(subject, outcome.events, kept or records.Records([]))
    checks = judgement.baseline_checks() if options.baseline_only else judgement.checks()
    checks += _machine_checks(composer, outcome, boots.workshop)
    measured = figures.Figures(subject, outcome.events, kept or records.Records([]), composer.steps)
    if kept is not None:
        checks += _record_checks(subject, kept, measured, folder)
    warnings = [f"{event['event']}: {event['text']}" for event in outcome.events
                if event["event"] in ("warning", "error", "garbled")]
    return Run(subject, kernel.name, kernel.version, folder, outcome, checks, measured.lines(), warnings)


def _collect(folder, earlier):
    """The records of the boot become the run's transcript; those of boots before it were theirs."""
    kept = series.collect(folder)
    if earlier:
        kept = records.Records([line for line in kept.lines if line not in earlier])
    (folder / "transcript.jsonl").write_text("".join(line + "\n" for line in kept.lines))
    return kept


def _machine_checks(composer, outcome, shop):
    """The plan ran to its end and no step of it failed."""
    name = f"{composer.subject.name}: every step of the plan was done"
    if outcome.ended != "done":
        done = sum(1 for event in outcome.events if event["event"] == "step")
        return [judge.Check(name, f"the guest {_words(outcome)} after {outcome.seconds:.0f} s; the next "
                            f"step was: {composer.steps.get(done + 1, 'none')}", "run")]
    failed = [f"{composer.steps.get(event['number'], event['verb'])}: errno {event['errno']}"
              for event in outcome.events if event["event"] == "step" and event["errno"]]
    failed += [event["text"] for event in outcome.events if event["event"] == "error"] + shop.problems
    daemon = [event for event in outcome.events
              if event["event"] == "result" and event["id"] == "warrantd"]
    if failed and daemon:
        failed.append(f"warrantd said: {daemon[-1]['stderr'].strip()[-1500:]}")
    return [judge.Check(name, "; ".join(failed), "run")]


def _words(outcome):
    return "ran into its time limit" if outcome.ended == "limit" else "died"


def _record_checks(subject, kept, measured, folder):
    """Rejected artifacts are recorded with their reason, every start of the daemon too, execs went on
    whatever became of it, nothing is lost but what is said to be, and decide() agrees."""
    problems = {}
    for label, fields in subject.artifacts.items():
        if "rejected" in fields:
            told = kept.rejected(f"{label}.json")
            problems[f"artifact {label} is rejected, {fields['rejected']}"] = (
                "" if fields["rejected"] in told else f"recorded: {told or 'nothing'}")
    problems["arming, taking over and disarming are recorded"] = _starts_problem(subject, kept)
    for storm in measured.storms:
        problems[f"{storm.name} went on all the while"] = storm.problem()
    problems.update(_gap_problem(subject, kept, measured))
    if not subject.others:  # a daemon that was refused keeps what it took from the ring in a log of its own
        problems["each event has one record or is told of as lost"] = kept.numbers_problem()
    problems["decide() confirms every recorded verdict"] = replay_problem(folder / "transcript.jsonl")
    problems["explain gives each denial the recorded reason"] = _explain_problem(kept, folder)
    return [judge.Check(f"{subject.name}: {what}", problem, "run")
            for what, problem in problems.items()]


def _starts_problem(subject, kept):
    """Every arming, taking over and disarming is told by a record, and no other."""
    wanted = {"armed": 1, "taken over": ways.KILLED in ways.used_by(subject.actions()), "disarmed": 0}
    is_armed = True
    for what in subject.of_daemon():
        if what == "start":
            wanted["taken over" if is_armed else "armed"] += 1
            is_armed = True
        elif what == "disarm":
            wanted["disarmed"] += 1
            is_armed = False
    told = {"armed": kept.count("start"), "taken over": kept.count("adopt"), "disarmed": kept.disarmed()}
    return "" if told == wanted else f"{wanted} times, but recorded: {told}"


def _gap_problem(subject, kept, measured):
    lost = kept.lost()
    if not subject.gap:
        return {"no event was lost": f"{lost} are missing" if lost else ""}
    counted = measured.counter("eventsLost")
    return {"every lost event is in a gap record":
            "" if lost and lost == counted else f"the kernel lost {counted}, recorded: {lost}"}


def _explain_problem(kept, folder):
    """One denial of each reason, explained on this machine from the transcript alone."""
    records = folder / "lineage-transcript.jsonl"
    records.unlink(missing_ok=True)
    records.symlink_to("transcript.jsonl")
    first = {}
    for decision in kept.decisions:
        if decision.verdict == "deny":
            first.setdefault((decision.reason, decision.hook), decision)
    for (reason, hook), decision in first.items():
        try:
            told = product.warrant("explain", decision.id, "--lineage-dir", folder)
        except place.HarnessError as error:
            return str(error)
        if "denied" not in told or f"({reason})" not in told:
            return f"{decision.id} was denied at {hook}: {reason}; explain says: {told[:300]}"
    return ""


def replay_problem(transcript):
    try:
        product.warrant("replay", transcript)
    except place.HarnessError as error:
        return str(error)
    return ""
