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
    untried: str = ""             # why it should come to nothing, though nobody tried it
    operator: str = ""            # what the operator can do about it

    @property
    def state(self):
        for name, state in (("open", "open"), ("untried", "untried"), ("but", "partly")):
            if getattr(self, name):
                return state
        return "closed"


def _rows(value, where):
    rows = tuple(value) if isinstance(value, list) else (value,)
    for row in rows:
        known = (isinstance(row, int) and not isinstance(row, bool)) or (isinstance(row, str)
                                                                       and row in SECTIONS and row)
        if not known:
            raise ScenarioError(f"{where}: row is a number of the catalogue or a letter of {SECTIONS}")
    return rows


def parse(value, verdict, where):
    """The technique of an action with that verdict, or of a limit (verdict "limit")."""
    if isinstance(value, str):
        return Technique(_checked_id(value, where))
    reader = Reader(value, where)
    texts = {name: reader.take(name, str, "") for name in ("by", "but", "open", "untried", "operator")}
    told = Technique(id=_checked_id(reader.take("id", str), where),
                     rows=_rows(reader.take("row", (int, str, list)), where),
                     what=reader.take("what", str), **texts)
    reader.finish()
    problem = _problem(told, verdict)
    if problem:
        raise ScenarioError(f"{where}: {problem}")
    return told


def _problem(told, verdict):
    said = [name for name in ("by", "open", "untried") if getattr(told, name)]
    if verdict == "deny" and said:
        return f"a denial closes it: no {said[0]}"
    if verdict != "deny" and len(said) != 1:
        return "without a denial, say what it is closed by, or why it is open"
    if told.untried and verdict != "limit":
        return "an action tries it, so that it is not untried"
    if told.open and not told.operator:
        return "what is open says what the operator can do"
    if told.but and (told.open or told.untried):
        return "but belongs to what is closed"
    return ""


def _checked_id(text, where):
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise ScenarioError(f"{where}: an id is made of small letters, digits and single hyphens")
    return text
