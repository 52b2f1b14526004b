"""Where the words are in code: comments and strings, found without a parser for any one language. Pure.

Works for code that does not compile, too. Python, R, Julia and shells comment with ``#``; the C family with ``//`` and
``/* */``; SQL and Haskell with ``--``. A string
without an end ends with its line, a longer one with the cell.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

_SLASHES = re.compile(
    r"c|c\+\+\d*|cpp|csharp|c#|java|javascript|typescript|scala|kotlin|rust|go|swift|groovy|php"
)
_DASHES = re.compile("sql|haskell|lua")
_STRINGS = (
    r"(?P<long>\"\"\"(?:\\[\s\S]|(?!\"\"\")[^\\])*(?:\"\"\"|\\?\Z)|'''(?:\\[\s\S]|(?!''')[^\\])*(?:'''|\\?\Z))"
    r"|(?P<short>\"(?:\\.|[^\"\\\n])*(?:\"|\\?$)|'(?:\\.|[^'\\\n])*(?:'|\\?$))"
)
_COMMENTS = {"#": r"#[^\n]*", "/": r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)", "-": r"--[^\n]*"}


@dataclass(frozen=True, slots=True)
class Span:
    """A comment or a string: from ``start`` to ``end`` in the source, and its ``words`` without the signs around."""

    kind: Literal["comment", "string"]
    start: int
    end: int
    words: str


def spans(source: str, language: str) -> Iterator[Span]:
    """In their order; they do not overlap."""
    for match in _pattern(_sign(language)).finditer(source):
        if match["comment"] is not None:
            words = re.sub(r"^[ \t]*(?:#+|//+|/\*+|\*+(?!/)|--+)|\*/\s*$", "", match[0], flags=re.MULTILINE)
            yield Span("comment", match.start(), match.end(), words)
        else:
            mark = 3 if match["long"] is not None else 1
            yield Span("string", match.start(), match.end(), match[0][mark:].removesuffix(match[0][:mark]))


def code_only(source: str, language: str) -> tuple[str, ...]:
    """Its lines without comments, and without strings that stand alone (docstrings); other strings stay."""
    kept, at = [], 0
    for span in spans(source, language):
        alone = (
            not source[: span.start].rpartition("\n")[2].strip()
            and not source[span.end :].partition("\n")[0].strip()
        )
        if span.kind == "comment" or alone:
            kept.append(source[at : span.start] + "\n" * source.count("\n", span.start, span.end))
            at = span.end
    return tuple("".join([*kept, source[at:]]).split("\n"))


def _sign(language: str) -> str:
    return "/" if _SLASHES.fullmatch(language) else "-" if _DASHES.fullmatch(language) else "#"


@lru_cache(maxsize=4)
def _pattern(sign: str) -> re.Pattern[str]:
    return re.compile(rf"{_STRINGS}|(?P<comment>{_COMMENTS[sign]})", re.MULTILINE)
