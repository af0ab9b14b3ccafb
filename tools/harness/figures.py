# SPDX-License-Identifier: Apache-2.0
"""What a run measured: execs by the state that the daemon was in, and what actions print for people."""
import json

from . import scenario

# The state of the daemon from the end of a step on, by what the step is called.
_STATES = {"enforced: daemon stop": "stopped", "enforced: daemon continue": "running",
           "enforced: daemon kill": "dead", "enforced: daemon terminate": "dead",
           "start warrantd": "starting", "warrantd is ready": "running"}


def daemon_states(steps, events):
    """[(from when in boot time, state)], in order. `steps`: {number: what it is}."""
    return [(event["boot"], _STATES[steps.get(event["number"])]) for event in events
            if event["event"] == "step" and steps.get(event["number"]) in _STATES]


def _state_at(states, moment):
    before = [state for start, state in states if start <= moment]
    return before[-1] if before else "not started"


class Storm:
    """The execs of an action that does many, as they were recorded."""

    def __init__(self, action, uid, result, records, states):
        self.name = action.name(uid)
        times = sorted(decision.now for decision in records.during(result["start"], result["end"])
                       if decision.path == action.expect.path)
        during = [state for start, state in states if result["start"] <= start <= result["end"]]
        self.by_state = {state: 0 for state in ["running", *during]}
        for time in times:
            state = _state_at(states, time)
            self.by_state[state] = self.by_state.get(state, 0) + 1
        self._count = len(times)
        self._pause = max((after - before for before, after in zip(times, times[1:])), default=0)

    def line(self):
        by_state = ", ".join(f"{count} while {state}" for state, count in self.by_state.items())
        return (f"{self.name}: {self._count} recorded: {by_state}; longest pause between two "
                f"{self._pause / 1e6:.1f} ms")

    def problem(self):
        silent = [state for state, count in self.by_state.items() if not count]
        return f"no exec while the daemon was {', '.join(silent)}" if silent else ""


class Figures:
    """Of one run."""

    def __init__(self, subject, events, records, steps):
        self._actions = [(action, uid) for action in subject.sequence
                         if isinstance(action, scenario.Action) for uid in action.uids]
        self._results = {event["id"]: event for event in events
                         if event["event"] == "result" and event["phase"] == "enforced"}
        states = daemon_states(steps, events)
        self.storms = [Storm(action, uid, self._results[action.name(uid)], records, states)
                       for action, uid in self._actions
                       if action.expect.tally and action.name(uid) in self._results]

    def lines(self):
        return self._shown() + [storm.line() for storm in self.storms]

    def _shown(self):
        """What actions printed under enforcement, for those that are to be shown."""
        return [f"{action.name(uid)}: {line}" for action, uid in self._actions
                if action.show and action.name(uid) in self._results
                for line in self._results[action.name(uid)]["stdout"].splitlines()]

    def counter(self, name):
        """A counter of the kernel programs, from the last `warrant status --json` of the run."""
        told = [self._results[action.name(uid)]["stdout"] for action, uid in self._actions
                if action.run == ("/usr/bin/warrant", "status", "--json")
                and action.name(uid) in self._results]
        return int(json.loads(told[-1])["kernel"]["counters"][name]) if told else None
