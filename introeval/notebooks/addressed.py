"""Words to the grader in a notebook: found, kept for the teacher, and replaced in what a model reads. Pure.

Rules:

1. The patterns are those for speech (``introeval.grading.injection``), and a few for notebooks. Nothing is graded
   lower for what is found.
2. Of code only comments and strings are words; they are replaced, the code around them stays and keeps its lines.
   Pieces of strings on one line are also read as one, and a line's names as words (``give_me_full_marks``).
3. A sentence may run over three lines.
4. Printed text is read without quotation marks and colons: a printed table of scores is no verdict. What code says to
   the grader is replaced in the output as well.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from introeval.grading.injection import is_addressed, split_addressed
from introeval.notebooks.spans import Span, spans

WITHHELD = "(addressed to the grader)"
RUN_ON = 3
"""Lines that one sentence may run over."""

FEW_CHARS = 6
"""Shorter strings of code address nobody: "<s>" and "</s>" are tokens of many a lesson."""

_VERDICT = re.compile(r"[\"'](?:score|reason|issues|suggestions|topic|criteria|evidence)[\"']\s*:")
_WORK = (
    r"\b(?:this|my|the)\s+(?:notebook|homework|submission|assignment|solution|code|work)\s+"
    r"(?:deserves|is worth|gets|earns|(?:must|should) (?:get|be (?:given|graded|marked)))\b[^.!?]{0,30}"
    r"\b(?:full|maximum|max|highest|top|perfect|all|ten|100|10|marks?|points?|grades?)\b"
)
_GIVE = (
    r"\b(?:give|award)\s+(?:this|my|the) (?:notebook|homework|submission|solution|work)\b"
    r"[^.!?]{0,30}\b(?:full|max\w*|top|10|100)\b"
)
_MORE = re.compile(rf"{_WORK}|{_GIVE}", re.IGNORECASE)
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_NAME = re.compile(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Addressed:
    """Words to the grader, as they stand there. ``line``: of the cell, from 1; ``None`` in an output."""

    cell: int
    line: int | None
    words: str


def to_grader(text: str) -> bool:
    """Whether a sentence of it tells the grader what to do or which verdict to give."""
    one_line = " ".join(text.split())
    return bool(
        split_addressed(one_line, WITHHELD)[1]
        or _MORE.search(one_line)
        or len({match[0].split(":")[0] for match in _VERDICT.finditer(one_line)}) > 1
    )


def screen_text(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """The lines of a text as a model may read them, and what was replaced with the number of its line (from 1)."""
    shown, found = list(lines), list[tuple[int, str]]()
    for at, line in enumerate(lines):
        kept, words = split_addressed(line, WITHHELD)
        if words:
            shown[at] = kept
            found.extend((at + 1, sentence) for sentence in words)
        elif to_grader(line):
            shown[at] = WITHHELD
            found.append((at + 1, line.strip()))
    _run_on(shown, found)
    return tuple(shown), tuple(sorted(found))


def screen_output(lines: Sequence[str], said: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same for printed text. ``said``: what the code says to the grader."""
    bare = [re.sub(r"[\"':]", " ", line) for line in lines]
    told = [" ".join(words.split()) for words in said if len(words) > 8]
    found = {at - 1: lines[at - 1].strip() for at, _ in screen_text(bare)[1]} | {
        at: line.strip()
        for at, line in enumerate(lines)
        if any(words in " ".join(line.split()) for words in told)
    }
    shown = tuple(WITHHELD if at in found else line for at, line in enumerate(lines))
    return shown, tuple(found[at] for at in sorted(found))


def screen_code(source: str, language: str) -> tuple[tuple[str, ...], tuple[tuple[int, str], ...]]:
    """The same for code; the number of lines stays."""
    parts = list(spans(source, language))
    alone = [part for part in parts if len(part.words) >= FEW_CHARS and to_grader(part.words)]
    grouped = [part for group in _together(parts, source) for part in group]
    hidden = sorted({*alone, *grouped}, key=lambda part: part.start)
    found = [(source.count("\n", 0, part.start) + 1, " ".join(part.words.split())) for part in hidden]
    shown = _without(source, hidden).split("\n")
    for at, line in enumerate(shown):
        names = " ".join(_NAME.split(line.replace(WITHHELD, "")))
        if is_addressed(names):
            shown[at] = WITHHELD
            found.append((at + 1, line.strip()))
    return tuple(shown), tuple(sorted(found))


def _together(parts: Sequence[Span], source: str) -> list[tuple[Span, ...]]:
    """Strings of one line, and comments of neighbouring lines, that address the grader only when read together."""
    starts = [0, *(match.end() for match in re.finditer("\n", source))]
    strings, comments = defaultdict[int, list[Span]](list), defaultdict[int, list[Span]](list)
    for part in parts:
        (strings if part.kind == "string" else comments)[bisect_right(starts, part.start)].append(part)
    runs = [
        [part for line in range(first, first + count) for part in comments.get(line, ())]
        for count in range(2, RUN_ON + 1)
        for first in comments
    ]
    groups = [tuple(group) for group in (*strings.values(), *runs) if len(group) > 1]
    read = [(group, " ".join(part.words for part in group)) for group in groups]
    return [group for group, words in read if len(_LETTERS.findall(words)) > 2 and to_grader(words)]


def _run_on(shown: list[str], found: list[tuple[int, str]]) -> None:
    for count in range(2, RUN_ON + 1):
        for at in range(len(shown) - count + 1):
            window = shown[at : at + count]
            if WITHHELD not in " ".join(window) and to_grader(" ".join(window)):
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
