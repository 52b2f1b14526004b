"""TOML from people, read without letting a text of dots take the machine down. Pure."""

import re
import tomllib
from typing import Any

DEEPEST = 16
"""Parts of a dotted key. An assignment has three; tomllib needs time and memory by their square."""

_DEEP = re.compile(rf"""(?:[\w"'-]+[ \t]*\.[ \t]*){{{DEEPEST}}}""")


def read_toml(text: str) -> dict[str, Any]:
    """The document. Raises ``tomllib.TOMLDecodeError``, also for a key of more than ``DEEPEST`` parts."""
    for number, line in enumerate(text.splitlines(), start=1):
        key = line.partition("=")[0]
        if key.count(".") >= DEEPEST and _DEEP.search(key):
            raise tomllib.TOMLDecodeError(f"a key has more than {DEEPEST} parts (at line {number})")
    return tomllib.loads(text)
