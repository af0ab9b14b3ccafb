#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What clang-tidy is to read, each followed by a zero byte: the product's translation units in build/tidy. Those of
libraries hold eight files each, since most of the time goes into headers. An error if a source is in none of them."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("artifacts", "lineage", "daemon", "tools")
BUILD = ROOT / "build" / "tidy"


def room_of(path):
    base = BUILD if path.is_relative_to(BUILD) else ROOT
    return path.relative_to(base).parts[0] if path.is_relative_to(base) else None


def sources_in(path):
    if path.is_relative_to(BUILD):
        return re.findall(r'^#include "(.+)"$', path.read_text(), re.MULTILINE)
    return [str(path)]


units = {pathlib.Path(one["file"]) for one in json.loads((BUILD / "compile_commands.json").read_text())}
chosen = sorted(path for path in units if room_of(path) in ROOMS)
read = {source for path in chosen for source in sources_in(path)}
missing = [str(path) for room in ROOMS for path in sorted((ROOT / room).rglob("*.cc")) if str(path) not in read]
if missing:
    sys.exit(f"in no translation unit: {', '.join(missing)}")
print(end="".join(f"{path}\0" for path in chosen))
