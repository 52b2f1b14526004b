"""Words to the grader in a notebook: found, kept for the teacher, and replaced in what a model reads. Pure.

Rules:

1. What such words are, ``orders`` says. Nothing is graded lower for what is found.
2. Of code only comments and strings are words; they are replaced, the code around them stays and keeps its lines.
   Pieces of strings on one line are also read as one, and a line's names as words (``give_me_full_marks``).
3. A sentence may run over three lines.
4. What code says to the grader is replaced in the output as well.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from introeval.notebooks.orders import is_order_to_grader
from introeval.notebooks.spans import Span, spans

WITHHELD = "(addressed to the grader)"
RUN_ON = 3
"""Lines that one sentence may run over."""

FEW_WORDS = 3
"""Strings and names of fewer words address nobody: "<s>" and "</s>" are tokens of many a lesson."""

_SENTENCE = re.compile(r"[^.!?]+(?:[.!?]+(?=\s|$)|[.!?]+|$)")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_NAME = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Addressed:
    """Words to the grader, as they stand there. ``line``: of the cell, from 1; ``None`` in an output."""

    cell: int
    line: int | None
    words: str


def screen_text(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """The lines of a text as a model may read them, and what was replaced with the number of its line (from 1)."""
    shown, found = list(lines), list[tuple[int, str]]()
    for at, line in enumerate(lines):
        parts = [match[0].strip() for match in _SENTENCE.finditer(line)]
        orders = [part for part in parts if is_order_to_grader(part)]
        if not orders:
            if not is_order_to_grader(line):
                continue
            orders = [line.strip()]
        kept = [WITHHELD if part in orders else part for part in parts]
        shown[at] = " ".join(kept) if orders != [line.strip()] else WITHHELD
        found.extend((at + 1, order) for order in orders)
    _run_on(shown, found)
    return tuple(shown), tuple(sorted(found))


def screen_output(lines: Sequence[str], said: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same for printed text. ``said``: what the code says to the grader."""
    # Without quotation marks: a printed table of scores and reasons is no verdict.
    bare, _ = screen_text([re.sub("[\"']", " ", line) for line in lines])
    told = [" ".join(words.split()) for words in said if _says_something(words)]
    found = [
        WITHHELD in bare[at] or any(words in " ".join(line.split()) for words in told)
        for at, line in enumerate(lines)
    ]
    shown = tuple(WITHHELD if inside else line for line, inside in zip(lines, found, strict=True))
    return shown, tuple(line.strip() for line, inside in zip(lines, found, strict=True) if inside)


def screen_code(source: str, language: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """The same for code; the number of lines stays."""
    parts = list(spans(source, language))
    alone = [
        part
        for part in parts
        if (part.kind == "comment" or _says_something(part.words)) and is_order_to_grader(part.words)
    ]
    hidden = sorted({*alone, *_together(parts, source, alone)}, key=lambda part: part.start)
    found = [(source.count("\n", 0, part.start) + 1, " ".join(part.words.split())) for part in hidden]
    shown = _without(source, hidden).split("\n")
    for at, line in enumerate(shown):
        names = " ".join(_NAME.split(line.replace(WITHHELD, "")))
        if _says_something(names) and is_order_to_grader(names):
            shown[at] = WITHHELD
            found.append((at + 1, line.strip()))
    return tuple(shown), tuple(sorted(found))


def _says_something(words: str) -> bool:
    return len(_LETTERS.findall(words)) >= FEW_WORDS


def _together(parts: Sequence[Span], source: str, alone: Sequence[Span]) -> set[Span]:
    """Strings of one line, and comments of neighbouring lines, that address the grader only when read together.

    ``alone``: those that do so by themselves; what stands beside them is not withheld with them.
    """
    starts = [0, *(match.end() for match in re.finditer("\n", source))]
    strings, comments = defaultdict[int, list[Span]](list), defaultdict[int, list[Span]](list)
    for part in parts:
        (strings if part.kind == "string" else comments)[bisect_right(starts, part.start)].append(part)
    runs = [
        [part for line in range(first, first + count) for part in comments.get(line, ())]
        for count in range(2, RUN_ON + 1)
        for first in comments
    ]
    taken, found = set(alone), set[Span]()
    for group in (*strings.values(), *runs):
        words = " ".join(part.words for part in group)
        if (
            len(group) > 1
            and not taken.intersection(group)
            and _says_something(words)
            and is_order_to_grader(words)
        ):
            taken.update(group)
            found.update(group)
    return found


def _run_on(shown: list[str], found: list[tuple[int, str]]) -> None:
    for count in range(2, RUN_ON + 1):
        for at in range(len(shown) - count + 1):
            window = shown[at : at + count]
            if WITHHELD not in " ".join(window) and is_order_to_grader(" ".join(window)):
                found.append((at + 1, " ".join(line.strip() for line in window)))
                shown[at : at + count] = [WITHHELD] * len(window)


def _without(source: str, hidden: Sequence[Span]) -> str:
    kept, at = [], 0
    for part in hidden:
        mark = source[part.start]
        sign = f"{mark}{WITHHELD}{mark}" if part.kind == "string" else f"{mark} {WITHHELD}"
        kept.append(source[at : part.start] + sign + "\n" * source.count("\n", part.start, part.end))
        at = part.end
    return "".join([*kept, source[at:]])
