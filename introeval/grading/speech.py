"""Segments of speech as grading sees them: numbered, cleaned for a prompt, and quoted from the original.

Rules:

1. Numbers count from 1 over the segments that have words; the empty ones are not shown and have none.
2. A line of the prompt is one line: no control characters, no angle brackets, no square brackets, so that a
   text can
   neither close the transcript nor open another turn nor pretend to be a segment.
3. A sentence that is addressed to the grader is not shown to a model; it is kept here for the teacher.
4. A quote is always the original text, never the line.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from introeval.grading.injection import split_parts

MAX_TRANSCRIPT_BYTES = 24_000
"""Bytes of UTF-8 that a transcript may have in a prompt, ``LINE_BYTES`` for each line's number and time among them.

Fifteen minutes at 150 words a minute are 2,250 words, 13,000 bytes, in some 180 lines: 21,000. At four bytes a token
the most are 6,000 tokens, which fit a context of 8,192 with the rubric (600) and a reply of 1,024.
"""

LINE_BYTES = 44
"""Number and time of a line ("[123] 12:34 "): eleven tokens, since tokenizers take digits one by one."""

WITHHELD = "(addressed to the grader)"
_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""A letter of a script that is written without spaces."""

_OPENERS = str.maketrans({"<": "(", ">": ")", "[": "(", "]": ")", "|": "/", "`": "'", "{": "(", "}": ")"})


class Segment(Protocol):
    """A stretch of speech; ``start`` and ``end`` in seconds from the beginning of the video."""

    @property
    def start(self) -> float: ...

    @property
    def end(self) -> float: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One numbered segment. ``shown``: what a model reads. ``addressed``: sentences kept from it."""

    number: int
    start: float
    end: float
    quote: str
    shown: str
    addressed: tuple[str, ...] = ()

    @property
    def withheld(self) -> bool:
        """Nothing of it was shown to the model."""
        return bool(self.addressed) and not count_words(self.shown.replace(WITHHELD, ""))


@dataclass(frozen=True, slots=True)
class Speech:
    """A transcript as grading sees it. ``cut``: it was longer than ``MAX_TRANSCRIPT_BYTES``."""

    lines: tuple[Line, ...]
    cut: bool = False

    @property
    def gradable_words(self) -> int:
        """Words that a model may grade: those not addressed to the grader."""
        return sum(count_words(line.shown.replace(WITHHELD, "")) for line in self.lines)

    @property
    def addressed(self) -> tuple[Line, ...]:
        """The lines with words to the grader."""
        return tuple(line for line in self.lines if line.addressed)


def number(segments: Sequence[Segment]) -> Speech:
    """Number the segments that have words, up to ``MAX_TRANSCRIPT_BYTES``."""
    lines: list[Line] = []
    room = MAX_TRANSCRIPT_BYTES
    quoted = [(segment, quote) for segment in segments if count_words(quote := _one_line(segment.text))]
    split = split_parts([quote for _, quote in quoted], WITHHELD)
    for (segment, quote), (kept, addressed) in zip(quoted, split, strict=True):
        shown = kept.translate(_OPENERS)
        size = len(shown.encode()) + LINE_BYTES
        if size > room:
            return Speech(tuple(lines) or (_line(1, segment, quote, _head(shown), addressed),), cut=True)
        room -= size
        lines.append(_line(len(lines) + 1, segment, quote, shown, addressed))
    return Speech(tuple(lines))


def count_words(text: str) -> int:
    """Words in any script; punctuation and music notes are none. Without spaces, two letters count as a word."""
    return len(_WORD.findall(text)) + len(UNSPACED.findall(text)) // 2


def _line(count: int, segment: Segment, quote: str, shown: str, addressed: tuple[str, ...]) -> Line:
    return Line(
        number=count, start=segment.start, end=segment.end, quote=quote, shown=shown, addressed=addressed
    )


def _head(shown: str) -> str:
    """What fits of a segment that is too long by itself."""
    return shown.encode()[: MAX_TRANSCRIPT_BYTES - LINE_BYTES].decode(errors="ignore")


def _one_line(text: str) -> str:
    """NFKC first: full-width brackets become the ordinary ones before these are replaced."""
    plain = unicodedata.normalize("NFKC", text)
    visible = "".join(" " if unicodedata.category(char)[0] in "CZ" else char for char in plain)
    return " ".join(visible.split())
