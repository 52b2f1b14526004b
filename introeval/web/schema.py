"""The shapes of submissions and of refusals (``shape`` says how values are written).

They are pydantic models that serialise answers and make the OpenAPI document.
"""

from pydantic import AwareDatetime, Field

from introeval.web.grade_schema import (
    CriterionBody,
    FailureBody,
    FlagBody,
    GradeBody,
    GuardBody,
    LastRegradeBody,
    MarkBody,
    OpinionBody,
)
from introeval.web.shape import Body, StageName, StatusName, utc

__all__ = [
    "Body",
    "FieldErrorBody",
    "FieldProblemBody",
    "ProblemBody",
    "SegmentBody",
    "StageName",
    "StatusName",
    "SubmissionBody",
    "SubmissionHead",
    "SubmissionLine",
    "SubmissionPage",
    "utc",
]


class SegmentBody(Body):
    """A piece of a transcript; seconds from the start of the recording."""

    start: float
    end: float
    text: str


class SubmissionHead(Body):
    """What every view of a submission has."""

    id: str
    kind: str
    assignment: str
    assignment_version: int
    roll_number: str
    name: str
    current_phase: StageName
    status: StatusName
    flags: tuple[FlagBody, ...]
    error_code: str | None
    error_message: str | None
    regrade: LastRegradeBody | None = Field(
        description="the last regrade, when it failed or was cancelled and an earlier grade stays"
    )
    retry_count: int
    batch_id: int | None
    media_seconds: float | None
    created_at: AwareDatetime
    completed_at: AwareDatetime | None
    delete_after: AwareDatetime | None = Field(description="when it is to be deleted; null: never by itself")


class SubmissionBody(SubmissionHead):
    """One submission with everything that is known of it."""

    file_name: str
    place: int | None = Field(description="1: next in its queue; null: does not wait")
    eta_seconds: float | None = Field(description="an estimate of the time until the grade")
    transcript: str | None
    segments: tuple[SegmentBody, ...] | None
    grade: GradeBody | None
    failures: tuple[FailureBody, ...] = Field(
        description="parts that ended without a result, under the grade's version"
    )
    model: str | None
    server: str | None
    updated_at: AwareDatetime


class SubmissionLine(SubmissionHead):
    """A submission in a list. ``telling``: the criterion that explains the grade best, with one quote or none.

    ``provisional``: there is a grade, and a teacher must confirm it (``review`` says why). ``adjusted_score``: on the
    common scale of several models; null when nothing is to be adjusted.
    """

    score: float | None
    adjusted_score: float | None
    max_score: float | None
    graded_version: int | None
    provisional: bool
    review: tuple[str, ...]
    opinions: tuple[OpinionBody, ...]
    failures: tuple[FailureBody, ...]
    guards: tuple[GuardBody, ...]
    telling: CriterionBody | None
    criteria: tuple[MarkBody, ...]
    model: str | None


class SubmissionPage(Body):
    """A part of a list. ``next``: the address of the part after it."""

    total: int
    limit: int
    offset: int
    next: str | None
    items: tuple[SubmissionLine, ...]


class ProblemBody(Body):
    """RFC 9457 problem details, with a stable ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str


class FieldErrorBody(Body):
    """One wrong field. ``field``: its path, such as ``marking[2].points``; ``the whole`` when it is no single one."""

    field: str
    message: str


class FieldProblemBody(ProblemBody):
    """Problem details of a document with wrong fields: each with its reason."""

    errors: tuple[FieldErrorBody, ...]
