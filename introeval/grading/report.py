"""The grade as it is stored and shown. Everything a page needs is in it; nothing here decides."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Evidence(_Value):
    """A stretch of the work, in its own words, and where it is.

    ``start``, ``end``: seconds from the beginning of a video. ``place``: where it is in other work ("page 2, line 5").
    """

    start: float | None = None
    end: float | None = None
    place: str | None = None
    quote: str


class CriterionGrade(_Value):
    """One criterion's score after the guards. ``evidence`` is empty only when no model was asked.

    ``model_score``: what the model gave before the guards; ``None`` when no model was asked.
    """

    name: str
    score: float
    max_score: float
    reason: str
    model_score: float | None = None
    evidence: tuple[Evidence, ...] = ()


class Flag(_Value):
    """Something that the teacher should look at; it never changes the grade by itself."""

    code: str
    message: str


class Note(_Value):
    """A fact about the speaker or a problem of the speech, with its place in the video."""

    text: str
    start: float
    end: float


class AppliedGuard(_Value):
    """A rule in code that bounded the grade. ``cap``: the highest score it allows, on the grade's scale.

    Guards that bound single criteria only (``few_facts``, ``fillers``, ``unsure``) name them and leave ``cap`` whole.
    """

    code: Literal[
        "no_speech",
        "too_few_words",
        "short",
        "brief",
        "no_facts",
        "off_topic",
        "few_facts",
        "fillers",
        "unsure",
        "blank",
        "repeats_question",
        "unsaid",
    ]
    reason: str
    cap: float


class OpinionGrade(_Value):
    """What one model gave in one try, when several were asked."""

    model: str
    attempt: int
    score: float
    criteria: dict[str, float]


class GradeReport(_Value):
    """A finished grade. ``asked_model``: false when a guard graded before any model was asked.

    ``review``: why a teacher must confirm it before it counts; empty: it is final. ``opinions``: what each model gave,
    when more than one was asked; the criteria then are their means.
    """

    score: float
    max_score: float
    criteria: tuple[CriterionGrade, ...]
    flags: tuple[Flag, ...] = ()
    facts: tuple[Note, ...] = ()
    problems: tuple[Note, ...] = ()
    guards: tuple[AppliedGuard, ...] = ()
    rubric: str
    rubric_version: int = Field(ge=1)
    asked_model: bool = True
    opinions: tuple[OpinionGrade, ...] = ()
    review: tuple[str, ...] = ()
