# SPDX-License-Identifier: Apache-2.0
"""The plan that the guest's agent carries out: tests/vm/agent/plan.h describes its lines."""
import urllib.parse


def _word(value):
    # An empty word must not vanish between two blanks; the agent reads %00 as an empty string.
    return urllib.parse.quote_from_bytes(str(value).encode(), safe="/.,:=_@+") or "%00"


class Plan:
    """Steps in order."""

    def __init__(self):
        self.lines = []

    def step(self, verb, *arguments, **options):
        """Adds a step; returns its number, as the guest reports it. Options that are None are left
        out; a list gives the option once for each of its values."""
        words = [_word(verb)]
        for name, value in options.items():
            for single in value if isinstance(value, list) else [value]:
                if single is not None:
                    words.append(_word(f"{name}={single}"))
        if arguments:
            words.append("--")
            words += [_word(argument) for argument in arguments]
        self.lines.append(" ".join(words))
        return len(self.lines)

    def text(self):
        return "\n".join(self.lines) + "\n"
