# SPDX-License-Identifier: Apache-2.0
"""Debian's cloud kernels: fetched through apt, unpacked below the cache, never installed."""
import dataclasses
import lzma
import pathlib
import re

from . import place, suites


@dataclasses.dataclass(frozen=True)
class Known:
    """A kernel that scenarios may name: the newest of its series that the suite has."""
    name: str
    suite: str
    version: str         # what stands for * in the packages' names
    packages: tuple = ("linux-image-*-cloud-amd64",)
    qemu: int = 0        # major version of the oldest QEMU that boots it every time: see docs/scenarios.md


KNOWN = {
    known.name: known for known in (
        Known("6.1", "bookworm", r"6\.1\.0-\d+"),
        Known("6.12", "trixie", r"6\.12\.[0-9.]+\+deb[0-9.]+", qemu=10),
        Known("7.2", "trixie-backports", r"7\.2\.[0-9.]+\+deb[0-9.]+",
              ("linux-binary-*-cloud-amd64", "linux-modules-*-cloud-amd64")),
    )
}
OLDEST = "6.1"
ALL = "all"


@dataclasses.dataclass(frozen=True)
class Kernel:
    """An unpacked kernel."""
    name: str
    folder: pathlib.Path
    qemu: int

    @property
    def version(self):
        return self.modules.name

    @property
    def modules(self):
        found = [path for root in ("lib", "usr/lib") for path in self.folder.glob(f"{root}/modules/*")]
        return sorted(found)[-1]

    @property
    def image(self):
        """In /boot, or (7.2's packages) beside the modules."""
        classic = self.folder / "boot" / f"vmlinuz-{self.version}"
        return classic if classic.exists() else self.modules / "vmlinuz"

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


def newest(known, found):
    """The packages of the newest version of that series. `found`: a suites.Suite."""
    pattern = known.packages[0].replace("*", f"({known.version})")
    versions = {re.fullmatch(pattern, name).group(1) for name in found.names(pattern)}
    if not versions:
        raise place.HarnessError(f"{found.name} has no package like {known.packages[0]} of {known.name} any "
                                 "more; a kernel that was fetched before stays in the cache")
    chosen = max(versions, key=lambda version: [int(number) for number in re.findall(r"\d+", version)])
    return [package.replace("*", chosen) for package in known.packages]


def fetch(name, refresh=False):
    """The kernel of that name; downloaded if it is not in the cache."""
    known = KNOWN.get(name)
    if known is None:
        raise place.HarnessError(f"no kernel {name}; there are: {', '.join(KNOWN)}")
    folder = place.cache_dir("kernels") / name
    with place.alone_in(folder.parent):
        if not folder.is_dir() or refresh:
            with place.alone_in(place.cache_dir("apt")):
                suites.fetch(known.suite, lambda found: newest(known, found), folder)
    return Kernel(name, folder, known.qemu)
