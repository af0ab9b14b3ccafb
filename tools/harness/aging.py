# SPDX-License-Identifier: Apache-2.0
"""A Debian that is behind: of each package the oldest version that apt knows here goes into the guest's
root, the newest into an archive inside the guest. So `apt-get upgrade` in there is a real one."""
import dataclasses
import email.utils
import functools
import hashlib
import pathlib
import re
import shutil
import tarfile
import tempfile

from . import debian, place, suites

ARCHIVE = "/srv/archive"               # in the guest, a flat one (sources.list(5))
KEY = "/usr/share/keyrings/test-archive.gpg"
SUITES = re.compile(rf"{suites.HOME}(-updates|-security)?/")
# In the archive, not in the root: one that the release engineer signs, with the libraries that it
# needs, and one that nobody signs.
NEW = ("jq", "libjq1", "libonig5")
UNSIGNED = ("hello",)


def by_version(a, b):
    """Debian's order of versions; for sorting."""
    for order, answer in (("lt", -1), ("gt", 1)):
        try:
            place.run([place.tool("dpkg"), "--compare-versions", a, order, b])
            return answer
        except place.HarnessError:
            continue
    return 0


def versions_of(names):
    """{package: versions that apt knows in Debian 12, oldest first}."""
    told = place.run([place.tool("apt-cache"), "madison", *names])
    found = {}
    for line in told.splitlines():
        name, version, source = (word.strip() for word in line.split("|"))
        if source.split()[-1] == "Packages" and SUITES.match(source.split()[1]):
            found.setdefault(name, set()).add(version)
    return {name: sorted(versions, key=functools.cmp_to_key(by_version))
            for name, versions in found.items()}


def installed_in(archive):
    """The packages that dpkg's own list in the tar of a root names."""
    with tarfile.open(archive) as packed:
        status = packed.extractfile("./var/lib/dpkg/status").read().decode()
    return sorted(set(re.findall(r"^Package: (\S+)$", status, re.MULTILINE)))


@dataclasses.dataclass(frozen=True)
class Upgrades:
    """What is old, and what it becomes."""
    old: dict          # {package: version} where there is a newer one
    new: dict          # {package: version} of all that goes into the archive

    @classmethod
    def known(cls, group):
        """As apt knows it now. An up-to-date root tells what the guest consists of."""
        names = installed_in(debian.root_archive(group=group))
        versions = versions_of(names + list(NEW + UNSIGNED))
        old = {name: versions[name][0] for name in names if len(versions.get(name, ())) > 1}
        if not old:
            raise place.HarnessError("apt knows no package of the guest in two versions; nothing could "
                                     "be upgraded (apt-get update may be missing)")
        wanted = [*old, *NEW, *UNSIGNED]
        return cls(old, {name: versions[name][-1] for name in wanted})

    def preferences(self):
        """apt_preferences(5) that make mmdebstrap take the old ones."""
        return "\n".join(f"Package: {name}\nPin: version {version}\nPin-Priority: 1001\n"
                         for name, version in sorted(self.old.items()))

    def packages(self):
        """The files of the new ones, {package: path}; downloaded once by this machine's apt."""
        folder = place.cache_dir("packages")
        patterns = {name: f"{name}_{version.replace(':', '%3a')}_*.deb"
                    for name, version in sorted(self.new.items())}
        with place.alone_in(folder):
            missing = [f"{name}={self.new[name]}" for name, pattern in patterns.items()
                       if not list(folder.glob(pattern))]
            if missing:
                place.say(f"guest: downloading {len(missing)} packages")
                place.run([place.tool("apt-get"), "-o", "APT::Sandbox::User=root", "download",
                           *missing], cwd=folder)
        return {name: next(folder.glob(pattern)) for name, pattern in patterns.items()}

    def install_archive(self, root):
        """An archive inside the root, signed as Debian signs its own, as the root's only source."""
        folder = root / ARCHIVE.strip("/")
        folder.mkdir(parents=True)
        entries = []
        for path in self.packages().values():
            shutil.copy(path, folder / path.name)
            entries.append(index_entry(path))
        index = "\n".join(entries).encode()
        (folder / "Packages").write_bytes(index)
        moment = email.utils.formatdate(usegmt=True)
        release = (f"Origin: test\nSuite: newest\nDate: {moment}\nSHA256:\n"
                   f" {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n")
        key = sign_release(folder / "InRelease", release)
        (root / KEY.strip("/")).write_bytes(key)
        (root / "etc/apt/sources.list").write_text(f"deb [signed-by={KEY}] file:{ARCHIVE} ./\n")


def sign_release(target, text):
    """Writes the text, clearsigned (RFC 4880, section 7) by a key made for it. Returns the public key."""
    with tempfile.TemporaryDirectory(prefix="warrant-gpg-") as home:  # a socket path must be short
        gpg = [place.tool("gpg"), "--homedir", home, "--batch", "--quiet"]
        place.run([*gpg, "--passphrase", "", "--quick-generate-key", "archive@invalid", "ed25519", "sign"])
        place.run([*gpg, "--clearsign", "--output", target], input=text)
        key = place.run([*gpg, "--export"], text=False)
        place.run([place.tool("gpgconf"), "--homedir", home, "--kill", "all"])
    return key


def index_entry(path):
    """A package's paragraph in the index of an archive."""
    control = place.run([place.tool("dpkg-deb"), "--field", path])
    data = pathlib.Path(path).read_bytes()
    return (control.rstrip("\n") + f"\nFilename: ./{path.name}\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n")
