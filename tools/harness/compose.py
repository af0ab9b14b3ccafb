# SPDX-License-Identifier: Apache-2.0
"""A scenario becomes a plan: first everything without enforcement, then everything under it."""
import signal

from . import product, scenario

DAEMON_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "continue": signal.SIGCONT,
                  "terminate": signal.SIGTERM}
ARMING_SECONDS = 60


class Composer:
    """Builds the plan of one run. `now` is the moment that the scenario's times count from."""

    def __init__(self, subject, staged, plan, now, artifact_files):
        self._scenario = subject
        self._staged = staged
        self._plan = plan
        self._now = now
        self._artifacts = artifact_files  # {label: file name in the artifacts folder}
        self.steps = {}                   # step number -> what it is, for error messages

    def _step(self, what, verb, *arguments, **options):
        number = self._plan.step(verb, *arguments, **options)
        self.steps[number] = what

    # ---- phases

    def baseline(self):
        self._phase("baseline", [])

    def enforced(self, collect):
        self._start_daemon()
        self._phase("enforced", [self._stop_daemon])
        self._step("collect results", "collect", *collect)

    def _phase(self, phase, after):
        for file in self._staged.values():
            if file.early:
                self.steps[file.place(self._plan)] = f"{phase}: place {file.label}"
        mounts = []
        for item in self._scenario.sequence:
            if isinstance(item, scenario.Action):
                if phase == "enforced" or item.baseline:
                    self._action(item, phase)
            elif phase in item.phases:
                self._do(item, phase, mounts)
        for finish in after:
            finish()
        for mounted in reversed(mounts):
            self._step(f"{phase}: umount {mounted}", "umount", mounted)

    # ---- actions

    def _action(self, action, phase):
        for uid in action.uids:
            verb = "start" if action.background else "run"
            self._step(f"{phase}: {action.name(uid)}", verb, *action.run, id=action.name(uid),
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
            case "install" | "withdraw":
                kind = next(name for name in words if name != "refused")
                self._change(step.do, kind, words[kind], what, words.get("refused", False))

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
        number = DAEMON_SIGNALS[what].value
        self._step(description, "signal", id="warrantd", signal=number)
        if what in ("kill", "terminate"):
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
