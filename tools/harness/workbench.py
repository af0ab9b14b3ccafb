# SPDX-License-Identifier: Apache-2.0
"""Guests for experiments: a kernel, the files you name, one shell command. No product in it."""
import os
import pathlib
import sys
import tarfile
import time

from . import image, kernels, machine, place, plan


def run_folder(name):
    """A new folder below .cache/runs for what a run leaves behind."""
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return place.cache_dir("runs", name, f"{stamp}-{os.getpid()}")


def write_initrd(kernel, folder, steps, files):
    """The small guest with what this run adds."""
    tree = image.base_tree(kernel)
    tree.file("plan", steps.text().encode())
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
                           limit=options.limit, icount=options.icount)


def print_event(event):
    if event["event"] == "output":
        sys.stdout.buffer.write(event["text"].encode("latin-1"))
        sys.stdout.flush()
    elif event["event"] in ("warning", "error", "garbled"):
        place.say(f"guest {event['event']}: {event['text']}")


def boot_command(options):
    steps = plan.Plan()
    steps.step("run", "/bin/sh", "-c", "exec 2>&1; " + options.cmd, id="cmd", uid=options.uid,
               stream=1, limit=int(options.limit * 1000))
    if options.collect:
        steps.step("collect", *options.collect)
    built = make_machine(options, steps, "boot")
    outcome = machine.boot(built, print_event)
    built.initrd.unlink()
    if options.collect:
        with tarfile.open(built.folder / "result.tar") as archive:
            archive.extractall(built.folder / "collected")
    (built.folder / "result.tar").unlink()
    result = next((event for event in outcome.events if event["event"] == "result"), None)
    place.say(f"[{outcome.ended} after {outcome.seconds:.1f} s; left in {built.folder}]")
    if outcome.ended != "done" or result is None or result["hung"]:
        for line in (built.folder / "console.log").read_text("latin-1").splitlines()[-30:]:
            place.say(f"console: {line}")
        place.say((built.folder / "qemu.log").read_text("latin-1"))
        return 3
    return result["exit"] if result["exit"] >= 0 else 128 + result["signal"]


def shell_command(options):
    steps = plan.Plan()
    steps.step("shell")
    built = make_machine(options, steps, "shell")
    place.say("booting; leave with exit, kill the machine with ctrl-a x")
    return machine.converse(built)
