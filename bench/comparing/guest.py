# SPDX-License-Identifier: Apache-2.0
"""One boot of the Debian guest in which everything is measured that is compared."""
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys
import tarfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from harness import debian, guest, place, product, programs  # noqa: E402

HOME = "/opt/bench"
PLACES = {"exec_cost": HOME + "/exec_cost", "noop_static": HOME + "/noop_static", "noop_dynamic": HOME + "/noop_dynamic",
          "noop_bare": HOME + "/noop_bare"}
SCRIPT, SMALL, LIST = HOME + "/script", HOME + "/small", HOME + "/trust"
UNLISTED, ENFORCER = HOME + "/unlisted", HOME + "/enforcer.py"
WORKS = ("prepare", "build", "install")
FIRST_BYTES = (65536, 1048576, 16777216)
APPEND = "norandmaps systemd.mask=fapolicyd.service ima_hash=sha256 ima_appraise=enforce"
TEXTS = {SCRIPT: "#!/bin/sh\n:\n", SMALL: "small\n"}


def trusted_files(archive):
    """`path size sha256` of what may run of the guest's own: programs and libraries."""
    found = []
    with tarfile.open(archive) as packed:
        for member in packed:
            name = member.name.lstrip("./")
            if member.isfile() and name.startswith(("usr/", "opt/")) and (member.mode & 0o111 or ".so" in name):
                digest = hashlib.file_digest(packed.extractfile(member), "sha256").hexdigest()
                found.append(f"/{name} {member.size} {digest}")
    return found


def trust_of(path, data):
    return f"{path} {len(data)} {hashlib.sha256(data).hexdigest()}"


class Guest:
    """What is put into the guest, and what it prints."""

    def __init__(self, kernel, build, icount, limit):
        self._kernel, self._icount, self._limit = kernel, icount, limit
        os.environ["WARRANT_BUILD"] = str(build)
        bench = pathlib.Path(build) / "bench"
        self._folder = place.cache_dir("runs", "compare", f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}")
        self._files = {ENFORCER: (ROOT / "bench/enforcer.py").read_bytes()}
        for name, at in PLACES.items():
            self._files[at] = product.stripped(bench / name).read_bytes()
        self._files |= {at: text.encode() for at, text in TEXTS.items()}
        self._files |= {f"{HOME}/{name}": (ROOT / "bench/works" / name).read_bytes() for name in WORKS}
        project = {f"{HOME}/project/{file.name}": file.read_bytes() for file in (ROOT / "bench/works/project").iterdir()}
        listed = trusted_files(debian.root_archive(group=guest.BENCH.group))
        listed += [trust_of(at, data) for at, data in self._files.items() if at != SMALL]
        program = self._files[PLACES["noop_bare"]]
        for size in FIRST_BYTES:
            listed.append(trust_of(f"{HOME}/first-{size}", program.ljust(size, b"\0")))
        self._files[LIST] = ("\n".join(listed) + "\n").encode()
        self._files |= project  # read, not executed
        self._files[UNLISTED] = programs.payload("UNLISTED").read_bytes()

    def run(self, words):
        """The rows that exec_cost, with these words, and the enforcers' script print."""
        command = [str(ROOT / "tools/vm"), "guest", "boot", "--bare", "--variant", guest.BENCH.name, "--kernel",
                   self._kernel, "--append", APPEND, "--limit", str(self._limit)]
        command += ["--icount"] if self._icount else []
        for number, (at, data) in enumerate(self._files.items()):
            source = self._folder / str(number)
            source.write_bytes(data)
            source.chmod(0o644 if at in (SMALL, LIST) or "/project/" in at else 0o755)
            command += ["--file", f"{source}:{at}"]
        library = "$(ldd " + PLACES["noop_dynamic"] + " | awk '/libm.so/ {print $3}')"
        command += ["--cmd", f"modprobe -a algif_hash sha256_generic; cd {HOME} && ./prepare && {PLACES['exec_cost']} --static "
                    f"{PLACES['noop_static']} --dynamic {PLACES['noop_dynamic']} --script {SCRIPT} --small {SMALL} "
                    f"--library {library} --room {HOME} --first {PLACES['noop_bare']} --build {HOME}/build --install "
                    f"{HOME}/install --unlisted {UNLISTED} --listed {LIST} --enforcer 'python3 {ENFORCER}' {words}"]
        rows, kept = [], []
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as running:
            for line in running.stdout:
                kept.append(line)
                if line.startswith('{"'):
                    rows.append(json.loads(line))
                elif line.startswith("round "):
                    print(f"  {line.strip()}", file=sys.stderr, flush=True)
        if running.returncode != 0 or not any("work" in row for row in rows):
            sys.exit(f"the guest failed ({running.returncode}):\n{''.join(kept)[-3000:]}")
        return rows


def machine():
    """What the figures were taken on."""
    def git(*words):
        return subprocess.run(["git", "-C", ROOT, *words], stdout=subprocess.PIPE, text=True, check=False).stdout.strip()
    processor = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                      if line.startswith("model name")), platform.machine())
    return {"processor": processor, "processors": os.cpu_count(), "commit": git("rev-parse", "--short", "HEAD"),
            "changed": bool(git("status", "--porcelain", "--untracked-files=no")),
            "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
