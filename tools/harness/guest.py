# SPDX-License-Identifier: Apache-2.0
"""The Debian guest's disk: the bare system, the product in it, its signed baseline."""
import pathlib
import shutil

from . import debian, install, place, product, programs

MEMORY = 1536


def authority_folder(disk):
    """Keys, trust root and policy of the guest on that disk."""
    return disk.with_suffix(".authority")


def build(kernel, bare=False, refresh=False):
    """The image of the Debian guest, cached by what goes into it; `bare`: without the product."""
    archive = debian.root_archive(refresh)
    inputs = [archive.name, archive.stat().st_mtime_ns, kernel.version, programs.agent(),
              pathlib.Path(debian.__file__)]
    if not bare:
        inputs += product.guest_inputs()
    folder = place.cache_dir("guest")
    kind = f"{'bare' if bare else 'warrant'}-{kernel.name}"
    target = folder / f"{kind}-{place.digest_of(*inputs)}.ext4"
    with place.alone_in(folder):
        if not target.exists():
            make(archive, kernel, bare, target)
            for old in set(folder.glob(f"{kind}-*.ext4")) - {target}:
                old.unlink()
                shutil.rmtree(authority_folder(old), ignore_errors=True)
    return target


def make(archive, kernel, bare, target):
    root = target.parent / "root"
    place.say("guest: unpacking the root file system")
    debian.unpack(archive, root)
    debian.prepare(root, kernel)
    if not bare:
        place.say("guest: installing the product, capturing and signing the baseline")
        install.install_into(root, authority_folder(target))
    place.say("guest: making the disk image")
    debian.make_image(root, target)
    shutil.rmtree(root)
