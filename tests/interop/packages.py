# SPDX-License-Identifier: Apache-2.0
"""The other tools, as Debian builds them: the installed one, and newer ones below the cache."""
import dataclasses
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
from harness import place  # noqa: E402  (needs the path above)

SUITE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
COSIGN, SECURESYSTEMSLIB = "cosign", "python3-securesystemslib"


class Unavailable(Exception):
    """A tool that is neither here nor to be had; its text says why."""


@dataclasses.dataclass(frozen=True)
class Unpacked:
    """A package of the newer Debian, below the cache, never installed."""
    version: str
    root: Path


def installed_version(package):
    done = subprocess.run(["dpkg-query", "-W", "-f=${db:Status-Status} ${Version}", package],
                          capture_output=True, text=True)
    status, _, version = done.stdout.partition(" ")
    return version if status == "installed" else None


def need_installed(package):
    """The version of an installed package; installs it when that is missing and root asks."""
    version = installed_version(package)
    if version:
        return version
    if os.geteuid() != 0:
        raise Unavailable(f"{package} is not installed: run tools/setup test as root")
    place.say(f"interop: installing {package}")
    try:
        place.run([place.tool("apt-get"), "install", "-q", "-y", "--no-install-recommends",
                   package], env=dict(os.environ, DEBIAN_FRONTEND="noninteractive"))
    except place.HarnessError as error:
        raise Unavailable(f"{package} cannot be installed: {error}") from error
    return installed_version(package)


def mirror():
    """The mirror that this machine's own Debian comes from: it carries the next release too."""
    told = place.run([place.tool("apt-get"), "indextargets", "--format",
                      "$(REPO_URI) $(CODENAME)", "Created-By: Packages"])
    found = re.search(r"^(\S+) bookworm$", told, re.MULTILINE)
    if not found:
        raise place.HarnessError("apt has no Debian 12 (bookworm) sources here to tell a mirror by "
                                 "(apt-get update may be missing)")
    return found.group(1)


def private_apt(scratch):
    """Options under which apt neither reads nor writes this machine's sources, lists and cache."""
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (scratch / folder).mkdir(parents=True)
    sources = scratch / "sources.list"
    sources.write_text(f"deb [signed-by={KEYRING}] {mirror()} {SUITE} main\n")
    options = {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null",
               "Dir::Etc::preferencesparts": "/dev/null", "Dir::State::lists": scratch / "lists",
               "Dir::Cache": scratch / "cache", "Acquire::Languages": "none",
               "Acquire::Retries": "2", "Acquire::http::Timeout": "30",
               "APT::Update::Error-Mode": "any"}
    if os.geteuid() == 0:
        options["APT::Sandbox::User"] = "root"
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def cached(package):
    folder = place.cache_dir("interop") / package
    version = folder / "version"
    return Unpacked(version.read_text().strip(), folder / "root") if version.exists() else None


def fetch(packages, refresh=False):
    """Downloads and unpacks those that the cache lacks. One failure is the failure of all."""
    missing = [name for name in packages if refresh or not cached(name)]
    if not missing:
        return
    cache = place.cache_dir("interop")
    place.say(f"interop: downloading {', '.join(missing)} from Debian {SUITE}; its list of "
              "packages may take minutes")
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        scratch = Path(folder)
        try:
            options = private_apt(scratch)
            place.run([place.tool("apt-get"), *options, "update"])
            place.run([place.tool("apt-get"), *options, "download", *missing], cwd=scratch)
        except place.HarnessError as error:
            raise Unavailable(f"{', '.join(missing)} cannot be downloaded: {error}") from error
        for name in missing:
            keep(name, next(scratch.glob(f"{name}_*.deb")), cache / name)


def keep(name, archive, target):
    fresh = archive.with_suffix("")
    fresh.mkdir()
    place.run([place.tool("dpkg-deb"), "-x", archive, fresh / "root"])
    version = place.run([place.tool("dpkg-deb"), "-f", archive, "Version"])
    (fresh / "version").write_text(version)
    if target.exists():
        shutil.rmtree(target)
    fresh.rename(target)
    place.say(f"interop: {name} {version.strip()}")


def need_cached(package):
    found = cached(package)
    if not found:
        raise Unavailable(f"{package} of Debian {SUITE} is not in the cache")
    return found
