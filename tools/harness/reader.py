# SPDX-License-Identifier: Apache-2.0
"""Strict reading of data files: every member is known, of its type, and taken once."""
import json

from . import place


class ScenarioError(place.HarnessError):
    """A data file that says something it must not; the text names file and field."""


class Reader:
    """Takes members out of a JSON object; what is left over at the end is an error."""

    def __init__(self, value, where):
        if not isinstance(value, dict):
            raise ScenarioError(f"{where}: an object is expected")
        self._left = dict(value)
        self._where = where

    def take(self, name, kind, default=None):
        if name not in self._left:
            if default is None:
                raise ScenarioError(f"{self._where}: {name} is missing")
            return default
        value = self._left.pop(name)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise ScenarioError(f"{self._where}: {name} is of the wrong type")
        return value

    def maybe(self, name, kind):
        return self.take(name, kind) if name in self._left else None

    def finish(self):
        if self._left:
            raise ScenarioError(f"{self._where}: unknown: {', '.join(sorted(self._left))}")


def of_text(text, where):
    """A reader of the object that a file holds."""
    try:
        return Reader(json.loads(text), where)
    except ValueError as error:
        raise ScenarioError(f"{where}: {error}") from None
