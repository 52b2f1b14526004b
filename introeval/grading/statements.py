"""What a speaker plainly says about himself or herself, found in code: one statement of each kind.

A small model sometimes lists no facts where there are some; nobody may be capped for that. English only.
"""

import re

from introeval.grading.reply import NOTE_CHARS, Fact
from introeval.grading.speech import WITHHELD, Speech

_I = r"\b(?:I|i)(?:'m| am|'ve| have|'d| would)?"
_KINDS = tuple(
    re.compile(pattern)
    for pattern in (
        r"\b[Mm]y name(?: is|'s) \w+|\bI(?:'m| am) [A-Z][a-z]+\b",
        rf"{_I} (?:study|studying|studied)\b|\bI(?:'m| am) an? (?:[\w-]+ ){{0,3}}student\b",
        rf"{_I} (?:come from|came from|from|grew up|was born|live|lived|living)\b",
        rf"{_I} (?:work|worked|working|built|made|wrote|developed|designed|volunteer(?:ed)?)\b",
        rf"{_I} (?:like|love|enjoy|play|interested in)\b(?! to (?:know|see|add|say|thank))",
        rf"{_I} (?:want|like|hope|plan|hoping|planning) to (?:become|learn|be|build|work|study|find|improve)\b",
        rf"{_I} (?:speak|good at|learned|learnt|know how|skilled|experienced)\b",
    )
)


def stated(speech: Speech) -> tuple[Fact, ...]:
    """The first statement of each kind, in the speaker's words, with its segment."""
    found: list[Fact] = []
    for kind in _KINDS:
        for line in speech.lines:
            text = line.shown.replace(WITHHELD, " ")
            match = kind.search(text)
            if match:
                words = text[match.start() : match.start() + NOTE_CHARS].split(". ")[0]
                found.append(Fact(segment=line.number, fact=words))
                break
    return tuple(sorted(found, key=lambda fact: fact.segment))
