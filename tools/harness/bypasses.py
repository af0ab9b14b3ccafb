# SPDX-License-Identifier: Apache-2.0
"""docs/bypasses.md, made of the catalogue so that it cannot drift from what is tried."""
import collections

from . import catalogue, place, ways

PAGE = place.ROOT / "docs/bypasses.md"
EVERY_CASE = {(way.name, uid) for way in ways.ALL for uid in (0, 1000)}

HEAD = """# Ways around Warrant

Written by `tools/vm bypasses --write` from the scenarios in `tests/vm/scenarios` and from `tests/vm/limits.json`; do not edit
it. What the members of those files mean is in [scenarios](scenarios.md). What is not listed here and works is a vulnerability:
see [SECURITY](../SECURITY.md).

- *closed*: refused, by the hook and with the reason that are named, or what else is named sees to it. Without enforcement it works.
- *partly*: the same, but for what is said.
- *open*: it works. Why, and what an operator can do.
- *untried*: nobody tried it. What reading says.

*Tried by* names scenario and action, or files of tests, and as whom: as root and as uid 1000 (no capabilities); plainly, as root of
a user and a mount namespace of its own, and after SIGKILL of the daemon. *All* means all six; that the kernel by itself refuses
it to one of them was seen then. *Since* is the oldest kernel on which it is tried. Numbers are those of the project's list of techniques;
*+* is beyond that list.
"""


def _cell(text):
    return text.replace("|", "\\|").replace("\n", " ")


def _closed_by(entry):
    told = entry.technique
    if told.by:
        return told.by.rstrip(".")
    hooks = ", ".join(" or ".join(f"`{part}`" for part in hook.split("|"))
                      for hook in entry.hooks()) or "the kernel"
    return f"{hooks}: {', '.join(entry.reasons())}"


def _how(entry):
    told = entry.technique
    text = told.open or told.untried
    if not text:
        since = f"; since {entry.kernels()[0]}" if entry.kernels() else ""
        text = f"{_closed_by(entry)}{since}."
    if told.but:
        text += f" **But:** {told.but}"
    return f"{text} *Operator:* {told.operator}" if told.operator else text


def _who(cases):
    """Those who try it, in few words."""
    if cases >= EVERY_CASE:
        return "all"
    words = []
    for way in ways.ALL:
        uids = sorted(uid for name, uid in cases if name == way.name)
        if uids:
            words.append(" ".join(([] if way is ways.PLAIN else [way.name])
                                  + ["root" if uid == 0 else str(uid) for uid in uids]))
    return "; ".join(words)


def _tried_by(entry):
    if not entry.trials:
        return ", ".join(f"`{test}`" for test in entry.tests) or "nothing"
    by_scenario = collections.defaultdict(list)
    for trial in entry.trials:
        by_scenario[trial.scenario.name].append(trial.action.id)
    named = "; ".join(f"{name}: {', '.join(ids)}" for name, ids in by_scenario.items())
    return f"{named} ({_who(entry.cases())})"


def _row(entry):
    told = entry.technique
    numbers = ", ".join(str(row) if isinstance(row, int) else "+" for row in told.rows)
    cells = (numbers, f"`{told.id}`", told.what.rstrip("."), told.state, _how(entry), _tried_by(entry))
    return "| " + " | ".join(map(_cell, cells)) + " |"


def counts(entries):
    """{what: how many}, in the order in which they are told."""
    states = collections.Counter(entry.technique.state for entry in entries)
    tried = [entry for entry in entries if entry.trials]
    return {"techniques": len(entries), "closed": states["closed"], "partly": states["partly"],
            "open": states["open"], "untried": states["untried"], "tried in guests": len(tried),
            "of these in all ways as root and as uid 1000": sum(entry.cases() >= EVERY_CASE for entry in tried)}


def count_line(entries):
    return ", ".join(f"{number} {what}" for what, number in counts(entries).items())


def render(entries):
    lines = [HEAD, f"{count_line(entries)}.".capitalize()]
    for letter, (title, _) in catalogue.SECTIONS.items():
        own = [entry for entry in entries if entry.section() == letter]
        lines += ["", f"## {letter}. {title}", "", "| # | technique | what is tried | state | how, or why not | tried by |",
                  "| --- | --- | --- | --- | --- | --- |", *map(_row, own)]
    return "\n".join(lines) + "\n"


def options(parser):
    one = parser.add_mutually_exclusive_group(required=True)
    one.add_argument("--write", action="store_true", help="write docs/bypasses.md")
    one.add_argument("--check", action="store_true", help="fail if it is not what would be written")


def command(options):
    entries = catalogue.load()
    missing = catalogue.missing_rows(entries)
    if missing:
        raise place.HarnessError("neither scenario nor limit for the catalogue's rows "
                                 + ", ".join(map(str, missing)))
    page = render(entries)
    if options.write:
        PAGE.write_text(page)
    elif not PAGE.exists() or PAGE.read_text() != page:
        raise place.HarnessError("docs/bypasses.md is not what the scenarios say: tools/vm bypasses --write")
    print(count_line(entries))
    return 0
