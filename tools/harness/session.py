# SPDX-License-Identifier: Apache-2.0
"""One boot of the Debian guest that is asked many things: what runs before enforcement, what runs in
the running system, and what came of each."""
import pathlib
import tarfile
import time

from . import authority, debian, guest, kernels, machine, place, plan, product, records, workbench

STEP_SECONDS = 120
CHROOT = ("/bin/busybox", "chroot", debian.NEW_ROOT)


class Session:
    """Steps are added first, then boot() carries them all out. Results are the agent's, by id; the
    ones from before enforcement are under `before`."""

    def __init__(self, name, options, variant=guest.PLAIN, limit=0):
        self._options = options
        self._kernel = kernels.fetch(options.kernel)
        self._disk = guest.build(self._kernel, variant=variant)
        self.folder = workbench.run_folder(name)
        self.authority = authority.Authority(guest.authority_folder(self._disk), time.time())
        self._limit = max(options.limit, limit)
        self._files = []
        self._early = plan.Plan()
        self._steps = plan.Plan()
        self._collects = False
        self.before = {}
        self.results = {}
        self.outcome = None

    @property
    def disk(self):
        return self._disk

    @property
    def kernel_version(self):
        return self._kernel.version

    def file(self, at, data, mode=0o755):
        """A file that is in the guest's root before systemd starts."""
        source = self.folder / f"file-{len(self._files)}"
        source.write_bytes(data)
        source.chmod(mode)
        self._files.append((source, at))

    def artifact(self, label, fields, subjects):
        """Signs an artifact by the guest's own authority and installs it. Returns the envelope."""
        envelope = self.authority.artifact(label, fields, subjects)
        self.file(f"{product.ARTIFACTS}/{label}.json", envelope, 0o644)
        return envelope

    def run_before(self, name, *argv, env=()):
        """Runs a program in the guest's root before systemd and warrantd are there."""
        # By the guest's own env: what the agent itself sets would meet busybox first.
        self._early.step("run", *CHROOT, "/usr/bin/env", *env, *argv, id=name, phase="before",
                         limit=STEP_SECONDS * 1000)

    def run(self, name, *argv, uid=0, gid=None, env=(), seconds=STEP_SECONDS, cgroup=None, cwd=None):
        """Runs a program in the running system; the gid is the uid's number unless given."""
        self._steps.step("run", *argv, id=name, phase="running", uid=uid, gid=uid if gid is None else gid, env=list(env),
                         limit=int(seconds * 1000), cgroup=cgroup, cwd=cwd)

    def shell(self, name, script, **options):
        """Runs a line of shell, errors in its output too."""
        self.run(name, "/bin/sh", "-c", "exec 2>&1; " + script, **options)

    def stage(self, label, envelope, manifest=None):
        """An artifact that put_in_force() installs later."""
        self.file(f"{product.LATER}/{label}.json", envelope, 0o644)
        if manifest:
            self.file(f"{product.LATER}/{manifest.name}", manifest.read_bytes(), 0o644)

    def put_in_force(self, name, script):
        """A shell line that changes what lies in the directory of artifacts; waits for the generation
        that comes of it."""
        self._steps.step("mark", product.SOCKET)
        self.shell(name, f"cd {product.ARTIFACTS} && {script}")
        self._steps.step("changed", product.SOCKET, limit=STEP_SECONDS * 1000)

    def sync(self):
        """Waits until the daemon's records are on disk."""
        self._steps.step("ask", product.SOCKET, '{"verb":"sync"}\n', limit=STEP_SECONDS * 1000)

    def boot(self, on_result=None):
        """Carries everything out. `on_result(event)` is told each result as it comes."""
        self._steps.step("collect", *product.RECORDS)
        initrd = self.folder / "initrd"
        tree = debian.boot_tree(self._kernel, self._steps.text(), self._files, self._early)
        initrd.write_bytes(tree.archive())

        def take(event):
            if event["event"] == "result":
                for stream in ("stdout", "stderr"):  # the agent tells each byte as one character
                    event[stream] = event[stream].encode("latin-1").decode("utf-8", "replace")
                known = self.before if event["phase"] == "before" else self.results
                known[event["id"]] = event
            if on_result:
                on_result(event)

        try:
            self.outcome = machine.boot(self._machine(initrd), take)
        finally:
            initrd.unlink()
            for source, _ in self._files:
                source.unlink()
        return self.outcome

    def _machine(self, initrd):
        options = self._options
        return machine.Machine(kernel=self._kernel, initrd=initrd, folder=self.folder,
                               disks=[self._disk], append=options.append,
                               memory=max(options.memory, guest.MEMORY), cpus=options.cpus,
                               accel=options.accel, limit=self._limit, firmware=options.firmware,
                               chip=workbench.chip_of(options, self.folder))

    def lineage(self):
        """The folder of the records that the guest left, on this machine; None if it left none."""
        target = self.folder / "collected"
        archive = self.folder / "result.tar"
        if archive.exists():
            try:
                with tarfile.open(archive) as packed:
                    records.unpack(packed, target)
            except tarfile.TarError:
                pass
            archive.unlink()
        found = pathlib.Path(f"{target}{product.LINEAGE}")
        return found if found.is_dir() else None

    def records(self):
        folder = self.lineage()
        return records.read(folder) if folder else records.Records([])

    def console_tail(self, lines=25):
        text = (self.folder / "console.log").read_text("latin-1")
        return text.splitlines()[-lines:]
