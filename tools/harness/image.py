# SPDX-License-Identifier: Apache-2.0
"""The small guest: busybox, the agent, modules, and whatever a run adds."""
import pathlib
import stat

from . import cpio, kernels, place, programs

# Loaded at boot where they are not built in: the disks, and what scenarios mount or run.
MODULES = ["virtio_pci", "virtio_blk", "loop", "overlay", "binfmt_misc", "fuse"]

PASSWD = """root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/false
agent:x:1000:1000:agent:/home/agent:/bin/sh
"""
MACHINE_ID = "0123456789abcdef0123456789abcdef\n"
GROUP = """root:x:0:
nogroup:x:65534:
agent:x:1000:
"""
FOLDERS = ["dev", "proc", "sys", "run", "data", "var/lib", "root", "usr/bin", "usr/sbin", "etc"]


def busybox():
    """The static busybox of this machine."""
    path = pathlib.Path(place.tool("busybox"))
    if programs.shared_libraries(path):
        raise place.HarnessError(f"{path} is not static: install busybox-static (tools/setup)")
    return path


def base_tree(kernel):
    """What every small guest has."""
    tree = cpio.Tree()
    for folder in FOLDERS:
        tree.folder(folder)
    tree.folder("tmp", 0o1777)
    tree.folder("home/agent", 0o755, 1000, 1000)
    tree.character_device("dev/console", 5, 1)
    tree.file("etc/passwd", PASSWD.encode())
    tree.file("etc/group", GROUP.encode())
    tree.file("etc/machine-id", MACHINE_ID.encode())
    tree.file("init", programs.agent().read_bytes(), 0o755)
    add_busybox(tree)
    add_modules(tree, kernel)
    return tree


def add_busybox(tree):
    program = busybox()
    tree.file("bin/busybox", program.read_bytes(), 0o755)
    for applet in place.run([program, "--list"]).split():
        if applet != "busybox":
            tree.link(f"bin/{applet}", "busybox")


def add_modules(tree, kernel):
    lines = []
    for path in kernel.module_files(MODULES):
        name = path.name.split(".ko")[0] + ".ko"
        tree.file(f"lib/modules/{name}", kernels.read_module(path))
        lines.append(f"/lib/modules/{name}\n")
    tree.file("lib/modules.list", "".join(lines).encode())


def add_program(tree, source, target):
    """A program of this machine and the libraries that it needs, under the paths that its loader
    looks for them."""
    add_path(tree, source, target)
    for wanted, library in programs.shared_libraries(source).items():
        tree.file(wanted, library.read_bytes(), 0o755)


def add_path(tree, source, target):
    """A file, or a folder with all that is in it, owned by root."""
    source = pathlib.Path(source)
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            if not path.is_dir():
                add_path(tree, path, f"{target}/{path.relative_to(source)}")
    elif source.is_file():
        tree.file(target, source.read_bytes(), stat.S_IMODE(source.stat().st_mode))
    else:
        raise place.HarnessError(f"{source}: no such file to copy into the guest")


def scratch_disk():
    """An empty ext4 of 64 MiB that can hold fs-verity files; guests write to a snapshot of it."""
    target = place.cache_dir("images") / "scratch-v1.ext4"
    if not target.exists():
        scratch = target.with_suffix(".new")
        scratch.write_bytes(b"")
        place.run([place.tool("mke2fs"), "-q", "-F", "-t", "ext4", "-b", "4096", "-O", "verity",
                   "-m", "0", "-E", "root_owner=0:0", scratch, "64M"])
        scratch.rename(target)
    return target
