# SPDX-License-Identifier: Apache-2.0
"""Reasons and hooks by the names that bpf/abi.h gives them: read from there, never written twice."""
import functools
import re

from . import place


@functools.cache
def _table(macro):
    """{name: text} of one X-macro."""
    source = (place.ROOT / "bpf/abi.h").read_text()
    body = re.search(rf"#define {macro}\(X\)((?:.*\\\n)*.*)", source)
    return dict(re.findall(r'X\((\w+), (?:0x\w+, )?"([^"]*)"\)', body.group(1)))


def _known(macro, word, where):
    table = _table(macro)
    if not word:
        return ""
    if word in table:
        return table[word]
    if word in table.values():
        return word
    raise place.HarnessError(f"{where}: {word!r} is none of: {', '.join(table.values())}")


def reason(word, where="reason"):
    """The text of a reason, from its text or its name."""
    return _known("W_REASONS", word, where)


def hook(word, where="hook"):
    return _known("W_HOOKS", word, where)
