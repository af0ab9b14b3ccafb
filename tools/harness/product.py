# SPDX-License-Identifier: Apache-2.0
"""Everything that the harness knows about the product's commands, paths and documents."""
import datetime
import os
import pathlib
import re

from . import place

CONFIG = "/etc/warrant"
ARTIFACTS = CONFIG + "/artifacts"
STATE = "/var/lib/warrant"
LINEAGE = STATE + "/lineage"
# What is collected of the records, in this order: the daemon may write the log meanwhile, and what it moves from
# its write-ahead file into tiles is then in one of both. Of files that are here twice the first counts.
RECORDS = [LINEAGE + "/.state/wal", LINEAGE + "/checkpoint", LINEAGE + "/.state/tree", LINEAGE]
LATER = "/stage/artifacts"             # artifacts that a step installs
COUNTED = "baseline.counted.json"      # beside the guest's keys
HOST = "guest"
SOCKET = "/run/warrant/control.sock"
DAEMON_COMMAND = ["/usr/sbin/warrantd", "--config", CONFIG, "--state", STATE, "--pin",
                  "/sys/fs/bpf/warrant", "--socket", SOCKET, "--host", HOST]
PROGRAMS = ("/usr/sbin/warrantd", "/usr/bin/warrant")
OTHERS = "/stage/others"               # another authority's configuration, and the next trust root
ACTIONS = {"exec": 1, "map": 2, "interpret": 4, "update": 8, "load": 16, "administer": 32}
MANIFEST_RECORD = 72
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def build_folder():
    """Where the built binaries lie: $WARRANT_BUILD, or the dev preset's folder. Never a guess: a
    sanitized build in an emulated guest is several times slower and misses time limits."""
    folder = pathlib.Path(os.environ.get("WARRANT_BUILD") or place.ROOT / "build/dev").absolute()
    if not all((folder / program).exists() for program in ("daemon/warrantd", "tools/warrant")):
        raise place.HarnessError(f"nothing is built in {folder}: cmake --preset dev && cmake --build "
                                 "--preset dev (or name another build folder in WARRANT_BUILD)")
    return folder


def programs():
    """{path in the guest: path here} of the product's own programs."""
    folder = build_folder()
    return dict(zip(PROGRAMS, (stripped(folder / "daemon/warrantd"), stripped(folder / "tools/warrant"))))


def stripped(program):
    """A copy without symbols for debuggers: the guest hashes what it runs, and they are most of it."""
    folder = place.cache_dir("stripped", place.digest_of(program))
    target = folder / program.name
    if not target.exists():
        scratch = target.with_suffix(f".{os.getpid()}")
        place.run([place.tool("strip"), "-o", scratch, program])
        scratch.rename(target)
    return target


def warrant(*words, **options):
    """Runs the CLI of the build here, on this machine; nothing it is used for touches the kernel."""
    return place.run([build_folder() / "tools/warrant", *words], **options)


def seconds_of(span):
    """"-2h", "+90s" and the like, in seconds."""
    match = re.fullmatch(r"([+-]\d+)([smhd])", span)
    if not match:
        raise place.HarnessError(f"{span!r} is no span of time like -2h or +90s")
    return int(match.group(1)) * UNITS[match.group(2)]


def timestamp(seconds):
    """RFC 3339 in UTC."""
    moment = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def guest_inputs():
    """What the Debian guest's image depends on besides the bare system."""
    return [*programs().values(), place.ROOT / "daemon/warrantd.service", pathlib.Path(__file__)]
