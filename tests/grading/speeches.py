"""Segments and replies for the tests of grading."""

import json
from typing import Any, NamedTuple

from introeval.grading import Reply, default_rubric, parse_reply


class Said(NamedTuple):
    """A segment as speech recognition gives it."""

    start: float
    end: float
    text: str


def said(*texts: str) -> list[Said]:
    """Segments of five seconds each."""
    return [Said(5.0 * at, 5.0 * at + 5.0, text) for at, text in enumerate(texts)]


INTRODUCTION = said(
    "Hello, my name is Maya and I study computer engineering in my second year.",
    "I grew up in a small fishing town where my parents repair boats and engines.",
    "Last summer I worked at a weather station and wrote a program that checks forty sensors.",
    "In my free time I play the violin in the orchestra of the university.",
    "This year I want to learn how to test software well, and later build instruments for ocean research.",
)
FACTS = [
    {"segment": 1, "fact": "studies computer engineering"},
    {"segment": 2, "fact": "grew up in a fishing town"},
    {"segment": 3, "fact": "worked at a weather station"},
    {"segment": 4, "fact": "plays the violin"},
]


def raw(
    scores: int | tuple[int, ...] = 8,
    topic: str = "introduction",
    facts: Any = FACTS,
    at: int = 1,
    **changes: Any,
) -> str:
    """A model's reply for the default rubric, as text."""
    names = [criterion.name for criterion in default_rubric().criteria]
    given = scores if isinstance(scores, tuple) else (scores,) * len(names)
    judged = {
        name: {"reason": "It is said.", "segments": [at], "score": score}
        for name, score in zip(names, given, strict=True)
    }
    return json.dumps({"topic": topic, "facts": facts, "problems": [], **judged, **changes})


def reply(segments: list[Said] = INTRODUCTION, **parts: Any) -> Reply:
    """A checked reply to ``segments``."""
    return parse_reply(raw(**parts), default_rubric(), segments)
