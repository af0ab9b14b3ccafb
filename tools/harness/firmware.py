# SPDX-License-Identifier: Apache-2.0
"""What starts the kernel: SeaBIOS, which QEMU brings along, or UEFI from the package ovmf."""
import contextlib
import dataclasses
import pathlib
import shutil

from . import place

FOLDER = pathlib.Path("/usr/share/OVMF")
VARIABLES = "efi-variables.fd"


@dataclasses.dataclass(frozen=True)
class Uefi:
    """Code and the variables that a machine begins with."""
    code: str
    variables: str
    machine: tuple = ()            # what QEMU must be told besides

    def files(self):
        found = [FOLDER / name for name in (self.code, self.variables)]
        for path in found:
            if not path.exists():
                raise place.HarnessError(f"{path} is missing: install ovmf (tools/setup)")
        return found


# Variables of secure boot are written by code in system management mode only, which takes another chipset.
SECURE = ("-machine", "q35,smm=on", "-global", "driver=cfi.pflash01,property=secure,value=on",
          "-global", "ICH9-LPC.disable_s3=1")
BIOS = "bios"
KNOWN = {
    BIOS: None,
    "uefi": Uefi("OVMF_CODE_4M.fd", "OVMF_VARS_4M.fd"),
    "uefi-secure": Uefi("OVMF_CODE_4M.ms.fd", "OVMF_VARS_4M.ms.fd", SECURE),
}


@contextlib.contextmanager
def arguments(name, folder):
    """QEMU's arguments; the variables are a copy that this run alone writes to."""
    uefi = KNOWN[name]
    if uefi is None:
        yield []
        return
    code, variables = uefi.files()
    own = folder / VARIABLES
    shutil.copyfile(variables, own)
    try:
        yield [*uefi.machine, "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={code}",
               "-drive", f"if=pflash,format=raw,unit=1,file={own}"]
    finally:
        own.unlink()
