#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every relative link in the Markdown files of git's index must lead to a file or folder, and its anchor to a heading."""
import pathlib
import re
import subprocess
import sys

LINK = re.compile(r"\]\(([^()\s]+)\)")


def anchors(page):
    """The anchors that a forge makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def problems(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        if not target.exists():
            yield f"{page}: {link}: no such file"
        elif anchor and anchor not in anchors(target):
            yield f"{page}: {link}: no such heading"


def main():
    listed = subprocess.run(["git", "ls-files", "*.md"], check=True, capture_output=True, text=True)
    found = [problem for page in listed.stdout.splitlines() for problem in problems(pathlib.Path(page))]
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main())
