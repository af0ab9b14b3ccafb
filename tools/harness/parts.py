# SPDX-License-Identifier: Apache-2.0
"""tools/vm guest test: which parts there are, and one after another."""
from . import apt, build, container, machine, peers, place, programs, system, units, venv

PARTS = {part.name: part for part in (system.SystemPart, units.UnitsPart, apt.AptPart, container.ContainerPart,
                                    peers.PeersPart, build.BuildPart, venv.VenvPart)}
QUICK = ("system", "units")


def command(options):
    names = options.parts or QUICK
    for name in names:
        if name not in PARTS:
            raise place.HarnessError(f"no part {name}; there are: {', '.join(PARTS)}")
    programs.agent()
    checks = []
    for name in names:
        place.say(f"# {name}: booting")
        seen, notes = machine.again_if_stuck(lambda part=PARTS[name]: part(options).run())
        checks += seen
        for note in notes:
            print(f"# {note}")
    failed = sum(1 for check in checks if check.problem)
    print(f"{len(checks) - failed} passed, {failed} failed", flush=True)
    return 1 if failed else 0
