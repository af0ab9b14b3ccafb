# SPDX-License-Identifier: Apache-2.0
"""tools/demo: Debian under enforcement, what is refused there and why. It checks what it shows."""
import argparse
import os
import re
import signal
import subprocess
import sys
import time

from . import children, demo_cases, demo_report, firmware, guest, install, kernels, place, product, programs, session, view

FOLDER = place.ROOT / "build/demo"


def build(screen):
    """The product by cmake, unless WARRANT_BUILD names one that is built already."""
    if os.environ.get("WARRANT_BUILD"):
        with screen.step("build") as step:
            step.detail = f"as it is in {os.environ['WARRANT_BUILD']}"
        return
    os.environ["WARRANT_BUILD"] = str(FOLDER)
    with screen.step("build") as step:
        cmake(step, "--preset", "release", "-B", FOLDER, "-DBUILD_TESTING=OFF")
        cmake(step, "--build", FOLDER, "-j", os.environ.get("JOBS", str(os.cpu_count())))
        step.detail = "warrantd, warrant and the BPF programs in them"


def cmake(step, *words):
    """Runs cmake, and shows what ninja says it is at."""
    log = place.cache_dir("demo") / "build.log"
    with open(log, "w") as kept, children.child(
            [place.tool("cmake"), *words], cwd=place.ROOT, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        for line in process.stdout:
            print(line, end="", file=kept, flush=True)
            counted = re.match(r"\[(\d+)/(\d+)\] (.*)", line)
            if counted:
                step.detail = f"{counted[1]} of {counted[2]}: {counted[3].strip()}"
        if process.wait() != 0:
            raise place.HarnessError(f"the build failed:\n{log.read_text()[-3000:]}")


def prepare(screen, options):
    """Kernel and guest into the cache; returns the session, with nothing asked yet."""
    with screen.step("guest kernel") as step:
        place.tell(lambda text: setattr(step, "detail", text))
        kernel = kernels.fetch(options.kernel)
        step.detail = f"Debian's {kernel.version}"
    with screen.step("guest") as step:
        place.tell(lambda text: setattr(step, "detail", text))
        programs.agent()
        disk = guest.build(kernel)
        counted = install.counted(guest.authority_folder(disk))
        step.detail = (f"Debian 12; baseline signed: {counted['files']} files, "
                       f"{counted['bytes'] >> 20} MiB of code")
    place.tell(None)
    return session.Session("demo", options)


def run(screen, options):
    start = time.monotonic()
    screen.line(screen.paint("bold", "Warrant: the kernel refuses every program that nobody signed for"))
    screen.heading("Getting ready")
    build(screen)
    visit = prepare(screen, options)
    report = demo_report.Report(screen, visit)
    demo_cases.ask(visit)
    with_boot(screen, visit, report)
    report.finish()
    seconds = time.monotonic() - start
    screen.line()
    screen.line(f"{report.passed} as claimed, {report.failed} not; {seconds:.0f} s in all; "
                f"left in {os.path.relpath(visit.folder)}")
    return 1 if report.failed else 0


def with_boot(screen, visit, report):
    """The boot is one step on the screen; what comes after it is shown as it comes."""
    step = screen.begin("boot")
    step.detail = "Debian with systemd; warrantd starts before sysinit.target"

    def take(event):
        nonlocal step
        if event["event"] == "service":
            step.detail = "systemd has started most of it"
        if step and event["event"] == "result" and event["phase"] == "running":
            step.detail = "systemd says that it is up: " + event["stdout"].strip()
            step.end()
            step = None
        report.take(event)

    try:
        visit.boot(take)
    finally:
        if step:
            step.end(False)


def main(arguments):
    parser = argparse.ArgumentParser(prog="tools/demo", description="Builds Warrant, boots a Debian "
                                     "guest under enforcement, shows what is refused and why.")
    parser.add_argument("--kernel", default=kernels.OLDEST, choices=kernels.KNOWN,
                        help="which kernel (default %(default)s)")
    parser.add_argument("--accel", choices=["tcg", "kvm"], default="tcg", help="default tcg")
    parser.add_argument("--limit", type=float, default=600,
                        help="seconds until the guest is killed (default %(default)s)")
    options = parser.parse_args(arguments)
    options.append, options.memory, options.cpus = "", guest.MEMORY, 2
    options.firmware, options.tpm, options.tpm_slow = firmware.BIOS, "", 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return run(view.View(), options)
    except place.HarnessError as error:
        place.say(f"tools/demo: {error}")
        return 2
    except KeyboardInterrupt:
        place.say("\ntools/demo: interrupted; nothing is left running")
        return 130
