# SPDX-License-Identifier: Apache-2.0
"""The boots of one run, one after another: those that come before, then the one that is judged. All have the same
small guest; what differs is its plan, and how its machine is booted."""
import dataclasses
import shutil
import tarfile

from . import compose, image, judge, machine, product, records, scenario, workbench, workshop


def collect(folder):
    """The records that a guest wrote, out of what it collected."""
    archive_path = folder / "result.tar"
    collected = folder / "collected"
    collected.mkdir()
    try:
        with tarfile.open(archive_path, "r:") as archive:
            records.unpack(archive, collected)
    except tarfile.TarError:
        pass  # the guest never got that far, which the checks say
    archive_path.unlink()
    kept = records.read(collected)
    shutil.rmtree(collected)
    return kept


class Series:
    """Boots of one scenario. `tree`: the guest without its plan."""

    def __init__(self, subject, kernel, options, folder, tree):
        self._subject = subject
        self._kernel = kernel
        self._options = options
        self._folder = folder
        self._tree = tree
        self.workshop = workshop.Workshop(folder)
        self.earlier = set()       # lines of records of boots that came before: a disk may still hold them

    def composer(self, subject, staged, now, artifact_files):
        steps = workbench.small_guest_plan()
        if subject.boot.disk:
            steps.step("mkdir", product.STATE, mode="0755")
            steps.step("mount", workshop.STATE_DISK, product.STATE, type="ext4")
        return compose.Composer(subject, staged, steps, now, artifact_files, not self._options.baseline_only)

    def boot(self, composer, folder, limit):
        """Carries out what the composer planned."""
        boot, options = composer.subject.boot, self._options
        self._tree.file("plan", composer.plan.text().encode())
        initrd = folder / "initrd"
        initrd.write_bytes(self._tree.archive())
        serve = self.workshop.server(composer.asked)
        try:
            return machine.boot(machine.Machine(
                kernel=self._kernel, initrd=initrd, folder=folder, disks=[image.scratch_disk()],
                devices=self._subject.devices, append=f"{boot.append} {options.append}".strip(),
                memory=options.memory, cpus=options.cpus, accel=options.accel, limit=limit,
                firmware=boot.firmware, chip=self.workshop.chip(boot.chip), kept=self.workshop.disk(boot),
                patient=self._subject.patient, serve=serve if composer.asked else None))
        finally:
            initrd.unlink()

    def before(self, staged, now, artifact_files):
        """All boots that come before. Yields (composer, outcome, its actions' checks)."""
        for number, boot in enumerate(self._subject.before, 1):
            folder = self._folder / f"boot-{number}"
            folder.mkdir()
            part = dataclasses.replace(self._subject, name=f"{self._subject.name}/boot {number}",
                                       sequence=boot.sequence, boot=boot)
            composer = self.composer(part, staged, now, artifact_files)
            composer.before(boot.daemon, product.RECORDS)
            outcome = self.boot(composer, folder, self._subject.seconds)
            self.earlier |= set(collect(folder).lines)
            yield composer, outcome, _success_checks(part, outcome)


def _success_checks(part, outcome):
    """Each action did what it does when nothing stops it."""
    results = {event["id"]: event for event in outcome.events if event["event"] == "result"}
    return [judge.Check(f"{part.name}/{action.id} uid {uid}: done",
                        judge.success_problem(results.get(action.name(uid)), action.succeeds), "run")
            for action in part.sequence if isinstance(action, scenario.Action) for uid in action.uids]
