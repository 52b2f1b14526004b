"""The shapes of a grade: what it is, what it rests on, and how far it can be trusted."""

from typing import Literal

from pydantic import AwareDatetime

from introeval.web.shape import Body


class EvidenceBody(Body):
    """What a score rests on. In a recording: a quote with its seconds. Elsewhere ``place`` says where it is."""

    quote: str
    start: float | None = None
    end: float | None = None
    place: str | None = None


class CriterionBody(Body):
    """The score of one criterion of the rubric, with its reason. ``issues``, ``suggestions``: of a notebook."""

    name: str
    score: float | None = None
    max_score: float | None = None
    reason: str | None = None
    evidence: tuple[EvidenceBody, ...] = ()
    part: str | None = None
    issues: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()


class MarkBody(Body):
    """The score of one criterion, as a list has it: why is in the submission itself."""

    name: str
    score: float | None
    max_score: float | None


class PartBody(Body):
    """The grade of one part of the work; the parts add up to the whole."""

    name: str
    score: float
    max_score: float


class LetterBody(Body):
    """What the student is told about a notebook."""

    strengths: str
    improve: str
    next_step: str


class NoteBody(Body):
    """Something that the grader noted, and where it is in the recording."""

    text: str
    start: float
    end: float


class GuardBody(Body):
    """A rule that bounded the grade: why it is not more. ``cap``: the highest grade it allows."""

    code: str
    reason: str
    cap: float


class OpinionBody(Body):
    """What one model gave in one try, when several were asked."""

    model: str
    attempt: int
    score: float
    criteria: dict[str, float | None]


class FailureBody(Body):
    """A part that ended without a result while the whole went on: which, where, why, and what to do."""

    code: str
    stage: str
    place: str
    message: str
    advice: str


class LastRegradeBody(Body):
    """The last regrade, when it ended without a grade: the grade that is shown is an earlier version's, and stays.

    ``version``: the one that was asked for; it can be asked for again. ``at``: when it failed or was stopped, by
    whom is not known. ``failure``: why, and what to do."""

    version: int
    outcome: Literal["failed", "cancelled"]
    at: AwareDatetime
    failure: FailureBody


class FlagBody(Body):
    """Something a person should look at."""

    code: str
    message: str


class GradeBody(Body):
    """A grade, complete. ``facts``: about the speaker; ``problems``: of the speech; ``guards``: what bounded it.

    ``final``: false while a teacher must confirm it, and ``review`` then says why. ``version``: of the assignment.
    ``parts``, ``summary`` and ``feedback``: of a notebook. ``adjusted_score``: on the common scale of several models;
    null when nothing is to be adjusted.
    """

    score: float
    adjusted_score: float | None = None
    max_score: float
    version: int
    final: bool
    review: tuple[str, ...] = ()
    criteria: tuple[CriterionBody, ...] = ()
    facts: tuple[NoteBody, ...] = ()
    problems: tuple[NoteBody, ...] = ()
    guards: tuple[GuardBody, ...] = ()
    opinions: tuple[OpinionBody, ...] = ()
    parts: tuple[PartBody, ...] = ()
    summary: str | None = None
    feedback: LetterBody | None = None
