#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Starts and ends what Warrant is compared with, in a guest: enforcer.py NAME start|stop.

Returns when what nobody listed is refused. What may run is in a list of `path size sha256`, as fapolicyd's trust
files are written. Prints what a daemon holds in memory when it is ended.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

LIST = pathlib.Path("/opt/bench/trust")
UNLISTED = pathlib.Path("/opt/bench/unlisted")
USER = 1000
PATIENCE = 120  # seconds
CONFIG = pathlib.Path("/etc/fapolicyd")
SAMPLES = pathlib.Path("/usr/share/fapolicyd/sample-rules")
# The rule set that its README calls known-libs.
RULES = ("10-languages", "20-dracut", "21-updaters", "30-patterns", "40-bad-elf", "41-shared-obj", "42-trusted-elf",
         "70-trusted-lang", "72-shell", "90-deny-execute", "95-allow-open")
SETTINGS = """permissive = 0
nice_val = 14
q_size = 640
uid = fapolicyd
gid = fapolicyd
do_stat_report = 0
detailed_report = 0
db_max_size = 100
subj_cache_size = 1549
obj_cache_size = 8191
watch_fs = ext2,ext3,ext4,tmpfs,xfs,vfat,iso9660,btrfs
trust = file
integrity = {integrity}
syslog_format = rule,dec,perm,auid,pid,exe,:,path,ftype,trust
rpm_sha256_only = 0
allow_filesystem_mark = 0
"""
IMA_POLICY = """dont_appraise fsmagic=0x9fa0
dont_appraise fsmagic=0x62656572
dont_appraise fsmagic=0x64626720
dont_appraise fsmagic=0x73636673
appraise func=BPRM_CHECK
appraise func=MMAP_CHECK mask=MAY_EXEC
"""
IMA_LABEL = bytes([4, 4])  # a plain digest, of SHA-256 (security/integrity/integrity.h)


def runs(path):
    """Whether uid 1000 can execute it."""
    try:
        subprocess.run([path], user=USER, group=USER, extra_groups=[], check=True)
    except (PermissionError, subprocess.CalledProcessError):
        return False
    return True


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"enforcer: waited {PATIENCE} s for {what}")
        time.sleep(0.02)


def daemon():
    """The process id of fapolicyd, or None."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "comm").read_text() == "fapolicyd\n":
                return int(folder.name)
        except OSError:
            continue
    return None


def start_fapolicyd(integrity):
    for folder in ("rules.d", "trust.d"):
        shutil.rmtree(CONFIG / folder, ignore_errors=True)
        (CONFIG / folder).mkdir()
    rules = "".join((SAMPLES / f"{name}.rules").read_text() for name in RULES)
    (CONFIG / "compiled.rules").write_text(
        "".join(f"{line}\n" for line in rules.splitlines() if line and not line.startswith("#")))
    (CONFIG / "fapolicyd.conf").write_text(SETTINGS.format(integrity=integrity))
    shutil.copyfile(LIST, CONFIG / "trust.d/system")
    for path in [CONFIG, *CONFIG.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    began = time.monotonic()
    subprocess.run(["fapolicyd"], check=True)
    until(lambda: not runs(UNLISTED), "fapolicyd to refuse what is not listed")
    report(start=round((time.monotonic() - began) * 1000))


def report(**values):
    print(json.dumps({"daemon": "fapolicyd"} | values), flush=True)


def stop_fapolicyd():
    process = daemon()
    if process is None:
        sys.exit("enforcer: fapolicyd ended by itself")
    if runs(UNLISTED):
        sys.exit("enforcer: fapolicyd let an unlisted program run")
    status = pathlib.Path(f"/proc/{process}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    report(residentKiB=int(fields["VmRSS"].split()[0]))
    os.kill(process, signal.SIGTERM)
    until(lambda: daemon() is None, "fapolicyd to end")


def start_ima():
    """Cannot be undone in this boot. Of what is not there (other packages' files) nothing is labelled."""
    for line in LIST.read_text().splitlines():
        path, _, digest = line.rsplit(" ", 2)
        if os.path.exists(path):
            os.setxattr(path, "security.ima", IMA_LABEL + bytes.fromhex(digest))
    pathlib.Path("/sys/kernel/security/ima/policy").write_text(IMA_POLICY)
    until(lambda: not runs(UNLISTED), "IMA to refuse what has no label")


STARTS = {"fapolicyd": lambda: start_fapolicyd("none"), "fapolicyd-sha256": lambda: start_fapolicyd("sha256"),
          "ima": start_ima}


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in STARTS or sys.argv[2] not in ("start", "stop"):
        sys.exit(f"usage: enforcer.py {'|'.join(STARTS)} start|stop")
    if not runs(UNLISTED) and sys.argv[2] == "start":
        sys.exit("enforcer: what nobody listed is refused before anything enforces")
    if sys.argv[2] == "start":
        STARTS[sys.argv[1]]()
    elif sys.argv[1] != "ima":
        stop_fapolicyd()


main()
