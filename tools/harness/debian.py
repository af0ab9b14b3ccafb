# SPDX-License-Identifier: Apache-2.0
"""The Debian guest: a root file system by mmdebstrap, the product in it, an ext4 image of both."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

from . import image, place, plan, programs, suites

PACKAGES = place.ROOT / "tools/lib/guest-packages.txt"
EXTRAS = place.ROOT / "tools/lib/guest-extra-packages.txt"
AGENT = "usr/lib/warrant-test/agent"
NEW_ROOT = "/new"                      # where the initramfs mounts the guest's root
UNIT = """[Unit]
Description=Agent of the test machine
ConditionPathExists=/run/agent/plan

[Service]
Type=exec
ExecStart=/%s service
KillMode=process

[Install]
WantedBy=multi-user.target
""" % AGENT


def packages(group=None):
    """Those of every guest, and those of a group of extras."""
    wanted = [words[0] for words in _lines(PACKAGES)]
    return wanted + [words[1] for words in _lines(EXTRAS) if words[0] == group]


def _lines(path):
    return [line.split() for line in path.read_text().splitlines()
            if line and not line.startswith("#")]


def need_root():
    if os.geteuid() != 0:
        raise place.HarnessError("building the Debian guest needs root: its files have many owners")


def root_archive(refresh=False, group=None, preferences=""):
    """The tar of a bare system, cached by the list of its packages and by apt's preferences, which
    hold while it is made and are not in it."""
    wanted = packages(group)
    folder = place.cache_dir("guest")
    target = folder / f"root-{place.digest_of(*wanted, preferences)}.tar"
    if target.exists() and not refresh:
        return target
    need_root()
    place.say(f"guest: mmdebstrap of {len(wanted)} packages and what they need (a minute or more)")
    scratch = target.with_suffix(".new")
    pins = target.with_suffix(".preferences")
    pins.write_text(preferences)
    argv = [place.tool("mmdebstrap"), "--mode=root", "--variant=minbase", "--format=tar",
            f"--setup-hook=cp {pins} \"$1\"/etc/apt/preferences.d/pins",
            "--customize-hook=rm \"$1\"/etc/apt/preferences.d/pins",
            f"--include={','.join(wanted)}", "bookworm", scratch, "-"]
    with open(target.with_suffix(".log"), "w") as log:
        done = subprocess.run([str(word) for word in argv], stdout=log, stderr=log, text=True,
                              input="\n".join(suites.debian_sources()) + "\n")
    pins.unlink()
    if done.returncode != 0:
        tail = target.with_suffix(".log").read_text()[-2000:]
        raise place.HarnessError(f"mmdebstrap failed with {done.returncode}:\n{tail}")
    scratch.rename(target)
    return target


def unpack(archive, folder):
    need_root()
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    place.run([place.tool("tar"), "-C", folder, "--numeric-owner", "--xattrs",
               "--xattrs-include=*", "-xf", archive])


def prepare(folder, kernel):
    """What makes a test machine of a bare system."""
    install(programs.agent(), folder / AGENT)
    units = folder / "etc/systemd/system"
    (units / "warrant-test-agent.service").write_text(UNIT)
    wants = units / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    link = wants / "warrant-test-agent.service"
    link.symlink_to("../warrant-test-agent.service")
    (folder / "etc/hostname").write_text("guest\n")
    (folder / "etc/fstab").write_text("/dev/vda / ext4 defaults 0 0\n")
    (folder / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    add_user(folder)
    target = folder / "usr/lib/modules" / kernel.version
    shutil.copytree(kernel.modules, target, symlinks=True, dirs_exist_ok=True)
    place.run([place.tool("depmod"), "-b", folder, kernel.version])


def add_user(folder):
    """uid 1000, and a root that logs in on the console without a password."""
    with open(folder / "etc/passwd", "a") as passwd:
        passwd.write("agent:x:1000:1000::/home/agent:/bin/bash\n")
    with open(folder / "etc/group", "a") as group:
        group.write("agent:x:1000:\n")
    shadow = folder / "etc/shadow"
    shadow.write_text(re.sub(r"^root:[^:]*:", "root::", shadow.read_text(), flags=re.MULTILINE))
    home = folder / "home/agent"
    home.mkdir(parents=True, exist_ok=True)
    shutil.chown(home, 1000, 1000)


def install(source, target, mode=0o755):
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(mode)


def make_image(folder, target, size):
    """An ext4 image of a folder, owners and attributes as they are; sparse."""
    scratch = target.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    place.run([place.tool("mke2fs"), "-q", "-F", "-t", "ext4", "-b", "4096", "-O", "verity",
               "-m", "0", "-d", folder, scratch, size])
    scratch.rename(target)


def read_file(disk, path):
    """The bytes of a file on an ext4 image."""
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "file"
        place.run([place.tool("debugfs"), "-R", f"dump {path} {target}", disk])
        if not target.exists():
            raise place.HarnessError(f"{disk}: no {path} on it")
        return target.read_bytes()


def boot_tree(kernel, plan_text, files, before=None):
    """The initramfs that starts a Debian guest: finds the disk, puts the run's own files into its
    root, takes the steps of the plan `before`, and hands over to systemd, whose agent then finds its
    plan in /run/agent."""
    tree = image.base_tree(kernel)
    steps = plan.Plan()
    steps.step("mount", "/dev/vda", NEW_ROOT, type="ext4")
    tree.file("guest/plan", plan_text.encode())
    steps.step("copy", "/guest/plan", "/run/agent/plan", mode="0600")
    for number, (source, target) in enumerate(files):
        source = pathlib.Path(source)
        image.add_path(tree, source, f"guest/{number}")
        steps.step("copy", f"/guest/{number}", f"{NEW_ROOT}{target}",
                   mode=f"0{source.stat().st_mode & 0o7777:o}")
    steps.lines += before.lines if before else []
    steps.step("switch-root", NEW_ROOT, "/sbin/init")
    tree.file("plan", steps.text().encode())
    return tree
