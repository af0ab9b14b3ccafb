# SPDX-License-Identifier: Apache-2.0
"""The ways in which an action is run: always as it stands, and those that its scenario names. Each way is a
pass of its own through the sequence, in the same boot."""
import dataclasses

from .reader import ScenarioError


@dataclasses.dataclass(frozen=True)
class Way:
    name: str                     # as scenarios and tables call it
    baseline: str                 # phase in which it must work
    judged: str                   # phase under enforcement
    told: str                     # what is said of it beside a uid
    wrapper: tuple = ()           # what stands before the action's own argv


PLAIN = Way("plain", "baseline", "enforced", "")
NAMESPACE = Way("namespace", "baseline-namespace", "namespace", ", in namespaces of its own",
                ("/bin/probe", "in-namespace"))
KILLED = Way("killed", "baseline", "killed", ", daemon killed")
ALL = (PLAIN, NAMESPACE, KILLED)
BY_NAME = {way.name: way for way in ALL[1:]}


def parse(names, where):
    """The names of ways besides the plain one, checked."""
    for name in names:
        if name not in BY_NAME:
            raise ScenarioError(f"{where}: no way {name}; there are: {', '.join(BY_NAME)}")
    return tuple(names)


def _may(action):
    """Tallies and endings need a living daemon; a full ring is full only once."""
    return not (action.expect.tally or action.expect.unrecorded or action.expect.verdict == "ended")


def settle(actions, default, where):
    """Gives each action its ways: its own, or the scenario's unless it is run without a baseline; a twin goes
    wherever the denial goes that names it. `actions`: {id: action}; returns the same."""
    settled = {}
    for action in actions.values():
        if action.ways and not _may(action):
            raise ScenarioError(f"{where}: {action.id}: what it expects can be seen the plain way only")
        names = action.ways
        if names is None:
            names = default if _may(action) and action.baseline else ()
        settled[action.id] = dataclasses.replace(action, ways=names)
    for action in list(settled.values()):
        twin = settled.get(action.twin)
        if twin and not set(action.ways) <= set(twin.ways):
            if not _may(twin):
                raise ScenarioError(f"{where}: {action.id}: its twin {twin.id} can run the plain way only")
            both = tuple(name for name in BY_NAME if name in action.ways + twin.ways)
            settled[twin.id] = dataclasses.replace(twin, ways=both)
    return settled


def of(action):
    """All ways of an action, in the order in which they are run."""
    return [way for way in ALL if way is PLAIN or way.name in action.ways]


def used_by(scenario_actions):
    """The ways that a scenario needs besides the plain one."""
    return [way for way in ALL[1:] if any(way.name in action.ways for action in scenario_actions)]


def powerless(action, uid, way):
    """The errno with which the kernel refuses the action to this uid in this way, whether or not there is
    enforcement; None where it may do it."""
    if way is NAMESPACE:
        return action.powerless.get("namespace")
    return action.powerless.get(str(uid))
