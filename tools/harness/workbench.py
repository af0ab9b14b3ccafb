# SPDX-License-Identifier: Apache-2.0
"""Guests for experiments: a kernel, the files you name, one shell command. No product in it."""
import itertools
import os
import pathlib
import sys
import tarfile
import time

from . import firmware, image, kernels, machine, place, plan, programs, tpm

BOOT_ALLOWANCE = 8  # seconds of the time limit that are not the command's


# Two kernels may run one scenario in the same second.
_RUNS = itertools.count(1)


def run_folder(name):
    """A new folder below .cache/runs for what a run leaves behind."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return place.cache_dir("runs", name, f"{stamp}-{os.getpid()}-{next(_RUNS)}")


def machine_options(parser):
    parser.add_argument("--kernel", default=kernels.OLDEST, choices=kernels.KNOWN,
                        help="which kernel (default %(default)s)")
    parser.add_argument("--accel", choices=["tcg", "kvm"], default="tcg", help="default tcg")
    parser.add_argument("--icount", action="store_true",
                        help="guest time = instruction count, one CPU")
    parser.add_argument("--memory", type=int, default=1024, help="MiB (default %(default)s)")
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--append", default="", help="more kernel command line")
    parser.add_argument("--firmware", choices=firmware.KNOWN, default=firmware.BIOS, help="default %(default)s")
    parser.add_argument("--tpm", default="", metavar="none|BANK[,BANK...]",
                        help="none, or a TPM with these banks of PCRs (default: with all of them)")
    parser.add_argument("--tpm-slow", type=float, default=0, metavar="SECONDS",
                        help="each command to the TPM waits so long, the firmware's too")
    parser.add_argument("--limit", type=float, default=120,
                        help="seconds until the guest is killed (default %(default)s)")
    parser.add_argument("--file", action="append", default=[], metavar="SRC:DST",
                        help="copy a file or folder in; programs bring their libraries along")


def chip_of(options, folder):
    """The TPM that the options ask for."""
    if options.tpm in ("", "none"):
        return tpm.Options(none=options.tpm == "none", slow=options.tpm_slow)
    banks = options.tpm.split(",")
    if not set(banks) <= set(tpm.BANKS):
        raise place.HarnessError(f"--tpm {options.tpm}: none, or some of {','.join(tpm.BANKS)}")
    return tpm.Options(state=tpm.Maker(folder / "tpm").make("tpm", banks), slow=options.tpm_slow)


def boot_options(parser):
    machine_options(parser)
    parser.add_argument("--cmd", default="uname -a; cat /sys/kernel/security/lsm; echo",
                        help="shell command; its exit code becomes ours")
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--collect", action="append", default=[], metavar="PATH",
                        help="bring this guest file or folder back")


def write_initrd(kernel, folder, steps, files):
    """The small guest with what this run adds."""
    tree = image.base_tree(kernel)
    tree.file("plan", steps.text().encode())
    image.add_program(tree, programs.probe(), "/bin/probe")
    for pair in files:
        source, colon, target = pair.partition(":")
        if not colon:
            raise place.HarnessError(f"--file {pair}: write it as SOURCE:TARGET")
        if pathlib.Path(source).is_file() and os.access(source, os.X_OK):
            image.add_program(tree, source, target)
        else:
            image.add_path(tree, source, target)
    initrd = folder / "initrd"
    initrd.write_bytes(tree.archive())
    return initrd


def make_machine(options, steps, name):
    kernel = kernels.fetch(options.kernel)
    folder = run_folder(name)
    initrd = write_initrd(kernel, folder, steps, options.file)
    return machine.Machine(kernel=kernel, initrd=initrd, folder=folder,
                           disks=[image.scratch_disk()], append=options.append,
                           memory=options.memory, cpus=options.cpus, accel=options.accel,
                           limit=options.limit, icount=options.icount, firmware=options.firmware,
                           chip=chip_of(options, folder))


def small_guest_plan():
    """A plan that begins with the scratch disk at /data."""
    steps = plan.Plan()
    steps.step("mount", "/dev/vda", "/data", type="ext4")
    return steps


def add_command(steps, options):
    """The step that runs the shell command and streams what it prints."""
    limit = max(options.limit - BOOT_ALLOWANCE, 1)
    steps.step("run", "/bin/sh", "-c", "exec 2>&1; " + options.cmd, id="cmd", uid=options.uid,
               stream=1, limit=int(limit * 1000))
    if options.collect:
        steps.step("collect", *options.collect)


def print_event(event):
    if event["event"] == "output":
        sys.stdout.buffer.write(event["text"].encode("latin-1"))
        sys.stdout.flush()
    elif event["event"] in ("warning", "error", "garbled"):
        place.say(f"guest {event['event']}: {event['text']}")


def report(built, options):
    """Boots, prints what the command prints, brings files back; returns the command's exit code, or
    3 when the guest did not get that far."""
    outcome = machine.boot(built, print_event)
    built.initrd.unlink()
    if options.collect and outcome.ended == "done":
        with tarfile.open(built.folder / "result.tar", "r:") as archive:
            archive.extractall(built.folder / "collected")
    (built.folder / "result.tar").unlink()
    result = next((event for event in outcome.events if event["event"] == "result"), None)
    place.say(f"[{outcome.ended} after {outcome.seconds:.1f} s; left in {built.folder}]")
    if outcome.ended == "done" and result is not None and not result["hung"]:
        return result["exit"] if result["exit"] >= 0 else 128 + result["signal"]
    for line in (built.folder / "console.log").read_text("latin-1").splitlines()[-30:]:
        place.say(f"console: {line}")
    place.say((built.folder / "qemu.log").read_text("latin-1"))
    return 3


def boot_command(options):
    steps = small_guest_plan()
    add_command(steps, options)
    return report(make_machine(options, steps, "boot"), options)


def shell_command(options):
    steps = small_guest_plan()
    steps.step("shell")
    built = make_machine(options, steps, "shell")
    place.say("booting; leave with exit, kill the machine with ctrl-a x")
    return machine.converse(built)
