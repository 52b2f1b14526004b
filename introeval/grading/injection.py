"""Speech that is addressed to the grader instead of the listener: found sentence by sentence.

The rules:

1. It is flagged for the teacher and kept from the model; the rest is graded as it is. Nothing is zeroed for it.
2. A sentence is an address by its form (``structure``), or when enough of an address comes together in it
   (``english``), or as an order in another language (``languages``).
3. What stands beside an address and has something of one continues it, for a few sentences.
4. Work is linear in the text: sentences are bounded, and so is what is compared in each.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from introeval.grading.addressing.english import ADDRESS, HINT, is_narrative, points
from introeval.grading.addressing.families import tagged
from introeval.grading.addressing.languages import is_order
from introeval.grading.addressing.matching import across, is_about_grading, matched, parts
from introeval.grading.addressing.plain import plain
from introeval.grading.addressing.sentences import Span, sentences
from introeval.grading.addressing.structure import is_marked

CONTINUED = 2
"""Sentences before and after an address that may belong to it."""
ENOUGH = 3
"""Kinds of parts that make a sentence an address without a rule."""
CUT = 5
"""Words of a sentence that is only a cut piece of one: a rule may lie across several."""
SHORT = 12
"""Words of a sentence that may be a piece of an order told in several."""

_OWN = re.compile(r"\W*(?:i|i'm|my|we|our)\b", re.IGNORECASE)
"""How a sentence about oneself begins: it lends nothing to its neighbours."""
_POLITE = re.compile(r"\b(?:thanks?|welcome|hello|good (?:morning|afternoon|evening|day)|my name)\b")
"""Greetings and thanks stand beside an address and are none."""


@lru_cache(maxsize=4096)
def _read(sentence: str) -> tuple[str, int]:
    """Its tagged words, and how many kinds of parts of an address are in them."""
    tags = tagged(plain(sentence))
    return tags, parts(tags)


@lru_cache(maxsize=4096)
def strength(sentence: str) -> float:
    """How much of an address a sentence is; from ``ADDRESS`` on it is one."""
    if is_marked(sentence) or is_order(sentence):
        return ADDRESS
    tags, found = _read(sentence)
    if matched(tags) or found >= ENOUGH:
        return ADDRESS
    return min(points(plain(sentence)), ADDRESS if found >= 2 and is_about_grading(tags) else ADDRESS - 0.1)


def is_addressed(sentence: str) -> bool:
    """Whether the sentence tells the grader what to do or which verdict to give."""
    return strength(sentence) >= ADDRESS


def addressed_spans(text: str) -> tuple[Span, ...]:
    """Where the text is addressed to the grader, sentence by sentence."""
    spans = list(sentences(text))
    said = [text[start:end] for start, end in spans]
    strengths = [strength(part) for part in said]
    found = [value >= ADDRESS for value in strengths]
    for count in (2, 3):
        for at in range(len(said) - count + 1):
            # An order may lie across pieces of a sentence without an end, or be told in very short sentences.
            near = said[at : at + count]
            if not any(found[at : at + count]) and _is_split(near):
                found[at : at + count] = [True] * count
    for at, sure in enumerate([*found]):
        for step in (1, -1) if sure else ():
            for beside in range(at + step, at + step * (CONTINUED + 1), step):
                if not (0 <= beside < len(spans) and _continues(said[beside], strengths[beside])):
                    break
                found[beside] = True
    return tuple(span for span, inside in zip(spans, found, strict=True) if inside)


def _is_split(near: Sequence[str]) -> bool:
    """Whether neighbours are an address together that none of them is alone."""
    joined = " ".join(near)
    parts_near = sum(_read(part)[1] for part in near)
    if all(_runs_on(part) for part in near[:-1]):
        if is_order(joined):
            return True
        tags, found = _read(joined) if parts_near else ("", 0)
        return found > ENOUGH or bool(matched(tags))
    if any(_OWN.match(part) for part in near):
        return False
    if all(len(part.split()) <= SHORT for part in near) and parts_near > 1:
        tags, _ = _read(joined)
        return across(tags) > ENOUGH or (
            all(len(part.split()) <= CUT for part in near) and bool(matched(tags))
        )
    return False


def _runs_on(part: str) -> bool:
    return part[-1].isalnum() or part[-1] == ","


def _continues(part: str, value: float) -> bool:
    """Whether a neighbour of an address has so much of one that it belongs to it."""
    lower = part.lower()
    if _POLITE.search(lower):
        return False
    if is_narrative(lower):
        return value >= (ADDRESS + HINT) / 2
    return value >= HINT or (len(part.split()) <= SHORT and _read(part)[1] > 0)


def split_addressed(text: str, placeholder: str) -> tuple[str, tuple[str, ...]]:
    """The text with each run of sentences to the grader replaced by ``placeholder``, and those sentences."""
    return without(text, addressed_spans(text), placeholder)


def split_parts(parts: Sequence[str], placeholder: str) -> list[tuple[str, tuple[str, ...]]]:
    """``split_addressed`` for each part of one speech: a sentence may run from one part into the next."""
    found, start = addressed_spans(" ".join(parts)), 0
    split = []
    for part in parts:
        end = start + len(part)
        inside = tuple(
            (max(a, start) - start, min(b, end) - start) for a, b in found if a < end and b > start
        )
        split.append(without(part, inside, placeholder))
        start = end + 1
    return split


def without(text: str, spans: Sequence[Span], placeholder: str) -> tuple[str, tuple[str, ...]]:
    """The text with each run of spans replaced by ``placeholder``, and what stood there."""
    if not spans:
        return text, ()
    kept, done = "", 0
    for start, end in spans:
        between = text[done:start]
        kept += between if done == 0 or between.strip() else ""
        if not kept.endswith(placeholder):
            kept += placeholder
        done = end
    return (kept + text[done:]).strip(), tuple(text[start:end] for start, end in spans)
