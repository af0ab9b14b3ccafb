# SPDX-License-Identifier: Apache-2.0
"""Ways around enforcement that actions try. What is known of one is said once, where it is tried; docs/bypasses.md
is made of that."""
import dataclasses
import re

from .reader import Reader, ScenarioError

SECTIONS = "ABCDEFGH"


@dataclasses.dataclass(frozen=True)
class Technique:
    """`rows` is empty where an action only names a technique that another one describes."""
    id: str
    rows: tuple = ()              # numbers in the catalogue; a section's letter: beyond the catalogue
    what: str = ""                # is tried
    by: str = ""                  # what closes it, where that is no denial of the kernel
    but: str = ""                 # what of it stays open
    open: str = ""                # why nothing closes it
    operator: str = ""            # what the operator can do about it

    @property
    def state(self):
        return "open" if self.open else "partly" if self.but else "closed"


def _rows(value, where):
    rows = tuple(value) if isinstance(value, list) else (value,)
    for row in rows:
        known = (isinstance(row, int) and not isinstance(row, bool)) or (isinstance(row, str)
                                                                       and row in SECTIONS and row)
        if not known:
            raise ScenarioError(f"{where}: row is a number of the catalogue or a letter of {SECTIONS}")
    return rows


def parse(value, verdict, where):
    """The technique of an action with that verdict."""
    if isinstance(value, str):
        return Technique(_checked_id(value, where))
    reader = Reader(value, where)
    told = Technique(
        id=_checked_id(reader.take("id", str), where), rows=_rows(reader.take("row", (int, str, list)), where),
        what=reader.take("what", str), by=reader.take("by", str, ""), but=reader.take("but", str, ""),
        open=reader.take("open", str, ""), operator=reader.take("operator", str, ""))
    reader.finish()
    if verdict == "deny" and (told.by or told.open):
        raise ScenarioError(f"{where}: a denial closes it: neither by nor open")
    if verdict != "deny" and bool(told.by) == bool(told.open):
        raise ScenarioError(f"{where}: without a denial, say what it is closed by, or why it is open")
    if told.open and (told.but or not told.operator):
        raise ScenarioError(f"{where}: what is open says what the operator can do, and has no but")
    return told


def _checked_id(text, where):
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ScenarioError(f"{where}: an id is made of small letters, digits and single hyphens")
    return text
