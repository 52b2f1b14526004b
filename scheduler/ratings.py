"""What single models made of a submission, and what went wrong in parts of it: plain values of an ``Evaluation``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """One model's grade in one try, before anything is made of several of them. ``attempt`` counts tries from 1.

    ``marks``: score by criterion or question.
    """

    model: str
    server: str
    score: float
    max_score: float
    attempt: int = 1
    marks: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A part of the work that ended without a result, while the whole went on.

    ``code``: of the typed error. ``stage``: what was asked for. ``place``: of what (a page, a model and try).
    ``message``: what went wrong. ``advice``: what a person can do about it.
    """

    code: str
    stage: str
    place: str
    message: str
    advice: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "code": self.code,
            "stage": self.stage,
            "place": self.place,
            "message": self.message,
            "advice": self.advice,
        }
