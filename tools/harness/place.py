# SPDX-License-Identifier: Apache-2.0
"""Where things lie, and the one error that ends a command with a sentence instead of a traceback."""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


class HarnessError(Exception):
    """Something the user can act on; its text is the whole message."""


def cache_dir(*parts):
    """A folder below the cache (.cache in the repository, or $WARRANT_CACHE), made if missing."""
    base = pathlib.Path(os.environ.get("WARRANT_CACHE") or ROOT / ".cache").absolute()
    folder = base.joinpath(*parts)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def tool(name):
    """The path of a program of this machine; its absence is an error that names the cure."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not found:
        raise HarnessError(f"{name} is not installed: run tools/setup as root")
    return found


def run(argv, **options):
    """Runs a command to its end; failure is an error that carries what it said."""
    options.setdefault("text", True)
    done = subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        said = done.stderr if isinstance(done.stderr, str) else done.stderr.decode("latin-1")
        raise HarnessError(f"{' '.join(map(str, argv))}\n  failed with {done.returncode}: "
                           f"{said.strip()[-2000:]}")
    return done.stdout


@contextlib.contextmanager
def alone_in(folder):
    """Nobody else builds in that folder meanwhile."""
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


_listener = None


def tell(listener):
    """From now on progress goes to that function; None: to stderr again."""
    global _listener
    _listener = listener


def say(text):
    """Progress, for people: results alone go to stdout."""
    if _listener:
        _listener(text)
    else:
        print(text, file=sys.stderr, flush=True)


def digest_of(*things):
    """A short hash over texts, bytes and the contents of files (pathlib.Path), for cache names."""
    total = hashlib.sha256()
    for thing in things:
        if isinstance(thing, pathlib.Path):
            data = thing.read_bytes()
        else:
            data = thing if isinstance(thing, bytes) else str(thing).encode()
        total.update(len(data).to_bytes(8, "little"))
        total.update(data)
    return total.hexdigest()[:16]
