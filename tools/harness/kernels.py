# SPDX-License-Identifier: Apache-2.0
"""Debian's cloud kernels: fetched through apt, unpacked below the cache, never installed."""
import dataclasses
import lzma
import pathlib
import re
import shutil
import tempfile

from . import place


@dataclasses.dataclass(frozen=True)
class Known:
    """A kernel that scenarios may name."""
    name: str
    meta: str      # the meta package that depends on the current image
    pattern: str   # what the image package looks like
    cpu: str       # for TCG: see docs/scenarios.md on what QEMU gets wrong


KNOWN = {
    known.name: known for known in (
        Known("6.1", "linux-image-cloud-amd64", r"linux-image-6\.1\.\S*-cloud-amd64", "max"),
    )
}


@dataclasses.dataclass(frozen=True)
class Kernel:
    """An unpacked kernel."""
    name: str
    folder: pathlib.Path
    cpu: str

    @property
    def image(self):
        return next(iter(sorted(self.folder.glob("boot/vmlinuz-*"))))

    @property
    def version(self):
        return self.image.name.removeprefix("vmlinuz-")

    @property
    def modules(self):
        return self.folder / "lib/modules" / self.version

    def module_files(self, wanted):
        """Paths of the named modules and all they need, in load order; built-in ones left out."""
        by_name = {path.name.split(".ko")[0].replace("-", "_"): path
                   for path in self.modules.rglob("*.ko*")}
        order = []

        def visit(name):
            path = by_name.get(name.replace("-", "_"))
            if path is None or path in order:
                return
            for needed in needs_of(read_module(path)):
                visit(needed)
            order.append(path)

        for name in wanted:
            visit(name)
        return order


def read_module(path):
    """A module's ELF bytes, whatever it is compressed with."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        return lzma.decompress(data)
    if path.suffix == ".ko":
        return data
    raise place.HarnessError(f"{path}: do not know how to unpack a module of this kind")


def needs_of(module):
    """The names in a module's own `depends=` line (.modinfo)."""
    found = re.search(rb"\0depends=([^\0]*)\0", module)
    return [name for name in found.group(1).decode().split(",") if name] if found else []


def current_package(known):
    """The image package that the meta package depends on now."""
    told = place.run([place.tool("apt-cache"), "depends", known.meta])
    found = re.findall(rf"Depends: ({known.pattern})", told)
    if not found:
        raise place.HarnessError(f"apt knows no package like {known.pattern}: run apt-get update, or "
                                 "see that this is Debian 12")
    return found[-1]


def fetch(name, refresh=False):
    """The kernel of that name; downloaded if it is not in the cache."""
    known = KNOWN.get(name)
    if known is None:
        raise place.HarnessError(f"no kernel {name}; there are: {', '.join(KNOWN)}")
    folder = place.cache_dir("kernels") / name
    kernel = Kernel(name, folder, known.cpu)
    with place.alone_in(folder.parent):
        if not folder.is_dir() or refresh:
            _download(known, folder)
    return kernel


def _download(known, folder):
    package = current_package(known)
    place.say(f"kernel {known.name}: downloading {package}")
    with tempfile.TemporaryDirectory(dir=place.cache_dir("kernels")) as scratch:
        place.run([place.tool("apt-get"), "-o", "APT::Sandbox::User=root", "download", package],
                  cwd=scratch)
        archive = next(pathlib.Path(scratch).glob("*.deb"))
        unpacked = pathlib.Path(scratch) / "unpacked"
        place.run([place.tool("dpkg-deb"), "-x", archive, unpacked])
        if folder.is_dir():
            shutil.rmtree(folder)
        unpacked.rename(folder)
