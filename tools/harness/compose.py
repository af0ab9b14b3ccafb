# SPDX-License-Identifier: Apache-2.0
"""A scenario becomes a plan: first everything without enforcement, then everything under it, each as it stands
and then once more in every other way that its actions ask for."""
import signal

from . import product, scenario, tpm, ways

DAEMON_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "continue": signal.SIGCONT,
                  "terminate": signal.SIGTERM}
ARMING_SECONDS = 60

# What passes in other ways do again, too: whatever makes files what an action needs them to be, and
# what becomes of a background action. The daemon and what is in force stay as the sequence left them.
FILE_STEPS = {"place", "copy", "write", "mkdir", "symlink", "rename", "remove", "mount", "umount"}
JOB_STEPS = {"wait", "signal"}


def _is_enforced(item):
    return isinstance(item, scenario.Action) or "enforced" in item.phases


class Composer:
    """Builds the plan of one boot. `now` is the moment that the scenario's times count from; without the product
    nobody can ask for its commands."""

    def __init__(self, subject, staged, plan, now, artifact_files, with_product=True):
        self._scenario = subject
        self._with_product = with_product
        self._staged = staged
        self._plan = plan
        self._now = now
        self._artifacts = artifact_files  # {label: file name in the artifacts folder}
        self.steps = {}                   # step number -> what it is, for error messages
        self.asked = {}                   # name -> the step that the guest asks its host to do
        self._serves = False              # whether a daemon lives at this point of the plan
        self._ways = ways.used_by(subject.actions())

    @property
    def subject(self):
        return self._scenario

    @property
    def plan(self):
        return self._plan

    def _step(self, what, verb, *arguments, **options):
        number = self._plan.step(verb, *arguments, **options)
        self.steps[number] = what

    # ---- phases

    def baseline(self):
        self._pass("baseline", ways.PLAIN)
        for way in self._ways:
            if way.baseline != "baseline":
                self._pass("baseline", way)

    def enforced(self, collect):
        self._start_daemon()
        self._pass("enforced", ways.PLAIN)
        for way in self._ways:
            if way is ways.KILLED:
                self._daemon("kill", "enforced: daemon kill")
            self._pass("enforced", way)
            if way is ways.KILLED:  # what was recorded meanwhile waits for a daemon in the ring
                self._start_daemon()
                self._daemon("sync", "enforced: daemon sync")
        if self._serves:
            self._stop_daemon()
        self._step("collect results", "collect", *collect)

    def before(self, daemon, collect):
        """A boot that comes before the judged one. Steps for phase `baseline` are done before the daemon starts."""
        for file in self._staged.values():
            if file.early:
                self.steps[file.place(self._plan)] = f"before: place {file.label}"
        mounts = []
        early = [item for item in self._scenario.sequence if not _is_enforced(item)]
        if daemon:
            for item in early:
                self._do(item, "before", mounts)
            self._start_daemon()
        for item in self._scenario.sequence:
            if isinstance(item, scenario.Action):
                self._action(item, "before", ways.PLAIN)
            elif not daemon or item not in early:
                self._do(item, "before", mounts)
        if self._serves:
            self._stop_daemon()
        self._step("collect results", "collect", *collect)

    def _pass(self, phase, way):
        """The sequence once, in one way. `phase` is what steps may be restricted to."""
        named = way.baseline if phase == "baseline" else way.judged
        for file in self._staged.values():
            if file.early:
                self.steps[file.place(self._plan)] = f"{named}: place {file.label}"
        mounts = []
        for item in self._scenario.sequence:
            if isinstance(item, scenario.Action):
                if way in ways.of(item) and (phase == "enforced" or item.baseline):
                    self._action(item, named, way)
            elif phase in item.phases and self._again(item, way):
                self._do(item, named, mounts)
        for mounted in reversed(mounts):
            self._step(f"{named}: umount {mounted}", "umount", mounted)

    def _again(self, step, way):
        """Whether a pass in that way does the step."""
        if way is ways.PLAIN:
            return True
        if step.do in JOB_STEPS:
            return way in ways.of(self._action_named(step.words["action"]))
        return step.do in FILE_STEPS

    # ---- actions

    def _action(self, action, phase, way):
        for uid in action.uids:
            verb = "start" if action.background else "run"
            self._step(f"{phase}: {action.name(uid)}", verb, *way.wrapper, *action.run, id=action.name(uid),
                       phase=phase, uid=uid, gid=uid, cgroup=action.cgroup, stdin=action.stdin,
                       cwd=action.cwd, env=list(action.env), limit=int(action.seconds * 1000))

    def _action_named(self, name):
        return next(item for item in self._scenario.sequence
                    if isinstance(item, scenario.Action) and item.id == name)

    # ---- steps

    def _do(self, step, phase, mounts):
        words = step.words
        what = f"{phase}: {step.do} {' '.join(str(value) for value in words.values())}"
        options = {name: words[name] for name in ("mode", "uid", "gid") if name in words}
        if words.get("inplace"):
            options["inplace"] = 1
        match step.do:
            case "place":
                self.steps[self._staged[words["file"]].place(self._plan)] = what
            case "copy" | "rename":
                self._step(what, step.do, words["from"], words["to"], **options)
            case "write":
                self._step(what, "write", words["at"], words["text"], **options)
            case "symlink":
                self._step(what, "symlink", words["to"], words["at"])
            case "mkdir" | "remove" | "umount":
                self._step(what, step.do, words["at"], **options)
                if words["at"] in mounts:
                    mounts.remove(words["at"])
            case "mount":
                self._step(what, "mount", words.get("source", "none"), words["at"],
                           type=words.get("type", "tmpfs"), options=words.get("options"))
                mounts.append(words["at"])
            case "sleep-until":
                moment = self._now + product.seconds_of(words["after"])
                self._step(what, "sleep-until", time=moment)
            case "wait" | "signal":
                self._act_on_background(step, what)
            case "daemon":
                self._daemon(words["what"], what)
            case "enroll":
                self._enroll(step, what)
            case "tpm" | "host":
                self._ask(step, what)
            case "install" | "withdraw":
                kind = next(name for name in words if name != "refused")
                self._change(step.do, kind, words[kind], what, words.get("refused", False))

    def _ask(self, step, what):
        """The host does it, and the guest does what it answers."""
        if step.do == "host" and not self._with_product:
            return
        name = str(len(self.asked))
        self.asked[name] = step
        if step.words.get("await"):
            self._step(what, "mark", product.SOCKET)
        self._step(what, "host", *step.words.get("takes", []), name=name)
        if step.words.get("await"):
            self._step(f"{what}: a new generation", "changed", product.SOCKET, limit=60000)

    def _enroll(self, step, what):
        """The four steps: the guest asks, the authority at its desk challenges, the guest answers, the authority
        signs, and the guest has an enrollment."""
        if not self._with_product:
            return
        groups = [word for group in step.words.get("groups", []) for word in ("--group", group)]
        resolves = ["--resolves", str(step.words["resolves"])] if "resolves" in step.words else []

        def desk(**words):
            self._ask(scenario.Step("host", words, ()), what)

        def tool(*words):
            self._step(what, "run", product.PROGRAMS[1], "host", *words, id="enroll", phase="daemon", limit=60000)
        tool("enroll", "--host", product.HOST, "--out", "/run/request.json", "--force")
        desk(takes=["/run/request.json"], gives={"challenge.json": "/run/challenge.json"},
             run=["warrant", "host", "challenge", "request.json", "--ca", tpm.CERTIFICATE, "--out", "challenge.json",
                  "--keep", "secret.json", "--force"])
        tool("answer", "/run/challenge.json", "--out", "/run/answer.json", "--force")
        desk(takes=["/run/answer.json"], gives={"enrollment.json": f"{product.CONFIG}/enrollment.json"},
             run=["warrant", "host", "approve", "request.json", "--answer", "answer.json", "--keep", "secret.json",
                  "--key", "enroller.key", *groups, *resolves, "--out", "enrollment.json", "--force"],
             **({"await": True} if step.words.get("await") else {}))

    def _act_on_background(self, step, what):
        action = self._action_named(step.words["action"])
        for uid in action.uids:
            if step.do == "wait":
                self._step(what, "wait", id=action.name(uid), limit=int(action.seconds * 1000))
            else:
                number = signal.Signals[f"SIG{step.words['signal']}"].value
                self._step(what, "signal", id=action.name(uid), signal=number)

    # ---- the product

    def _start_daemon(self):
        self._serves = True
        self._step("start warrantd", "start", *product.DAEMON_COMMAND, id="warrantd", phase="daemon")
        self._step("warrantd is ready", "ready", id="warrantd", limit=ARMING_SECONDS * 1000)

    def _stop_daemon(self):
        """Ends it as a service manager would, so that everything it knows is on disk."""
        self._step("stop warrantd", "signal", id="warrantd", signal=signal.SIGTERM.value)
        self._step("warrantd ends", "wait", id="warrantd", limit=ARMING_SECONDS * 1000)

    def _daemon(self, what, description):
        if what == "start":
            self._start_daemon()
            return
        if what == "sync":
            self._step(description, "ask", product.SOCKET, '{"verb":"sync"}\n', limit=60000)
            return
        if what == "disarm":
            self._step(description, "run", *product.DAEMON_COMMAND, "--disarm", id="disarm", phase="daemon",
                       limit=ARMING_SECONDS * 1000)
            return
        if what != "await":
            self._step(description, "signal", id="warrantd", signal=DAEMON_SIGNALS[what].value)
        if what in ("kill", "terminate", "await"):
            self._serves = False
            self._step(f"{description}: it ends", "wait", id="warrantd",
                       limit=ARMING_SECONDS * 1000)

    def _change(self, do, kind, label, what, refused):
        """The daemon watches its folders: after a rename into one, or a removal, the generation that
        is in force must change, unless what was put there is refused."""
        source = f"{product.LATER}/" + (self._artifacts[label] if kind == "artifact"
                                        else f"{label}.{kind}.json")
        folder = product.ARTIFACTS if kind == "artifact" else product.CONFIG
        target = self._artifacts[label] if kind == "artifact" else f"{kind}.json"
        self._step(what, "mark", product.SOCKET)
        if do == "install":
            self._step(what, "copy", source, f"{folder}/.{target}.new", mode="0644")
            self._step(what, "rename", f"{folder}/.{target}.new", f"{folder}/{target}")
        else:
            self._step(what, "remove", f"{folder}/{target}")
        if not refused:
            self._step(f"{what}: a new generation", "changed", product.SOCKET, limit=60000)
