# SPDX-License-Identifier: Apache-2.0
"""One QEMU machine from start to end. It always ends: by itself, or by the time limit."""
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import time

from . import firmware, place, qemu, tpm
from .children import child

RESULT_DISK_SIZE = 512 << 20     # a sparse file


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
    chip: tpm.Options = tpm.PLAIN
    kept: pathlib.Path | None = None  # a disk that keeps what is written to it: the guest's /dev/vdc
    patient: bool = False          # mostly waits: takes nobody's place
    serve: object = None           # serve(event, chip): the steps that answer a guest that asks its host


class StuckError(place.HarnessError):
    """The guest's own kernel says that processors do not come back: nothing is known of what it was asked."""


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


# The oldest QEMU that emulates the processor's instructions for SHA: a daemon that starts hashes 14 MB. Where
# instructions are counted the installed one will do: by it all figures were taken.
QUICK_QEMU = 10


def emulator(machine):
    oldest = machine.kernel.qemu
    return qemu.at_least(oldest) if machine.icount else qemu.preferred(QUICK_QEMU, oldest)


# tsc=reliable: two emulated processors look unsynchronized to Linux, which then reads the HPET for each time
# that it tells, and each such read waits for QEMU's one lock.
#
# Debian's 7.2 refuses writes through /proc/PID/mem into read-only text by itself, unless it is told not to
# (fs/proc/base.c, Linux 6.12): what is tried here is whether Warrant does.
COMMAND_LINE = "console=ttyS0 quiet loglevel=5 panic=-1 tsc=reliable proc_mem.force_override=always"


def accel_arguments(machine):
    if machine.icount:
        return ["-accel", "tcg,thread=single", "-smp", "1", "-icount", "shift=0,sleep=off",
                "-cpu", "max"]
    if machine.accel == "kvm":
        return ["-accel", "kvm", "-smp", str(machine.cpus), "-cpu", "host"]
    # A kernel that believes strings to be moved quickly moves them byte by byte, and so does the emulation.
    return ["-accel", "tcg,thread=multi", "-smp", str(machine.cpus), "-cpu", "max,erms=off,fsrm=off"]


def arguments(machine, serial):
    """QEMU's command line but for the TPM."""
    argv = [*emulator(machine).command, "-nodefaults", "-no-user-config", "-display", "none",
            "-no-reboot", "-m", str(machine.memory), *accel_arguments(machine),
            "-rtc", "base=utc,clock=host", "-kernel", machine.kernel.image,
            "-initrd", machine.initrd, *serial,
            "-append", f"{COMMAND_LINE} {machine.append}".strip()]
    for disk in machine.disks:
        argv += ["-drive", f"file={disk},if=virtio,format=raw,snapshot=on"]
    for device in machine.devices:
        argv += ["-device", device]
    return argv


# The firmware takes every serial port for a terminal, and clears it before the guest's first line.
TERMINAL = re.compile(rb"\x1b\[[0-9;?=]*[A-Za-z]")


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
            line = TERMINAL.sub(b"", line)
            try:
                event = json.loads(line)
            except ValueError:
                event = {"event": "garbled", "text": line.decode("latin-1")}
            self.events.append(event)
            if self._on_event:
                self._on_event(event)


ASKED_ANEW = "asked anew, from the beginning"


class StuckWatch:
    """Reads on the console what the kernel's watchdogs say of the processors."""

    LOCKED_UP = re.compile(r"^\[ *(\d+)\.\d+\].*soft lockup - CPU#(\d+) stuck for (\d+)s", re.MULTILINE)
    STALLED = re.compile(r"soft lockup - CPU|rcu_\w+ (?:self-)?detected (?:expedited )?stall")
    TIME = re.compile(r"^\[ *(\d+)\.\d+\]", re.MULTILINE)
    LEAST = 60                     # seconds: longer than what a busy machine makes of any step
    RECENT = 90                    # seconds, after which a watchdog that still has to say something has said it again
    EVERY = 5

    def __init__(self, console, cpus):
        self._console = console
        self._cpus = cpus
        self._next = time.monotonic() + self.EVERY
        self._complaints = 0
        self._last_complaint = None

    def _told(self):
        return self._console.read_text("latin-1")

    def look(self):
        """Ends a run whose processors are all stuck."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self.EVERY
        told = self._told()
        self._count(told)
        last = max((int(at) for at in self.TIME.findall(told)), default=0)
        stuck = {cpu for at, cpu, seconds in self.LOCKED_UP.findall(told)
                 if int(seconds) >= self.LEAST and int(at) > last - self.RECENT}
        if len(stuck) >= self._cpus:
            raise StuckError(f"all processors of the guest are stuck; see {self._console}")

    def _count(self, told):
        complaints = len(self.STALLED.findall(told))
        if complaints > self._complaints:
            self._complaints = complaints
            self._last_complaint = time.monotonic()

    def judge_limit(self):
        """Whether it is for such a reason that a guest did not get done in time."""
        self._count(self._told())
        if self._last_complaint is not None and time.monotonic() - self._last_complaint <= self.RECENT:
            raise StuckError(f"the guest ran into its time limit, and its kernel says that processors were stuck; "
                             f"see {self._console}")


def again_if_stuck(attempt):
    """What attempt() returns, and what to say of that beside it: nothing, or one line. What was asked of a guest
    that got stuck is asked anew, of another guest, once; its console is kept. The second time it is an error."""
    try:
        return attempt(), []
    except StuckError as error:
        said = f"{error}: {ASKED_ANEW}"
        place.say(said)
        return attempt(), [said]


def boot(machine, on_event=None):
    """Boots a machine whose init is the agent and waits for its end. A guest that dies before its
    first user process is tried once more (QEMU's TCG does that now and then), never after that."""
    for attempt in (1, 2):
        with contextlib.nullcontext() if machine.patient else place.room_for_guest():
            outcome = _boot_once(machine, on_event)
        if outcome.ended != "died" or outcome.started:
            return outcome
        if attempt == 1:
            place.say(f"the guest died before its first user process, after "
                      f"{outcome.seconds:.1f} s: trying once more")
            shutil.copy(machine.folder / "console.log", machine.folder / "console.first-try.log")
    return outcome


class Answers:
    """The guest's third serial port, by which a guest that asked gets its answer. Its interrupt is its own: the
    usual one is the console's."""

    def __init__(self, serve, chip):
        self._serve = serve
        self._chip = chip
        self._near, self._far = socket.socketpair()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._near.close()
        self._far.close()

    @property
    def passed(self):
        return [self._far.fileno()] if self._serve else []

    @property
    def arguments(self):
        return [word for descriptor in self.passed
                for word in ("-chardev", f"socket,id=host,fd={descriptor}", "-device",
                             "isa-serial,chardev=host,index=2,irq=5")]

    def take(self, event):
        if event["event"] == "host" and self._serve:
            self._near.sendall("".join(f"{line}\n" for line in self._serve(event, self._chip)).encode())


def _boot_once(machine, on_event):
    folder = machine.folder
    console, events, results = (folder / name for name in ("console.log", "events.jsonl", "result.tar"))
    for path in (console, events, results):
        path.write_bytes(b"")
    os.truncate(results, RESULT_DISK_SIZE)
    serial = ["-serial", f"file:{console}", "-serial", f"file:{events}"]
    start = time.monotonic()
    ended = "limit"
    with tpm.attached(machine.chip, folder) as chip, Answers(machine.serve, chip) as answers, \
            firmware.arguments(machine.firmware, folder) as firmware_arguments, \
            open(folder / "qemu.log", "wb") as log:
        def take(event):
            if on_event:
                on_event(event)
            answers.take(event)

        reader = EventReader(events, take)
        stuck = StuckWatch(console, machine.cpus)
        argv = [*arguments(machine, serial), "-drive", f"file={results},if=virtio,format=raw", *chip.arguments,
                *firmware_arguments, *answers.arguments]
        if machine.kept:
            argv += ["-drive", f"file={machine.kept},if=virtio,format=raw"]
        with child(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=answers.passed) as running:
            while time.monotonic() - start < machine.limit:
                finished = running.poll() is not None
                reader.pump()
                if finished:
                    ended = "died"
                    break
                stuck.look()
                time.sleep(0.02)
    reader.pump()
    if any(event["event"] == "done" for event in reader.events):
        ended = "done"
    if ended == "limit":
        stuck.judge_limit()
    return Outcome(ended, time.monotonic() - start, reader.events)


def converse(machine):
    """Boots with the console on this terminal; returns QEMU's exit code."""
    with tpm.attached(machine.chip, machine.folder) as chip, \
            firmware.arguments(machine.firmware, machine.folder) as firmware_arguments:
        results = machine.folder / "result.tar"
        results.write_bytes(b"")
        os.truncate(results, RESULT_DISK_SIZE)
        serial = ["-chardev", "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console",
                  "-serial", f"file:{machine.folder / 'events.jsonl'}"]
        argv = arguments(machine, serial) + ["-drive", f"file={results},if=virtio,format=raw"]
        with child([*argv, *chip.arguments, *firmware_arguments]) as running:
            return running.wait()
