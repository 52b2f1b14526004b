"""Whisper in a loop: the same words again and again, which nobody said. Pure.

On noise a decoder can fall into a loop that ends only with the window. faster-whisper decodes it again, hotter
(``compression_ratio_threshold``), and keeps the loop when no temperature helps. What is cut here:

1. Within a segment: a phrase of up to ``LONGEST`` words that stands ``LEAST`` times in a row is left twice.
2. Across segments: of equal ones in a row the first ``LEAST - 1`` are kept.

Where something was cut there is ``MARK``, on the page too. People repeat themselves, but not six times word for word;
who does, loses repetitions and no word.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from stt.transcript import Segment

LEAST, KEPT, LONGEST = 6, 2, 12
MARK = "[…]"
_LETTERS = re.compile(r"[^\w']+")


class LoopCutter:
    """Sees the segments of one transcript in their order."""

    def __init__(self) -> None:
        self._last: tuple[str, ...] = ()
        self._equal = 0
        self.cut = 0

    def take(self, segment: Segment) -> Segment | None:
        """What is to be kept of it; ``None``: nothing. ``cut`` counts the places where something was left out."""
        words = _plain(segment.text.split())
        self._equal = self._equal + 1 if words and words == self._last else 1
        self._last = words
        if self._equal < LEAST:
            shorter = cut_loops(segment)
            self.cut += shorter is not segment
            return shorter
        self.cut += 1
        return replace(segment, text=MARK, words=()) if self._equal == LEAST else None


def cut_loops(segment: Segment) -> Segment:
    """Rule 1; the same object when there is no loop in it."""
    tokens = segment.text.split()
    kept = _kept(_plain(tokens))
    if len(kept) == len(tokens):
        return segment
    told: list[str] = []
    for place, number in enumerate(kept):
        told.append(tokens[number])
        following = kept[place + 1] if place + 1 < len(kept) else len(tokens)
        if following != number + 1:
            told.append(MARK)
    spoken = _kept(_plain([word.text for word in segment.words]))
    return replace(segment, text=" ".join(told), words=tuple(segment.words[number] for number in spoken))


def _kept(words: Sequence[str]) -> list[int]:
    """The places of the words that stay."""
    kept: list[int] = []
    at = 0
    while at < len(words):
        length, times = _loop_at(words, at)
        if times >= LEAST:
            kept.extend(range(at, at + KEPT * length))
        else:
            length, times = 1, 1
            kept.append(at)
        at += length * times
    return kept


def _loop_at(words: Sequence[str], at: int) -> tuple[int, int]:
    """The phrase that is repeated from here on: its length in words, and how often it stands in a row."""
    best = (1, 1)
    for length in range(1, LONGEST + 1):
        phrase, times = words[at : at + length], 1
        while len(phrase) == length and words[at + times * length : at + (times + 1) * length] == phrase:
            times += 1
        if times >= LEAST and times * length > best[0] * best[1]:
            best = (length, times)
    return best


def _plain(tokens: Sequence[str]) -> tuple[str, ...]:
    """For comparing: without case and punctuation."""
    return tuple(_LETTERS.sub("", token).casefold() for token in tokens)
