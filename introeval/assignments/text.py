"""An assignment as text that a person edits: TOML that ``load_assignment`` reads back to the same assignment. Pure.

TOML has no null, so what is not set is left out; so are empty lists, since ``[[questions]]`` cannot follow
``questions = []``. Long text is written over several lines, as it was typed.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from introeval.assignments.definition import Assignment, load_assignment

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
_VERSION = re.compile(r"^(\s*version\s*=\s*)\d+", re.MULTILINE)


def as_toml(assignment: Assignment) -> str:
    """The whole assignment with its version, defaults included, so that all that can be set is seen."""
    return "\n".join(_table(assignment.model_dump(mode="json", exclude_none=True), ())).lstrip("\n") + "\n"


def with_version(text: str, version: int) -> str | None:
    """A valid TOML text that now names ``version``, and else is as it was; ``None`` when it cannot be told where."""
    wanted = load_assignment(text).model_copy(update={"version": version})
    changed = _VERSION.sub(rf"\g<1>{version}", text, count=1)
    return changed if load_assignment(changed) == wanted else None


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """Plain values first: what follows a table's header belongs to that table."""
    said = {key: value for key, value in values.items() if value not in ({}, [])}
    inner = {key: value for key, value in said.items() if _is_inner(value)}
    for key, value in said.items():
        if key not in inner:
            yield f"{_key(key)} = {_value(value)}"
    for key, value in inner.items():
        name = ".".join(_key(part) for part in (*path, key))
        if isinstance(value, dict):
            yield f"\n[{name}]"
            yield from _table(value, (*path, key))
        else:
            for item in value:
                yield f"\n[[{name}]]"
                yield from _table(item, (*path, key))


def _is_inner(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and isinstance(value[0], dict))


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _string(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return _lines(value) if "\n" in value else _string(value)


def _string(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _lines(text: str) -> str:
    """Over several lines. A line break right after the opening is not part of the text, so the text begins there."""
    return '"""\n' + "\n".join(_ESCAPED.sub(_escape, line) for line in text.split("\n")) + '"""'


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _SHORT.get(char, f"\\u{ord(char):04x}")
