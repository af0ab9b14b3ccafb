# SPDX-License-Identifier: Apache-2.0
"""Rows of exec_cost as a table of ratios."""


def values_of(rows, what="median"):
    """{work: {subject: its median, or another figure of its row}}, in the order in which they were measured."""
    found = {}
    for row in rows:
        if "work" in row:
            found.setdefault(row["work"], {})[row["subject"]] = row[what]
    return found


def added(values, subject, base="none"):
    return values[subject] - values[base]


def print_table(rows, subjects, unit):
    """Each work's cost with nothing attached, and what the others cost as a ratio to it."""
    width = max(len(subject) for subject in subjects) + 2
    print(f"{'median, ' + unit:32}{'none':>14}" + "".join(f"{name:>{width}}" for name in subjects if name != "none"))
    busy = dict.fromkeys(row["work"] for row in rows if row.get("clock") == "busy")
    for work, values in values_of(rows).items():
        print(f"{work:32}{values['none']:14,}" + "".join(
            f"{values[name] / values['none']:{width}.4f}" if name in values else f"{'-':>{width}}"
            for name in subjects if name != "none"))
    if busy:
        print(f"{' and '.join(busy)}: what tasks ran, without waiting")


def bars(rows):
    """[(what, figure, bar, met)] of what was measured of the bars that are about costs."""
    values, dearest = values_of(rows), values_of(rows, "p99")
    found = []

    def at_most(what, work, subject, base, bar, of=values):
        if work in of and {subject, base} <= of[work].keys():
            figure = of[work][subject] / of[work][base]
            found.append((what, figure, f"at most {bar}", figure <= bar))

    at_most("warm exec, static, enforce / none", "vfork+exec+wait static", "enforce", "none", 1.007)
    at_most("warm exec, dynamic, enforce / none", "vfork+exec+wait dynamic", "enforce", "none", 1.015)
    at_most("open+read+close, enforce / empty", "open+read+close", "enforce", "empty", 1.01)
    at_most("the same where some interpreter's reads are judged", "open+read+close", "everything", "empty", 1.01)
    at_most("open+read+close, p99, enforce / empty", "open+read+close", "enforce", "empty", 1.05, dearest)
    at_most("p99, the same where some interpreter's reads are judged", "open+read+close", "everything", "empty", 1.05, dearest)
    at_most("everything on: warm exec, static, to none", "vfork+exec+wait static", "everything", "none", 1.01)
    at_most("everything on: warm exec, dynamic, to none", "vfork+exec+wait dynamic", "everything", "none", 1.02)
    at_most("everything on: open+read+close, to none", "open+read+close", "everything", "none", 1.03)
    static = values.get("vfork+exec+wait static", {})
    if {"fapolicyd", "enforce", "none"} <= static.keys():
        own = added(static, "enforce")
        figure = added(static, "fapolicyd") / own if own > 0 else float("nan")  # then nothing can be told
        found.append(("instructions fapolicyd adds / Warrant adds, static", figure, "at least 30", figure >= 30))
    for size in ("64 KiB", "1 MiB", "16 MiB"):
        first, own = values.get(f"first exec of {size}", {}), values.get(f"kernel's SHA-256 of {size}", {})
        if {"enforce", "none"} <= first.keys() and "none" in own:
            figure = added(first, "enforce") / own["none"]
            found.append((f"first exec of {size}: what it adds / the kernel's SHA-256", figure, "at most 1.1", figure <= 1.1))
    return found


def print_bars(rows):
    for what, figure, bar, met in bars(rows):
        print(f"{what:60}{figure:10.4f}   {bar:14}{'met' if met else 'missed'}")


def print_hooks(rows, unit):
    """What each program costs by itself: with what counting costs, which is the same for all."""
    print(f"{'bpf_stats':32}{'program':24}{'calls':>8}{'each':>10}   ({unit})")
    for row in rows:
        if "hookOf" in row:
            print(f"{row['hookOf']:32}{row['program']:24}{row['calls']:8.2f}{row['each']:10,.0f}")


def print_daemons(rows):
    for row in rows:
        if "daemon" in row:
            print(", ".join(f"{name} {value}" for name, value in row.items()))
