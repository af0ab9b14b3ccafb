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
import time

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


@contextlib.contextmanager
def room_for_guest():
    """Waits until fewer than $WARRANT_GUESTS guests of this cache run, where that is set. Each is a locked file
    below slots/, by which others (flock(1)) can take a place, too."""
    places = int(os.environ.get("WARRANT_GUESTS") or 0)
    if places < 1:
        yield
        return
    with contextlib.ExitStack() as stack:
        slots = [stack.enter_context(open(cache_dir("slots") / str(number), "w")) for number in range(1, places + 1)]
        while not any(_is_ours(slot) for slot in slots):
            time.sleep(0.2)
        yield


def _is_ours(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


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
