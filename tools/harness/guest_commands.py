# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest: builds, boots and tests the Debian guest."""
from . import debian, guest, kernels, machine, parts, place, plan, workbench


def make_machine(options, steps, name):
    kernel = kernels.fetch(options.kernel)
    disk = guest.build(kernel, options.bare, variant=guest.VARIANTS[options.variant])
    folder = workbench.run_folder(name)
    initrd = folder / "initrd"
    pairs = [tuple(pair.split(":", 1)) for pair in options.file]
    initrd.write_bytes(debian.boot_tree(kernel, steps.text(), pairs).archive())
    return machine.Machine(kernel=kernel, initrd=initrd, folder=folder, disks=[disk],
                           append=options.append, memory=max(options.memory, guest.MEMORY),
                           cpus=options.cpus, accel=options.accel, limit=options.limit,
                           icount=options.icount, firmware=options.firmware,
                           chip=workbench.chip_of(options, folder))


def options(parser):
    parser.add_argument("action", choices=["build", "boot", "shell", "test"])
    parser.add_argument("parts", nargs="*", metavar="PART",
                        help="of `test`: " + ", ".join(parts.PARTS) + "; default: "
                        + " ".join(parts.QUICK))
    parser.add_argument("--variant", choices=guest.VARIANTS, default=guest.PLAIN.name,
                        help="which disk (default %(default)s); parts of `test` know theirs")
    workbench.machine_options(parser)
    parser.add_argument("--bare", action="store_true", help="without the product")
    parser.add_argument("--refresh", action="store_true", help="build the root file system again")
    parser.add_argument("--cmd", default="systemctl is-system-running --wait; systemctl --failed",
                        help="shell command for `boot`; its exit code becomes ours")
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--collect", action="append", default=[], metavar="PATH",
                        help="bring this guest file or folder back")
    parser.set_defaults(limit=300, memory=guest.MEMORY)


def command(options):
    if options.action == "build":
        disk = guest.build(kernels.fetch(options.kernel), options.bare, options.refresh,
                           guest.VARIANTS[options.variant])
        print(disk)
        return 0
    if options.action == "test":
        return parts.command(options)
    if options.parts:
        raise place.HarnessError(f"guest {options.action} takes no parts; `guest test` does")
    steps = plan.Plan()
    if options.action == "shell":
        steps.step("run", "/bin/sleep", "infinity", id="wait", limit=86400000)
        built = make_machine(options, steps, "guest-shell")
        place.say("booting; log in as root, `systemctl poweroff` or ctrl-a x to end")
        return machine.converse(built)
    workbench.add_command(steps, options)
    return workbench.report(make_machine(options, steps, "guest-boot"), options)
