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


def payload():
    return compile_program("payload", [SOURCES / "payload/payload.c"],
                           ["-static", "-nostdlib", "-nostartfiles", "-fno-stack-protector",
                            "-Wl,--build-id=none"])


def payload_dynamic():
    return compile_program("payload-dyn", [SOURCES / "payload/payload_dyn.c"], [])


def payload_library():
    return compile_program("payload.so", [SOURCES / "payload/payload_lib.c"], ["-shared", "-fPIC"])


def shared_libraries(program):
    """What the dynamic loader of this machine would map for a program: {path in guest: host file}.
    Empty for a static program."""
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
