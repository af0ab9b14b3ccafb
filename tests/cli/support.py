# SPDX-License-Identifier: Apache-2.0
"""What the tests of the command line tool share: a workshop directory and a way to run the binary."""
import hashlib
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

BINARY = os.environ["WARRANT_BINARY"]
# Indexes of the lineage are kept where no test looks for changes, and gone with the process.
_CACHE = tempfile.TemporaryDirectory(prefix="warrant-cache-")
CACHE = _CACHE.name
SOURCE = Path(__file__).resolve().parents[2]
OK, NO, USAGE, ERROR = 0, 1, 2, 3
SANITIZER_EXIT = 99


def environment():
    """A sanitizer's own exit code must not look like an answer."""
    values = dict(os.environ, LC_ALL="C.UTF-8", NO_COLOR="1", XDG_CACHE_HOME=CACHE)
    for tool in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
        values[tool] = f"exitcode={SANITIZER_EXIT}"
    return values


class Outcome:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()
        self.command = " ".join(map(str, done.args[1:]))

    def __repr__(self):
        return f"warrant {self.command}\nexit {self.code}\nstdout: {self.out}\nstderr: {self.err}"


class WorkshopTest(unittest.TestCase):
    """Each test works in a directory of its own, in which keys, trust root and policy lie."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="warrant-cli-")
        self.addCleanup(directory.cleanup)
        self.dir = Path(directory.name)

    def run_cli(self, *words, expect=OK):
        words = [word if isinstance(word, bytes) else str(word) for word in words]
        done = subprocess.run([BINARY, *words], cwd=self.dir, env=environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
        outcome = Outcome(done)
        self.assertNotIn("runtime error", outcome.err, outcome)
        self.assertNotIn("Sanitizer", outcome.err, outcome)
        self.assertEqual(outcome.code, expect, outcome)
        return outcome

    def run_json(self, *words, expect=OK):
        """The one JSON value on standard output; there must be nothing else."""
        outcome = self.run_cli(*words, "--json", expect=expect)
        return json.loads(outcome.out)

    def make_trust(self):
        """root.key signs trust root and policy, issuer.key signs artifacts."""
        for name in ("root", "issuer"):
            self.run_cli("key", "generate", "--out", name)
        self.run_cli("trust", "init", "--root-key", "root.key", "--policy-key", "root.pub",
                     "--issuer-key", "issuer.pub", "--out", "trust-root.json")
        self.run_cli("policy", "sign", "--key", "root.key", "--mode", "enforce", "--out",
                     "policy.json")

    def make_artifact(self, name="a", *options):
        self.path("program").write_bytes(b"\x7fELF and more")
        self.run_cli("artifact", "draft", "--subject", "program", "--initiator", "any", "--policy",
                     "policy.json", "--out", f"{name}.draft", *options)
        self.run_cli("artifact", "sign", "--key", "issuer.key", f"{name}.draft", "--out",
                     f"{name}.json")

    def verify(self, path, *options, expect=OK):
        return self.run_json("artifact", "verify", "--trust-root", "trust-root.json", "--policy",
                             "policy.json", path, *options, expect=expect)

    def path(self, name):
        return self.dir / name

    def snapshot(self):
        """Everything that a command could have changed."""
        state = {}
        for path in sorted(self.dir.rglob("*")):
            status = path.lstat()
            content = path.read_bytes() if path.is_file() and status.st_size < 1 << 24 else b""
            state[str(path)] = (status.st_mode, status.st_mtime_ns, status.st_size,
                                hashlib.sha256(content).digest())
        return state


# ---- records, in their canonical form

BOOT = "3f2a9c1d-0b1c-4d2e-8f30-a1b2c3d4e5f6"
ZERO_ID, ZERO_DIGEST = "0" * 32, "0" * 64


def line_of(record):
    return json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def process(lineage, parent):
    return {"artifact": ZERO_ID, "depth": 1, "digest": ZERO_DIGEST, "flags": ["committed"],
            "lineage": str(lineage), "parent": str(parent), "root": "1", "since": "0"}


def task(pid, uid):
    return {"cgroup": "/", "cgroupId": "1", "comm": "bash", "gid": uid, "pid": pid, "tgid": pid,
            "uid": uid}


def frame(kind, sequence):
    return {"boot": BOOT, "boottime": str(sequence * 10**9), "host": "host-a",
            "id": f"{BOOT[:8]}-{sequence}", "sequence": str(sequence),
            "time": f"2026-11-21T10:00:{sequence:02}.000000000Z", "type": kind, "v": 1}


def denial(sequence, digest, path="/tmp/evil", reason="missing authorization", uid=1000):
    """A request that decide() denies for want of any grant."""
    return {**frame("decision", sequence),
            "decision": {"candidate": 255, "enforced": 1, "reason": reason, "verdict": "deny"},
            "exec": str(100 + sequence),
            "facts": {"audit": "optional", "candidateCount": 0, "candidates": [], "chain": 0,
                      "digest": digest, "digestKind": "sha256", "flags": [], "generation": "1",
                      "hook": "bprm_check_security", "measure": "ima", "mode": "enforce",
                      "now": str(sequence * 10**9), "object": "none", "request": "exec"},
            "file": {"device": 1, "filesystem": 61267, "inode": "9", "path": path},
            "policy": "11" * 32, "process": process(2, 1), "task": task(77, uid)}


def commit(sequence, lineage, parent, path="/usr/bin/true", pid=50, uid=1000):
    return {**frame("commit", sequence),
            "file": {"device": 1, "filesystem": 61267, "inode": "9", "path": path},
            "process": process(lineage, parent), "task": task(pid, uid)}


REJECTED = {
    "boot": BOOT, "boottime": "100000000000", "claimed": "ab" * 16,
    "detail": "signature by unknown key", "digests": [ZERO_DIGEST, "cd" * 32], "host": "host-a",
    "id": "3f2a9c1d-r0525f87c461d", "reason": "invalid signature", "source": "evil.json",
    "subjects": "2", "time": "2026-11-21T10:00:00.000000005Z", "type": "rejected", "v": 1}


def write_lineage(directory, records):
    directory.mkdir(exist_ok=True)
    file = directory / f"lineage-{BOOT}.jsonl"
    file.write_text("".join(map(line_of, records)))
    return file
