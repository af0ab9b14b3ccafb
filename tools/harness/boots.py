# SPDX-License-Identifier: Apache-2.0
"""How a scenario's machine is booted: firmware, command line, TPM and the disk that outlives a boot; and the boots
that come before the one that is judged."""
import dataclasses

from . import firmware, tpm
from .reader import Reader, ScenarioError

OWN = "host"                       # the name of a TPM that is not named otherwise


@dataclasses.dataclass(frozen=True)
class Chip:
    """Which TPM: boots that name the same one get the same, with all that it remembers."""
    name: str = ""                 # empty: swtpm's own, of this boot alone and without certificates
    banks: tuple = ()
    slow: float = 0
    none: bool = False


@dataclasses.dataclass(frozen=True)
class Boot:
    firmware: str = firmware.BIOS
    append: str = ""               # more kernel command line
    chip: Chip = Chip()
    disk: str = ""                 # what lies at /var/lib/warrant; empty: nothing that lasts
    copy_of: str = ""              # the disk begins as a copy of this one
    daemon: bool = True            # whether it runs, in a boot that comes before
    sequence: tuple = ()           # of a boot that comes before


def _chip(value, where):
    reader = Reader(value, where)
    none = reader.take("none", bool, False)
    chip = Chip(none=none) if none else Chip(
        reader.take("name", str, OWN), tuple(reader.take("banks", list, [])),
        reader.take("slow", (int, float), 0))
    reader.finish()
    unknown = set(chip.banks) - set(tpm.BANKS)
    if unknown:
        raise ScenarioError(f"{where}: banks: some of {', '.join(tpm.BANKS)}, not {sorted(unknown)}")
    return chip


def take(reader, where):
    """The members that say how a machine is booted, out of a reader."""
    chip = reader.maybe("tpm", dict)
    boot = Boot(firmware=reader.take("firmware", str, firmware.BIOS), append=reader.take("append", str, ""),
                chip=Chip() if chip is None else _chip(chip, f"{where}: tpm"), disk=reader.take("disk", str, ""),
                copy_of=reader.take("copy-of", str, ""))
    if boot.firmware not in firmware.KNOWN:
        raise ScenarioError(f"{where}: firmware: {', '.join(firmware.KNOWN)}, not {boot.firmware}")
    if boot.copy_of and not boot.disk:
        raise ScenarioError(f"{where}: a copy of {boot.copy_of} needs a name of its own: disk")
    return boot


def before(values, where, parse_sequence):
    """The boots that come before. What they do is not judged, but must succeed."""
    found = []
    for number, value in enumerate(values, 1):
        place = f"{where}: before[{number}]"
        reader = Reader(value, place)
        boot = dataclasses.replace(take(reader, place), daemon=reader.take("daemon", bool, True),
                                   sequence=parse_sequence(reader.take("sequence", list, []), place))
        reader.finish()
        found.append(boot)
    return tuple(found)


def check(all_boots, where):
    """Disks that are copied were there before; one TPM has one set of banks."""
    disks, banks = set(), {}
    for boot in all_boots:
        if boot.copy_of and (boot.copy_of not in disks or boot.disk in disks):
            raise ScenarioError(f"{where}: disk {boot.disk} cannot be a copy of {boot.copy_of}")
        disks.add(boot.disk)
        if banks.setdefault(boot.chip.name, boot.chip.banks) != boot.chip.banks and boot.chip.name:
            raise ScenarioError(f"{where}: tpm {boot.chip.name}: its banks are those that it was made with")
