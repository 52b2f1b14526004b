"""The grade of a notebook as it is stored and shown; its members are named as those of other kinds of work. Nothing
here decides.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from introeval.grading.report import Evidence, Flag, OpinionGrade

PartName = Literal["technical", "reflection"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class NotebookCriterion(_Value):
    """One criterion's score after the guards. ``model_score``: what the model gave; ``None`` when none was asked.

    ``evidence``: its ``place`` is such as "cell 4, lines 3 to 7".
    """

    name: str
    part: PartName
    score: float
    max_score: float
    reason: str
    model_score: float | None = None
    evidence: tuple[Evidence, ...] = ()
    issues: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


class PartGrade(_Value):
    """The grade of one part, with its own maximum; the parts add up to the whole."""

    name: PartName
    score: float
    max_score: float


class NotebookGuard(_Value):
    """A rule in code that bounded the grade. ``cap``: the highest grade it allows; whole where it bounds one part."""

    code: Literal[
        "blank_notebook",
        "no_code",
        "template_only",
        "off_topic",
        "few_lines",
        "missing_names",
        "not_run",
        "no_outputs",
        "all_errors",
        "many_errors",
        "some_errors",
        "no_text",
        "few_words",
        "brief_words",
    ]
    reason: str
    cap: float


class Letter(_Value):
    """What the student is told."""

    strengths: str
    improve: str
    next_step: str


class NotebookReport(_Value):
    """A finished grade. ``summary``: what the code does. ``review``: why a teacher must confirm the grade before it
    counts; empty: it is final. ``opinions``: the technical models, when more than one was asked.
    """

    score: float
    max_score: float
    parts: tuple[PartGrade, ...]
    criteria: tuple[NotebookCriterion, ...]
    summary: str = ""
    feedback: Letter | None = None
    flags: tuple[Flag, ...] = ()
    guards: tuple[NotebookGuard, ...] = ()
    rubric: str
    rubric_version: int = Field(ge=1)
    language: str
    asked_model: bool = True
    opinions: tuple[OpinionGrade, ...] = ()
    review: tuple[str, ...] = ()
