# SPDX-License-Identifier: Apache-2.0
"""Which QEMU boots a kernel: the installed one, or a newer one unpacked below the cache beside it."""
import dataclasses
import functools
import re

from . import place, suites

PROGRAM = "qemu-system-x86_64"
PACKAGES = ["qemu-system-x86", "qemu-system-common", "qemu-system-data"]
SUITE = "bookworm-backports"            # its libraries are those of this machine
FIRMWARE = "/usr/share/seabios"


@dataclasses.dataclass(frozen=True)
class Qemu:
    """A program and where its firmware lies (empty: where it looks by itself)."""
    program: str
    data: tuple = ()

    @property
    def command(self):
        return [self.program, *(word for folder in self.data for word in ("-L", folder))]


def major(program):
    """10 of 10.0.2."""
    told = place.run([program, "--version"])
    found = re.search(r"version (\d+)\.", told)
    if not found:
        raise place.HarnessError(f"{program} does not tell its version: {told[:200]!r}")
    return int(found.group(1))


@functools.cache
def at_least(oldest):
    """A QEMU of that major version or newer."""
    installed = place.tool(PROGRAM)
    if major(installed) >= oldest:
        return Qemu(installed)
    folder = place.cache_dir("qemu") / SUITE
    with place.alone_in(folder.parent), place.alone_in(place.cache_dir("apt")):
        if not folder.is_dir():
            suites.fetch(SUITE, lambda _: PACKAGES, folder)
    program = folder / "usr/bin" / PROGRAM
    if not program.exists() or major(program) < oldest:
        raise place.HarnessError(f"QEMU {oldest} or newer is needed, and {SUITE} has none; install it, "
                                 "or choose another kernel")
    return Qemu(str(program), (str(folder / "usr/share/qemu"), FIRMWARE))


@functools.cache
def preferred(wanted, oldest):
    """The same of version `wanted`; where it cannot be had, one that is at least `oldest`."""
    try:
        return at_least(max(wanted, oldest))
    except place.HarnessError as error:
        if oldest >= wanted:
            raise
        place.say(f"QEMU {wanted} cannot be had, the installed one is taken: {error}")
        return at_least(oldest)
