# SPDX-License-Identifier: Apache-2.0
"""One QEMU machine from start to end. It always ends: by itself, or by the time limit."""
import contextlib
import ctypes
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from . import firmware, place, qemu

RESULT_DISK_SIZE = 512 << 20     # a sparse file
PR_SET_PDEATHSIG = 1


@dataclasses.dataclass
class Machine:
    """What to boot and how."""
    kernel: object                 # kernels.Kernel
    initrd: pathlib.Path
    folder: pathlib.Path           # console, events, results are left here
    disks: list = dataclasses.field(default_factory=list)  # written to snapshots only
    devices: list = dataclasses.field(default_factory=list)  # by QEMU's names, besides the usual
    append: str = ""
    memory: int = 1024             # MiB
    cpus: int = 2
    accel: str = "tcg"
    limit: float = 120             # seconds until it is killed
    icount: bool = False           # guest time = instructions: exact counts, one CPU
    firmware: str = firmware.BIOS  # one of firmware.KNOWN


@dataclasses.dataclass
class Outcome:
    """What became of a machine."""
    ended: str                     # "done", "limit", "died"
    seconds: float
    events: list

    @property
    def started(self):
        """Whether its first user process ever ran."""
        return any(event["event"] == "up" for event in self.events)


def _die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


@contextlib.contextmanager
def child(argv, **options):
    """A process of ours that never outlives the block."""
    process = subprocess.Popen([str(word) for word in argv], preexec_fn=_die_with_parent, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextlib.contextmanager
def tpm(folder):
    """Arguments that attach a software TPM, or none where there is no swtpm."""
    swtpm = shutil.which("swtpm")
    if not swtpm:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="warrant-tpm-") as state:  # a socket path must be short
        argv = [swtpm, "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl",
                f"type=unixio,path={state}/sock", "--flags", "not-need-init,startup-clear"]
        with open(folder / "swtpm.log", "wb") as log, child(argv, stdout=log, stderr=log):
            for _ in range(100):
                if os.path.exists(f"{state}/sock"):
                    break
                time.sleep(0.02)
            yield ["-chardev", f"socket,id=tpm,path={state}/sock", "-tpmdev",
                   "emulator,id=tpm0,chardev=tpm", "-device", "tpm-tis,tpmdev=tpm0"]


# Debian's 7.2 refuses writes through /proc/PID/mem into read-only text by itself, unless it is told not to
# (fs/proc/base.c, Linux 6.12): what is tried here is whether Warrant does.
COMMAND_LINE = "console=ttyS0 quiet loglevel=4 panic=-1 proc_mem.force_override=always"


def accel_arguments(machine):
    if machine.icount:
        return ["-accel", "tcg,thread=single", "-smp", "1", "-icount", "shift=0,sleep=off",
                "-cpu", "max"]
    if machine.accel == "kvm":
        return ["-accel", "kvm", "-smp", str(machine.cpus), "-cpu", "host"]
    return ["-accel", "tcg,thread=multi", "-smp", str(machine.cpus), "-cpu", "max"]


def arguments(machine, serial):
    """QEMU's command line but for the TPM."""
    argv = [*qemu.at_least(machine.kernel.qemu).command, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-m", str(machine.memory), *accel_arguments(machine),
            "-rtc", "base=utc,clock=host", "-kernel", machine.kernel.image,
            "-initrd", machine.initrd, *serial,
            "-append", f"{COMMAND_LINE} {machine.append}".strip()]
    for disk in machine.disks:
        argv += ["-drive", f"file={disk},if=virtio,format=raw,snapshot=on"]
    for device in machine.devices:
        argv += ["-device", device]
    return argv


class EventReader:
    """Reads the guest's JSON lines while they come."""

    def __init__(self, path, on_event):
        self._file = open(path, "rb")
        self._rest = b""
        self._on_event = on_event
        self.events = []

    def pump(self):
        self._rest += self._file.read()
        *lines, self._rest = self._rest.split(b"\n")
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "garbled", "text": line.decode("latin-1")}
            self.events.append(event)
            if self._on_event:
                self._on_event(event)


def boot(machine, on_event=None):
    """Boots a machine whose init is the agent and waits for its end. A guest that dies before its
    first user process is tried once more (QEMU's TCG does that now and then), never after that."""
    for attempt in (1, 2):
        outcome = _boot_once(machine, on_event)
        if outcome.ended != "died" or outcome.started:
            return outcome
        if attempt == 1:
            place.say(f"the guest died before its first user process, after "
                      f"{outcome.seconds:.1f} s: trying once more")
            shutil.copy(machine.folder / "console.log", machine.folder / "console.first-try.log")
    return outcome


def _boot_once(machine, on_event):
    folder = machine.folder
    console, events, results = (folder / name for name in ("console.log", "events.jsonl", "result.tar"))
    for path in (console, events, results):
        path.write_bytes(b"")
    os.truncate(results, RESULT_DISK_SIZE)
    serial = ["-serial", f"file:{console}", "-serial", f"file:{events}"]
    reader = EventReader(events, on_event)
    start = time.monotonic()
    ended = "limit"
    with tpm(folder) as tpm_arguments, firmware.arguments(machine.firmware, folder) as firmware_arguments, \
            open(folder / "qemu.log", "wb") as log:
        argv = arguments(machine, serial) + ["-drive", f"file={results},if=virtio,format=raw"]
        with child(argv + tpm_arguments + firmware_arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log) as running:
            while time.monotonic() - start < machine.limit:
                finished = running.poll() is not None
                reader.pump()
                if finished:
                    ended = "died"
                    break
                time.sleep(0.02)
    reader.pump()
    if any(event["event"] == "done" for event in reader.events):
        ended = "done"
    return Outcome(ended, time.monotonic() - start, reader.events)


def converse(machine):
    """Boots with the console on this terminal; returns QEMU's exit code."""
    with tpm(machine.folder) as tpm_arguments, \
            firmware.arguments(machine.firmware, machine.folder) as firmware_arguments:
        results = machine.folder / "result.tar"
        results.write_bytes(b"")
        os.truncate(results, RESULT_DISK_SIZE)
        serial = ["-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console",
                  "-serial", f"file:{machine.folder / 'events.jsonl'}"]
        argv = arguments(machine, serial) + ["-drive", f"file={results},if=virtio,format=raw"]
        with child(argv + tpm_arguments + firmware_arguments) as running:
            return running.wait()
