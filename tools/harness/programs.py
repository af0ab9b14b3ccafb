# SPDX-License-Identifier: Apache-2.0
"""The guest's own programs, compiled from tests/vm once per content, and what a program needs to run."""
import os
import pathlib
import re

from . import place

SOURCES = place.ROOT / "tests/vm"
WARNINGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]


def compile_program(name, sources, flags):
    """A program from C sources; the result is cached by what went into it."""
    sources = sorted(sources)
    headers = sorted({header for source in sources for header in source.parent.glob("*.h")})
    key = place.digest_of(" ".join(WARNINGS + flags), *sources, *headers)
    target = place.cache_dir("programs", key) / name
    if not target.exists():
        place.say(f"compiling {name}")
        scratch = target.with_suffix(f".{os.getpid()}")
        place.run([place.tool("gcc"), *WARNINGS, "-o", scratch, *sources, *flags])
        scratch.rename(target)
    return target


def agent():
    return compile_program("agent", (SOURCES / "agent").glob("*.c"), ["-static"])


def probe():
    return compile_program("probe", (SOURCES / "probe").glob("*.c"), ["-static", "-pthread"])


def probe_dynamic():
    return compile_program("probe-dyn", (SOURCES / "probe").glob("*.c"),
                           ["-DPROBE_DYNAMIC", "-pthread"])


FREESTANDING = ["-static", "-nostdlib", "-nostartfiles", "-fno-stack-protector", "-Wl,--build-id=none"]


def payload(says=None):
    """The smallest program; `says`: another word than RAN."""
    return compile_program("payload", [SOURCES / "payload/payload.c"], FREESTANDING + _words(says))


def payload_dynamic(says=None):
    return compile_program("payload-dyn", [SOURCES / "payload/payload_dyn.c"], _words(says))


def payload_library(says=None):
    return compile_program("payload.so", [SOURCES / "payload/payload_lib.c"],
                           ["-shared", "-fPIC", *_words(says)])


def _words(says):
    return [f'-DPAYLOAD_SAYS="{says}"'] if says else []


def payload_interpreted():
    """Dynamic, but its loader is /data/interp, whatever lies there."""
    return compile_program("payload-interp", [SOURCES / "payload/payload_dyn.c"],
                           ["-Wl,--dynamic-linker=/data/interp"])


def payload_codeless():
    """No code of its own, and the same loader."""
    return compile_program("payload-codeless", [SOURCES / "payload/payload_codeless.c"],
                           ["-shared", "-fPIC", "-nostdlib", "-Wl,--build-id=none"])


def payload_anywhere():
    """Can be a loader: it runs wherever it is put."""
    return compile_program("payload-pie", [SOURCES / "payload/payload.c"],
                           ["-static-pie", "-fPIE", *FREESTANDING[1:]])


def payload_long():
    """As long as a place to swap to must be: its segments lie far from each other."""
    return compile_program("payload-long", [SOURCES / "payload/payload.c"],
                           [*FREESTANDING, "-Wl,-z,common-page-size=65536,-z,max-page-size=65536"])


def payload_stack():
    """Its header asks for an executable stack."""
    return compile_program("payload-stack", [SOURCES / "payload/payload_stack.c"],
                           [*FREESTANDING, "-z", "execstack"])


def payload_bss():
    """Its header asks for a writable and executable segment without content."""
    return compile_program("payload-bss", [SOURCES / "payload/payload_stack.c"],
                           [*FREESTANDING, "-DWARRANT_BSS"])


def payload_writable():
    """Its only segment is writable and executable."""
    return compile_program("payload-rwx", [SOURCES / "payload/payload.c"],
                           [*FREESTANDING, "-Wl,--omagic"])


def payload_32():
    """For the other system call table of the processor."""
    return compile_program("payload-32", [SOURCES / "payload/payload_32.c"],
                           ["-m32", "-fno-pic", "-no-pie", *FREESTANDING])


def payload_x32():
    """Its header says 32 bits, its code has 64: what a kernel may be built to take."""
    return compile_program("payload-x32", [SOURCES / "payload/payload_32.c"],
                           ["-mx32", "-fno-pic", "-no-pie", *FREESTANDING])


def payload_stack_library():
    """A library that asks for an executable stack."""
    return compile_program("payload-stack.so", [SOURCES / "payload/payload_lib.c"],
                           ["-shared", "-fPIC", "-z", "execstack"])


def payload_uselib():
    """What uselib(2) can load: one segment, at a fixed address."""
    return compile_program("payload-uselib", [SOURCES / "payload/payload_uselib.c"],
                           [*FREESTANDING, "-fcf-protection=none", "-fno-asynchronous-unwind-tables",
                            "-Wl,-z,noseparate-code", "-Wl,-Ttext-segment=0x30000000"])


# Loaded by name when a TPM is opened: nothing that a program is linked to tells of them.
TPM_ACCESS = ("libtss2-esys.so.0", "libtss2-tcti-device.so.0")


def shared_libraries(program):
    """What the dynamic loader of this machine would map for a program, and what it will load by itself: {path in
    guest: host file}. Empty for a static program."""
    found = _linked_libraries(program)
    if any(path.endswith(TPM_ACCESS[0]) for path in found):
        folder = next(pathlib.Path(path).parent for path in found if path.endswith(TPM_ACCESS[0]))
        device = folder / TPM_ACCESS[1]
        found[str(device)] = device.resolve()
        found.update(_linked_libraries(device.resolve()))
    return found


def _linked_libraries(program):
    told = place.run(["sh", "-c", 'ldd "$0" 2>&1 || true', program])
    found = {}
    for line in told.splitlines():
        match = re.match(r"\s*(?:\S+ => )?(/\S+) \(0x", line)
        if match:
            path = pathlib.Path(match.group(1))
            found[str(path)] = path.resolve()
    if "not found" in told:
        raise place.HarnessError(f"{program}: a library is missing:\n{told}")
    return found
