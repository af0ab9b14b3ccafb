# SPDX-License-Identifier: Apache-2.0
"""The result table of a run: what came of each technique, by way and uid, on each kernel."""
import json

from . import ways, workbench

# From best to worst: of several actions that try a technique, the worst counts.
WORDS = ("-", "works", "kernel", "closed", "open", "FAILED")
LEGEND = ("closed: denied as expected, or by what the page of techniques names; kernel: refused by the kernel, whatever "
          "enforces; open: works, as is documented; FAILED: not what is expected; -: not tried")
WAY_WORDS = {"plain": "", "namespace": "in ns ", "killed": "killed "}


def outcome(check, action):
    """The word for one action in one way as one user."""
    if check.problem:
        return "FAILED"
    if check.kind in ("powerless", "baseline"):
        return {"powerless": "kernel", "baseline": "works"}[check.kind]
    return "open" if action.technique.open else "closed"


def worst(words):
    return max(words, key=WORDS.index, default="-")


def gather(runs):
    """{technique: {kernel: {column: word}}}; columns are (way, uid)."""
    table = {}
    for finished in runs:
        actions = {action.id: action for action in finished.scenario.actions() if action.technique}
        for check in finished.checks:
            action = actions.get(check.action)
            if action is None:
                continue
            cells = table.setdefault(action.technique.id, {}).setdefault(finished.kernel, {})
            column = (check.way, check.uid)
            cells[column] = worst([cells.get(column, "-"), outcome(check, action)])
    return table


def _columns(table):
    order = [way.name for way in ways.ALL]
    found = {column for kernels in table.values() for cells in kernels.values() for column in cells}
    return sorted(found, key=lambda column: (order.index(column[0]), column[1]))


def _title(column):
    way, uid = column
    return WAY_WORDS[way] + ("root" if uid == 0 else str(uid))


def _cell(kernels, column):
    """One word if all kernels agree, else a word for each."""
    words = {kernel: cells.get(column, "-") for kernel, cells in kernels.items()}
    if len(set(words.values())) == 1:
        return next(iter(words.values()))
    return " ".join(f"{kernel}:{word}" for kernel, word in words.items())


def _padded(rows):
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def render(table):
    """Lines for people."""
    columns = _columns(table)
    rows = [["technique", *map(_title, columns)]]
    rows += [[name, *(_cell(table[name], column) for column in columns)] for name in sorted(table)]
    words = [cells[column] for kernels in table.values() for cells in kernels.values() for column in cells]
    counted = ", ".join(f"{words.count(word)} {word}" for word in WORDS[1:] if word in words)
    kernels = ", ".join(sorted({kernel for one in table.values() for kernel in one}))
    return [*_padded(rows), LEGEND, f"{len(table)} techniques on {kernels}: {counted}"]


def as_json(table):
    return [{"technique": name, "kernel": kernel, "way": way, "uid": uid, "outcome": word}
            for name, kernels in sorted(table.items()) for kernel, cells in kernels.items()
            for (way, uid), word in sorted(cells.items())]


def keep(runs):
    """Writes the table into a folder of its own. Returns its lines for people, the folder the last of them; none
    if no technique was tried."""
    table = gather(runs)
    if not table:
        return []
    folder = workbench.run_folder("techniques")
    lines = render(table)
    (folder / "techniques.txt").write_text("\n".join(lines) + "\n")
    (folder / "techniques.json").write_text(json.dumps(as_json(table), indent=1) + "\n")
    return [*lines, f"kept in {folder}"]
