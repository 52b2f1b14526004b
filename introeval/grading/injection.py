"""Speech that is addressed to the grader instead of the listener: found sentence by sentence.

The rules:

1. It is flagged for the teacher and kept from the model; the rest is graded as it is. Nothing is zeroed for it.
2. A sentence is an address by its form (``structure``), or when enough of an address comes together in it
   (``english``), or as an order in another language (``languages``).
3. What stands beside an address and has something of one continues it, for a few sentences.
4. Work is linear in the text: sentences are bounded, and so is what is compared in each.
"""

from collections.abc import Sequence
from functools import lru_cache

from introeval.grading.addressing.english import ADDRESS, HINT, is_narrative, points
from introeval.grading.addressing.languages import is_order
from introeval.grading.addressing.plain import plain
from introeval.grading.addressing.sentences import Span, sentences
from introeval.grading.addressing.structure import is_marked

CONTINUED = 2
"""Sentences before and after an address that may belong to it."""


@lru_cache(maxsize=4096)
def strength(sentence: str) -> float:
    """How much of an address a sentence is; from ``ADDRESS`` on it is one."""
    if is_marked(sentence) or is_order(sentence):
        return ADDRESS
    return points(plain(sentence))


def is_addressed(sentence: str) -> bool:
    """Whether the sentence tells the grader what to do or which verdict to give."""
    return strength(sentence) >= ADDRESS


def addressed_spans(text: str) -> tuple[Span, ...]:
    """Where the text is addressed to the grader, sentence by sentence."""
    spans = list(sentences(text))
    parts = [text[start:end] for start, end in spans]
    strengths = [strength(part) for part in parts]
    found = [value >= ADDRESS for value in strengths]
    for at in range(len(parts) - 1):
        # Pieces of a sentence without an end: an order may lie across two of them.
        if _runs_on(parts[at]) and not (found[at] or found[at + 1]):
            found[at] = found[at + 1] = strength(f"{parts[at]} {parts[at + 1]}") >= ADDRESS
    for at, sure in enumerate([*found]):
        for step in (1, -1) if sure else ():
            for beside in range(at + step, at + step * (CONTINUED + 1), step):
                if not (0 <= beside < len(spans) and _continues(parts[beside], strengths[beside])):
                    break
                found[beside] = True
    return tuple(span for span, inside in zip(spans, found, strict=True) if inside)


def _runs_on(part: str) -> bool:
    return part[-1].isalnum() or part[-1] == ","


def _continues(part: str, value: float) -> bool:
    return value >= (ADDRESS + HINT) / 2 if is_narrative(part.lower()) else value >= HINT


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
