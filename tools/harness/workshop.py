# SPDX-License-Identifier: Apache-2.0
"""What a run has beside its guests: TPMs and disks that outlive a boot, and the desk of an authority that a guest
can turn to in the middle of its sequence."""
import errno
import functools
import shutil

from . import image, place, plan, product, tpm

STATE_DISK = "/dev/vdc"


class Workshop:
    """Of one run. `folder` is the run's; what guests send and are given lies beside the authority's keys."""

    def __init__(self, folder):
        self._folder = folder
        self._desk = folder / "authority"
        self.problems = []         # what the guest asked for and did not get

    @functools.cached_property
    def _maker(self):
        return tpm.Maker(self._folder / "tpm")

    def chip(self, wanted):
        """The TPM of a boot. Whoever is to believe TPMs of this run finds their manufacturer on the desk."""
        if not wanted.name:
            return tpm.Options(none=wanted.none)
        state = self._maker.make(wanted.name, wanted.banks)
        self._desk.mkdir(exist_ok=True)
        (self._desk / tpm.CERTIFICATE).write_bytes(self._maker.certificate)
        return tpm.Options(state=state, slow=wanted.slow)

    def disk(self, boot):
        """The disk of a boot, or None; a new one is empty, or a copy."""
        if not boot.disk:
            return None
        folder = self._folder / "disks"
        folder.mkdir(exist_ok=True)
        disk = folder / f"{boot.disk}.ext4"
        if not disk.exists():
            shutil.copyfile(folder / f"{boot.copy_of}.ext4" if boot.copy_of else image.scratch_disk(), disk)
        return disk

    def close(self):
        """Disks are large, and TPMs hold keys: neither is kept."""
        for name in ("disks", "tpm"):
            shutil.rmtree(self._folder / name, ignore_errors=True)

    def server(self, steps):
        """What answers the guest of the next boot. `steps`: {the name that it asks by: scenario.Step}."""
        self.problems = []

        def serve(event, chip):
            answer = plan.Plan()
            try:
                step = steps[event["name"]]
                if step.do == "tpm":
                    self._change(step.words, chip)
                else:
                    self._work(step.words, event, answer)
                answer.step("end", errno=0)
            except place.HarnessError as error:
                self.problems.append(str(error))
                answer = plan.Plan()
                answer.step("end", errno=errno.EPROTO)
            return answer.lines
        return serve

    @staticmethod
    def _change(words, chip):
        if words["what"] == "slow":
            chip.slow(words.get("seconds", 0))
        else:
            getattr(chip, words["what"])()

    def _work(self, words, event, answer):
        """Takes files, runs a command where the keys lie, gives files: each under its name, by rename."""
        for path in words.get("takes", []):
            if path not in event:
                raise place.HarnessError(f"the guest has no {path} to send")
            (self._desk / path.rpartition("/")[2]).write_bytes(event[path].encode("latin-1"))
        if words.get("run"):
            product.warrant(*words["run"][1:], cwd=self._desk)
        for name, path in words.get("gives", {}).items():
            self._give(name, path, answer)

    def _give(self, name, path, answer):
        try:
            text = (self._desk / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise place.HarnessError(f"{name} cannot be given to the guest: {error}") from None
        if "\0" in text:
            raise place.HarnessError(f"{name} is no text that could be given to the guest")
        folder, _, last = path.rpartition("/")
        answer.step("write", f"{folder}/.{last}.new", text, mode="0644")
        answer.step("rename", f"{folder}/.{last}.new", path)
