# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest: builds and boots the Debian guest."""
import shutil

from . import debian, kernels, machine, place, plan, product, workbench

MEMORY = 1536


def build(kernel, bare=False, refresh=False):
    """The image of the Debian guest, cached by what goes into it; `bare`: without the product."""
    archive = debian.root_archive(refresh)
    inputs = [archive.name, archive.stat().st_mtime_ns, kernel.version, debian.programs.agent(),
              debian.pathlib.Path(debian.__file__)]
    if not bare:
        inputs += product.guest_inputs()
    folder = place.cache_dir("guest")
    target = folder / f"{'bare' if bare else 'warrant'}-{place.digest_of(*inputs)}.ext4"
    if target.exists():
        return target
    root = folder / "root"
    place.say("guest: unpacking the root file system")
    debian.unpack(archive, root)
    debian.prepare(root, kernel)
    if not bare:
        place.say("guest: installing the product, capturing and signing the baseline")
        product.install_into(root, folder)
    place.say("guest: making the disk image")
    for old in folder.glob(f"{'bare' if bare else 'warrant'}-*.ext4"):
        old.unlink()
    debian.make_image(root, target)
    shutil.rmtree(root)
    return target


def make_machine(options, steps, name):
    kernel = kernels.fetch(options.kernel)
    disk = build(kernel, options.bare)
    folder = workbench.run_folder(name)
    initrd = folder / "initrd"
    pairs = [tuple(pair.split(":", 1)) for pair in options.file]
    initrd.write_bytes(debian.boot_tree(kernel, steps.text(), pairs).archive())
    return machine.Machine(kernel=kernel, initrd=initrd, folder=folder, disks=[disk],
                           append=options.append, memory=max(options.memory, MEMORY),
                           cpus=options.cpus, accel=options.accel, limit=options.limit,
                           icount=options.icount)


def options(parser):
    parser.add_argument("action", choices=["build", "boot", "shell"])
    workbench.machine_options(parser)
    parser.add_argument("--bare", action="store_true", help="without the product")
    parser.add_argument("--refresh", action="store_true", help="build the root file system again")
    parser.add_argument("--cmd", default="systemctl is-system-running --wait; systemctl --failed",
                        help="shell command for `boot`; its exit code becomes ours")
    parser.add_argument("--uid", type=int, default=0)
    parser.add_argument("--collect", action="append", default=[], metavar="PATH",
                        help="bring this guest file or folder back")
    parser.set_defaults(limit=300)


def command(options):
    if options.action == "build":
        disk = build(kernels.fetch(options.kernel), options.bare, options.refresh)
        print(disk)
        return 0
    steps = plan.Plan()
    if options.action == "shell":
        steps.step("run", "/bin/sleep", "infinity", id="wait", limit=86400000)
        built = make_machine(options, steps, "guest-shell")
        place.say("booting; log in as root, `systemctl poweroff` or ctrl-a x to end")
        return machine.converse(built)
    workbench.add_command(steps, options)
    return workbench.report(make_machine(options, steps, "guest-boot"), options)
