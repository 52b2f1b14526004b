"""The shapes that go out: pydantic models that serialise answers and make the OpenAPI document.

Absent values are ``null``; times are ISO 8601 in UTC; spans are seconds.
"""

from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

StageName = Literal["stt", "llm", "completed", "failed"]
StatusName = Literal["pending", "processing", "completed", "failed", "retry"]
PhaseName = Literal["stt", "llm", "switching"]


def utc(seconds: float) -> datetime:
    """Seconds since the epoch as a point in time."""
    return datetime.fromtimestamp(seconds, UTC)


class Body(BaseModel):
    """Base of all. Reports come from another version of the program at times: unknown members are left out."""

    model_config = ConfigDict(
        extra="ignore", frozen=True, str_strip_whitespace=True, protected_namespaces=(), defer_build=True
    )


class SegmentBody(Body):
    """A piece of a transcript; seconds from the start of the recording."""

    start: float
    end: float
    text: str


class EvidenceBody(Body):
    """A quote, and where it is in the recording."""

    start: float
    end: float
    quote: str


class CriterionBody(Body):
    """The score of one criterion of the rubric, with its reason."""

    name: str
    score: float | None = None
    max_score: float | None = None
    reason: str | None = None
    evidence: tuple[EvidenceBody, ...] = ()


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


class GradeBody(Body):
    """A grade, complete. ``facts``: about the speaker; ``problems``: of the speech; ``guards``: what bounded it."""

    score: float
    max_score: float
    criteria: tuple[CriterionBody, ...] = ()
    facts: tuple[NoteBody, ...] = ()
    problems: tuple[NoteBody, ...] = ()
    guards: tuple[GuardBody, ...] = ()


class FlagBody(Body):
    """Something a person should look at."""

    code: str
    message: str


class SubmissionHead(Body):
    """What every view of a submission has."""

    id: str
    roll_number: str
    name: str
    current_phase: StageName
    status: StatusName
    flags: tuple[FlagBody, ...]
    error_code: str | None
    error_message: str | None
    retry_count: int
    batch_id: int | None
    media_seconds: float | None
    created_at: AwareDatetime
    completed_at: AwareDatetime | None


class SubmissionBody(SubmissionHead):
    """One submission with everything that is known of it."""

    file_name: str
    place: int | None = Field(description="1: next in its queue; null: does not wait")
    eta_seconds: float | None = Field(description="an estimate of the time until the grade")
    transcript: str | None
    segments: tuple[SegmentBody, ...] | None
    grade: GradeBody | None
    model: str | None
    server: str | None
    updated_at: AwareDatetime


class SubmissionLine(SubmissionHead):
    """A submission in a list. ``telling``: the criterion that explains the grade best, with one quote or none."""

    score: float | None
    max_score: float | None
    guards: tuple[GuardBody, ...]
    telling: CriterionBody | None


class SubmissionPage(Body):
    """A part of a list. ``next``: the address of the part after it."""

    total: int
    limit: int
    offset: int
    next: str | None
    items: tuple[SubmissionLine, ...]


class ServerBody(Body):
    """One language-model server."""

    name: str
    url: str
    model: str
    healthy: bool
    in_flight: int
    slots: int
    graded: int
    failures: int
    loaded: bool
    last_error: str | None


class RunningBody(Body):
    """A task in somebody's hands. ``progress``: 0 to 1 of its stage, where that can be told."""

    task_id: str
    roll_number: str
    stage: StageName
    started_at: AwareDatetime
    progress: float | None
    server: str | None


class BatchBody(Body):
    """A batch, and how many of its tasks are in which stage."""

    id: int
    state: str
    created_at: AwareDatetime
    size: int
    counts: dict[str, int]


class QueuesBody(Body):
    """What waits for each side, and what runs."""

    stt: int
    llm: int
    active_workers: int


class StatusBody(Body):
    """The whole daemon at one moment."""

    at: AwareDatetime
    phase: PhaseName
    since: AwareDatetime
    why: str
    queues: QueuesBody
    totals: dict[str, int]
    servers: tuple[ServerBody, ...]
    batches: tuple[BatchBody, ...]
    running: tuple[RunningBody, ...]
    violations: int
    switchovers: int
    last_switchover_seconds: float | None
    max_wait_seconds: float | None
    last_error: str | None
    stt_model: str
    seconds_per_phase: dict[str, float]


class EventBody(Body):
    """The data of one server-sent event; its id is the stream's. No names, no speech."""

    id: int
    at: AwareDatetime
    kind: str
    task_id: str | None
    batch_id: int | None
    source: str | None
    target: str | None


class HealthBody(Body):
    """Whether the process answers, and in ``checks`` what it depends on."""

    ok: bool
    checks: dict[str, str] = {}


class ProblemBody(Body):
    """RFC 9457 problem details, with a stable ``code``."""

    type: str
    title: str
    status: int
    detail: str
    code: str
