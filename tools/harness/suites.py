# SPDX-License-Identifier: Apache-2.0
"""Packages of Debian's archive, also of suites that this machine does not use: by an apt whose sources,
lists and cache lie below our cache. The machine's own apt configuration is read, never touched."""
import pathlib
import re
import tempfile

from . import place

KEYRING = pathlib.Path("/usr/share/keyrings/debian-archive-keyring.gpg")
KEYRING_PACKAGE = "debian-archive-keyring"
HOME = "bookworm"                       # the suite of this machine, whose keys it already trusts


def debian_sources():
    """This machine's own Debian 12 package sources, as one-line entries: whatever mirror it uses."""
    told = place.run([place.tool("apt-get"), "indextargets", "--format",
                      "$(REPO_URI) $(CODENAME) $(RELEASE) $(COMPONENT)", "Created-By: Packages"])
    found = set()
    for line in told.splitlines():
        address, codename, release, component = line.split()
        suite = next((word for word in (codename, release) if word.startswith(HOME)), None)
        if suite and re.fullmatch(rf"{HOME}(-updates|-security)?", suite):
            found.add(f"deb {address} {suite} {component}")
    if not found:
        raise place.HarnessError(f"apt has no Debian 12 ({HOME}) sources here; guests and kernels need them "
                                 "(apt-get update may be missing)")
    return sorted(found)


def mirror():
    """Where this machine finds Debian itself; the other suites lie beside it."""
    for source in debian_sources():
        _, address, suite, component = source.split()
        if (suite, component) == (HOME, "main"):
            return address
    raise place.HarnessError(f"apt has no source for {HOME} main here: the other suites' mirror is unknown")


class Suite:
    """One suite. Its lists are fetched when it is made. Not for two at the same time: see
    place.alone_in()."""

    def __init__(self, name):
        self.name = name
        self._folder = place.cache_dir("apt", name)
        self._options = ["-o", f"Dir::Etc::sourcelist={self._folder}/sources.list",
                         "-o", "Dir::Etc::sourceparts=/dev/null",
                         "-o", f"Dir::State::lists={self._folder}/lists",
                         "-o", f"Dir::Cache={self._folder}/cache", "-o", "APT::Sandbox::User=root"]
        for needed in ("lists/partial", "cache/archives/partial"):
            (self._folder / needed).mkdir(parents=True, exist_ok=True)
        (self._folder / "sources.list").write_text("\n".join(self._sources()) + "\n")
        place.run([place.tool("apt-get"), *self._options, "-o", "APT::Update::Error-Mode=any", "update"])

    def _sources(self):
        if self.name == HOME:
            sources, keyring = debian_sources(), KEYRING if KEYRING.exists() else None
        else:
            sources, keyring = [f"deb {mirror()} {self.name} main"], _newer_keyring()
        trust = f"deb [signed-by={keyring}]" if keyring else "deb"
        return [source.replace("deb", trust, 1) for source in sources]

    def names(self, pattern):
        """All package names that match wholly."""
        told = place.run([place.tool("apt-cache"), *self._options, "pkgnames"])
        return [name for name in told.split() if re.fullmatch(pattern, name)]

    def unpack(self, packages, folder):
        """Downloads packages of this suite and unpacks them over one another; nothing is installed."""
        wanted = packages if self.name == HOME else [f"{name}/{self.name}" for name in packages]
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            place.run([place.tool("apt-get"), *self._options, "download", *wanted], cwd=scratch)
            for package in pathlib.Path(scratch).glob("*.deb"):
                place.run([place.tool("dpkg-deb"), "-x", package, folder])


def _newer_keyring():
    """The keys of newer suites, from the package that this machine's own suite signs: an older machine
    may not have them installed yet."""
    folder = place.cache_dir("apt", "keyring")
    keyring = folder / KEYRING.relative_to("/")
    if not keyring.exists():
        Suite(HOME).unpack([KEYRING_PACKAGE], folder)
    return keyring


def fetch(name, choose, folder):
    """Unpacks what `choose(suite)` names into `folder`, in the place of what was there, and returns the
    names. The caller sees to it that nobody else does the same."""
    suite = Suite(name)
    packages = choose(suite)
    place.say(f"{name}: downloading {', '.join(packages)}")
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        unpacked = pathlib.Path(scratch) / "unpacked"
        suite.unpack(packages, unpacked)
        if folder.is_dir():
            folder.rename(pathlib.Path(scratch) / "old")
        unpacked.rename(folder)
    return packages
