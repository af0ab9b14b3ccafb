# SPDX-License-Identifier: Apache-2.0
"""The files of a scenario: what they contain, and where in the guest they are put."""
import dataclasses
import hashlib
import pathlib

from . import image, kernels, place, programs, verity

FILLER = b"WARRANT-FILLER:"
FILLER_ROOM = 16
STAGE = "/stage"
MODULE = "module:"            # before the name of one of the kernel's own


def sources():
    """What `from` may name besides another file of the scenario: {name: path on this machine}."""
    return {"payload": programs.payload, "payload-dyn": programs.payload_dynamic,
            "payload.so": programs.payload_library, "payload-pie": programs.payload_anywhere,
            "payload-long": programs.payload_long,
            "payload-interp": programs.payload_interpreted,
            "payload-codeless": programs.payload_codeless, "payload-rwx": programs.payload_writable,
            "payload-stack": programs.payload_stack, "payload-bss": programs.payload_bss,
            "payload-stack.so": programs.payload_stack_library,
            "payload-32": programs.payload_32, "payload-x32": programs.payload_x32,
            "payload-uselib": programs.payload_uselib, "probe": programs.probe,
            "probe-dyn": programs.probe_dynamic, "busybox": image.busybox}


@dataclasses.dataclass(frozen=True)
class Staged:
    """One file, ready to be put into a guest."""
    label: str
    at: str
    data: bytes = b""
    link: str | None = None
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    early: bool = True            # put there before each phase; else only by a `place` step
    origin: pathlib.Path | None = None   # a file of this machine: comes with the libraries it needs

    @property
    def sha256(self):
        return hashlib.sha256(self.data).hexdigest()

    @property
    def verity(self):
        return verity.digest(self.data)

    @property
    def stage_path(self):
        return f"{STAGE}/{self.label}"

    def place(self, plan, **options):
        """Adds the step that puts the file where it belongs."""
        if self.link is not None:
            return plan.step("symlink", self.link, self.at, **options)
        return plan.step("copy", self.stage_path, self.at, mode=f"0{self.mode:o}", uid=self.uid,
                         gid=self.gid, **options)


def refill(data, text, label):
    """The same program with another filler: other content, same behaviour."""
    start = data.find(FILLER)
    if start < 0:
        raise place.HarnessError(f"file {label}: no filler to change; only payloads have one")
    start += len(FILLER)
    return data[:start] + text[:FILLER_ROOM].ljust(FILLER_ROOM, b"0") + data[start + FILLER_ROOM:]


def _flip(data, label):
    """One bit of one filler byte is another."""
    start = data.find(FILLER)
    if start < 0:
        raise place.HarnessError(f"file {label}: no filler to flip a bit in; only payloads have one")
    changed = bytearray(data)
    changed[start + len(FILLER) + FILLER_ROOM - 1] ^= 1
    return bytes(changed)


def _module(name, kernel, label):
    """A module of the guest's own kernel, unpacked."""
    found = kernel.module_files([name]) if kernel else []
    if not found:
        raise place.HarnessError(f"file {label}: no module {name} in the kernel")
    return kernels.read_module(found[-1])


def _content(label, fields, ready, kernel):
    if "text" in fields:
        return fields["text"].encode()
    source = fields.get("from")
    if source in ready:
        data = ready[source].data
    elif str(source).startswith(MODULE):
        data = _module(source.removeprefix(MODULE), kernel, label)
    elif source in sources():
        data = pathlib.Path(sources()[source]()).read_bytes()
    elif source and source.startswith("/"):
        data = _of_this_machine(label, source).read_bytes()
    else:
        raise place.HarnessError(f"file {label}: from {source!r} is no file that comes before it, "
                                 f"and none of {', '.join(sources())}")
    if "variant" in fields:
        data = refill(data, fields["variant"].encode(), label)
    if fields.get("flip"):
        data = _flip(data, label)
    return data + fields.get("append", "").encode()


def _of_this_machine(label, source):
    path = pathlib.Path(source)
    if not path.is_file():
        raise place.HarnessError(f"file {label}: this machine has no {source} (tools/setup)")
    return path


def make(files, kernel=None):
    """All files of a scenario: {label: Staged}, in the order in which they are declared. `kernel`: where modules
    come from."""
    ready = {}
    for label, fields in files.items():
        if "at" not in fields or not fields["at"].startswith("/"):
            raise place.HarnessError(f"file {label}: at is an absolute path in the guest")
        common = {"label": label, "at": fields["at"], "mode": int(fields.get("mode", "0755"), 8),
                  "uid": fields.get("uid", 0), "gid": fields.get("gid", 0),
                  "early": fields.get("stage", "early") == "early"}
        if "link" in fields:
            ready[label] = Staged(link=fields["link"], **common)
        else:
            source = fields.get("from", "")
            ready[label] = Staged(data=_content(label, fields, ready, kernel), **common,
                                  origin=pathlib.Path(source) if source.startswith("/") else None)
    return ready


def add_to(tree, staged):
    """Puts the contents into the initramfs, where the plan's copy steps find them."""
    for file in staged.values():
        if file.link is None:
            tree.file(file.stage_path, file.data, 0o600)
        if file.origin is not None and file.data.startswith(b"\x7fELF"):
            for wanted, library in programs.shared_libraries(file.origin).items():
                tree.file(wanted, library.read_bytes(), 0o755)
