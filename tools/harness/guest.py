# SPDX-License-Identifier: Apache-2.0
"""The Debian guest's disk: the bare system, the product in it, its signed baseline."""
import dataclasses
import pathlib
import shutil

from . import aging, debian, install, place, product, programs

MEMORY = 1536


@dataclasses.dataclass(frozen=True)
class Variant:
    """Which Debian guest. Each has a disk of its own."""
    name: str
    group: str | None = None       # of tools/lib/guest-extra-packages.txt
    size: str = "1500M"
    aged: bool = False             # of the oldest packages that apt knows; the newest in an archive


PLAIN = Variant("warrant")
AGED = Variant("aged", group="aged", size="2500M", aged=True)
WORK = Variant("work", group="work", size="5G")
CONTAINERS = Variant("containers", group="containers", size="2G")
BENCH = Variant("bench", group="bench", size="3G")
VARIANTS = {variant.name: variant for variant in (PLAIN, AGED, WORK, CONTAINERS, BENCH)}


def authority_folder(disk):
    """Keys, trust root and policy of the guest on that disk."""
    return disk.with_suffix(".authority")


def build(kernel, bare=False, refresh=False, variant=PLAIN):
    """The image of a Debian guest, cached by what goes into it; `bare`: without the product."""
    upgrades = aging.Upgrades.known(variant.group) if variant.aged else None
    archive = debian.root_archive(refresh, variant.group, upgrades.preferences() if upgrades else "")
    inputs = [archive.name, archive.stat().st_mtime_ns, kernel.version, programs.agent(), variant,
              pathlib.Path(debian.__file__), pathlib.Path(aging.__file__)]
    if upgrades:
        inputs.append(upgrades)
    if not bare:
        inputs += [*product.guest_inputs(), pathlib.Path(install.__file__)]
    folder = place.cache_dir("guest")
    kind = f"{'bare-' if bare else ''}{variant.name}-{kernel.name}"
    target = folder / f"{kind}-{place.digest_of(*inputs)}.ext4"
    with place.alone_in(folder):
        if not target.exists():
            make(archive, kernel, target, variant, bare, upgrades)
            for old in set(folder.glob(f"{kind}-*.ext4")) - {target}:
                old.unlink()
                shutil.rmtree(authority_folder(old), ignore_errors=True)
    return target


def make(archive, kernel, target, variant, bare, upgrades):
    root = target.parent / "root"
    place.say("guest: unpacking the root file system")
    debian.unpack(archive, root)
    debian.prepare(root, kernel)
    if upgrades:
        place.say("guest: the archive that it will be upgraded from")
        upgrades.install_archive(root)
    if not bare:
        place.say("guest: installing the product, capturing and signing the baseline")
        install.install_into(root, authority_folder(target))
    place.say("guest: making the disk image")
    debian.make_image(root, target, variant.size)
    shutil.rmtree(root)
