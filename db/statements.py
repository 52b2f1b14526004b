"""Reads ``queries.sql``: named blocks, each ``-- name: NAME``, a line that describes it, and one statement."""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_BLOCK = re.compile(
    r"^-- name: (?P<name>\w+)\n-- (?P<about>[^\n]+)\n(?P<sql>.+?);\s*$", re.MULTILINE | re.DOTALL
)


def _load() -> Mapping[str, str]:
    text = resources.files("db").joinpath("queries.sql").read_text(encoding="utf-8")
    blocks = re.split(r"^(?=-- name: )", text, flags=re.MULTILINE)[1:]
    found = [_BLOCK.match(block) for block in blocks]
    return MappingProxyType({match["name"]: match["sql"].strip() for match in found if match})


STATEMENTS: Mapping[str, str] = _load()
"""Every statement by name; loaded once, from the package's own file."""
