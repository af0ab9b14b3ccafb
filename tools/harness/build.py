# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test build: this very project is configured and built by cmake, ninja, g++, clang and
bpftool in the guest, under enforcement; then what was built runs, for its developer only."""
import copy
import io
import tarfile

from . import developer, guest, part, place

# What is built: programs in C, the BPF object and its skeleton, a library in C++ and a test of it. All
# of the project would take the emulated guest hours.
TARGETS = ("enforcement_bpf_files", "warrant_artifacts", "json_property_test")
PROGRAM = f"{developer.HOME}/build/tests/property/json_property_test"
# One of its cases: all of them take a program that was not optimized ten minutes in an emulated guest.
CASE, PASSED = "every string of two bytes between quotes is judged alike", "1 passed"
# Not debuggable, not optimized: what this asks is whether compilers run, not what they make.
CONFIGURE = ("cmake -G Ninja -S src -B build -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O0 "
             "-DCMAKE_CXX_FLAGS_DEBUG=-O0")
MEMORY = 3072                          # MiB; two compilers at once
LEFT_OUT = {"build", "__pycache__"}


def sources():
    """The project's sources as a tar: what is not hidden and not built."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as packed:
        for path in sorted(place.ROOT.iterdir()):
            if not path.name.startswith(".") and path.name not in LEFT_OUT:
                packed.add(path, path.name, filter=lambda one: None if LEFT_OUT & {*one.name.split("/")} else one)
    return target.getvalue()


class BuildPart(part.Part):
    """Configuration, compilation, and the program before and after its developer signed it."""

    name = "build"
    variant = guest.WORK
    limit = 3400

    def __init__(self, options):
        options = copy.copy(options)
        options.memory = max(options.memory, MEMORY)
        super().__init__(options)

    def plan(self):
        self._developer = developer.Developer(self)
        self.session.file(f"{developer.HOME}/src.tar", sources(), 0o644)
        self._developer.prepare()
        self._developer.ask("the sources are unpacked", "mkdir src && tar -C src --no-same-owner -xf src.tar",
                            part.said(""))
        self._developer.ask("cmake configures", CONFIGURE, part.told("Build files have been written to"),
                            seconds=600)
        self._developer.ask(f"ninja builds {', '.join(TARGETS)}", f"ninja -C build {' '.join(TARGETS)}",
                            part.fine, seconds=2500)
        self._developer.ask("the skeleton of the BPF object was generated",
                            "grep -c 'enforcement__open' build/bpf/enforcement.skel.h > /dev/null", part.said(""))
        self._refused("before it is signed: the program that was built is refused", "missing authorization",
                      developer.UID, developer.SLICE)
        self._developer.try_to_sign_for_all("for-all", PROGRAM)
        self._developer.sign("built", PROGRAM)
        self._developer.run_program("the program that was built runs", part.told(PASSED), PROGRAM, CASE,
                                    seconds=300)
        for name, uid, cgroup in (("another uid", 1001, developer.SLICE), ("root", 0, developer.SLICE),
                                  ("the same uid outside of the cgroup", developer.UID, "/elsewhere.slice")):
            self._refused(f"{name} may not run it", "initiator identity mismatch", uid, cgroup)
        self._developer.ask("ninja finds nothing left to build", f"ninja -C build {' '.join(TARGETS)}",
                            part.told("no work to do"), seconds=120)

    def _refused(self, step, reason, uid, cgroup):
        self.refuse(step, PROGRAM, reason=reason, uid=uid, cgroup=cgroup)

    def judge_end(self, records):
        execs = sum(1 for record in records.all if record["type"] == "commit")
        place.say(f"build: {execs} execs recorded")
        least = 3 * 30                 # of each of some thirty sources: driver, compiler, assembler
        self.add(f"at least {least} execs were recorded", "" if execs >= least else f"{execs}")
