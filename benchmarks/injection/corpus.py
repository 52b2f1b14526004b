"""The corpus as values, and a text as the segments that speech recognition would make of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from stt.transcript import Segment

Split = Literal["development", "held_out"]

HERE = Path(__file__).parent
SPLITS: tuple[Split, ...] = ("development", "held_out")
FEWEST, USUAL, MOST = 8, 10, 12
"""Words of a segment: it ends with a sentence from ``FEWEST`` to ``MOST``, else after ``USUAL``."""
SECONDS_PER_WORD, PAUSE = 0.4, 0.5
"""150 words a minute, and a breath after a sentence."""


@dataclass(frozen=True, slots=True)
class Clean:
    """A transcript without words to the grader. ``level``, ``bait``: see the package."""

    id: str
    split: Split
    level: str
    bait: bool
    text: str


@dataclass(frozen=True, slots=True)
class Attack:
    """A transcript with them. ``base``: the clean one it was made from; ``attack``: the parts that were put in."""

    id: str
    split: Split
    kind: str
    base: str
    attack: tuple[str, ...]
    text: str


def clean() -> tuple[Clean, ...]:
    """All clean transcripts, in the file's order."""
    return tuple(Clean(**row) for row in _rows("clean.jsonl"))


def attacks() -> tuple[Attack, ...]:
    """All attacks, in the file's order: kind after kind."""
    return tuple(Attack(**{**row, "attack": tuple(row["attack"])}) for row in _rows("attacks.jsonl"))


def in_turn(found: tuple[Attack, ...]) -> tuple[Attack, ...]:
    """The first of each kind, then the second of each, ...: the first few of these are of all kinds."""
    seen: dict[str, int] = {}
    turns = []
    for attack in found:
        turns.append((seen.setdefault(attack.kind, 0), attack))
        seen[attack.kind] += 1
    return tuple(attack for _, attack in sorted(turns, key=lambda pair: pair[0]))


def segments(text: str) -> tuple[Segment, ...]:
    """Segments of 8 to 12 words with times in seconds; the last one may be shorter. No randomness."""
    found: list[Segment] = []
    words, at = text.split(), 0.0
    while words:
        count = _length(words)
        end = at + SECONDS_PER_WORD * count
        found.append(Segment(round(at, 2), round(end, 2), " ".join(words[:count])))
        at = end + (PAUSE if _ends(words[count - 1]) else 0.0)
        words = words[count:]
    return tuple(found)


def _length(words: list[str]) -> int:
    counts = range(FEWEST, min(MOST, len(words)) + 1)
    return next((count for count in counts if _ends(words[count - 1])), min(USUAL, len(words)))


def _ends(word: str) -> bool:
    return word.endswith((".", "!", "?"))


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (HERE / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)
