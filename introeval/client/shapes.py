"""What a client reads of the API's answers: only the fields that a terminal shows.

A newer daemon may send more; that is ignored. Times are seconds since the epoch, UTC; ``None`` means absent.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from introeval.grading.rounding import score_text


def _epoch(value: Any) -> Any:
    """The API writes RFC 3339; a client computes with numbers."""
    return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else value


Time = Annotated[float, BeforeValidator(_epoch)]


class Shape(BaseModel):
    """Immutable; unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Evidence(Shape):
    """A quote and where it is: in seconds from the start of the video, or in words (``place``) in other work."""

    start: float | None = None
    end: float | None = None
    place: str | None = None
    quote: str


class Criterion(Shape):
    """One line of the rubric with its score."""

    name: str
    score: float | None = None
    max_score: float | None = None
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()


class Guard(Shape):
    """A rule that bounded the grade; ``cap`` is the highest that it allows."""

    code: str
    reason: str
    cap: float


class Grade(Shape):
    """The result of the evaluation. ``review``: why a teacher must confirm it; empty: it is final.

    ``adjusted_score``: on the common scale of several models; absent: nothing is to be adjusted."""

    score: float
    adjusted_score: float | None = None
    max_score: float
    version: int | None = None
    final: bool = True
    review: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    guards: tuple[Guard, ...] = ()


class Flag(Shape):
    """Something that the teacher should look at."""

    code: str
    message: str = ""


class Failure(Shape):
    """A part that ended without a result while the whole went on."""

    place: str = ""
    message: str = ""
    advice: str = ""


class LastRegrade(Shape):
    """A regrade that ended without a grade; the earlier one stays. ``outcome``: ``failed`` or ``cancelled``."""

    version: int
    outcome: str = "failed"
    failure: Failure = Failure()

    @property
    def told(self) -> str:
        """In one line, with what to do."""
        how = "was stopped." if self.outcome == "cancelled" else f"failed: {self.failure.message}"
        return f"The regrade under version {self.version} {how} {self.failure.advice}".strip()


class Line(Shape):
    """A submission in a list. ``score``: as it was given; ``adjusted_score``, ``review``: as a ``Grade`` has them.

    ``criteria``: scores without reasons."""

    id: str
    kind: str = "intro_video"
    assignment: str = "introductions"
    roll_number: str
    name: str = ""
    current_phase: str
    status: str
    score: float | None = None
    adjusted_score: float | None = None
    max_score: float | None = None
    graded_version: int | None = None
    provisional: bool = False
    review: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    guards: tuple[Guard, ...] = ()
    failures: tuple[Failure, ...] = ()
    flags: tuple[Flag, ...] = ()
    model: str | None = None
    error_message: str | None = None
    regrade: LastRegrade | None = None
    retry_count: int = 0

    @property
    def why_not_more(self) -> tuple[str, ...]:
        """What bounded the grade, a sentence each; what a flag already says is left out."""
        return _bounds(self.guards, self.flags, self.max_score or 0.0)

    @property
    def ended(self) -> bool:
        """Completed or failed: nothing will change any more."""
        return self.current_phase in ("completed", "failed")


class Submission(Shape):
    """One student's work with its result, as far as there is one."""

    id: str
    kind: str = "intro_video"
    assignment: str = "introductions"
    roll_number: str
    name: str = ""
    current_phase: str
    status: str
    transcript: str | None = None
    grade: Grade | None = None
    failures: tuple[Failure, ...] = ()
    model: str | None = None
    server: str | None = None
    flags: tuple[Flag, ...] = ()
    error_message: str | None = None
    regrade: LastRegrade | None = None
    retry_count: int = 0

    @property
    def why_not_more(self) -> tuple[str, ...]:
        """What bounded the grade, a sentence each; what a flag already says is left out."""
        return () if self.grade is None else _bounds(self.grade.guards, self.flags, self.grade.max_score)


def _bounds(guards: Sequence[Guard], flags: Sequence[Flag], whole: float) -> tuple[str, ...]:
    flagged = {flag.code for flag in flags}
    return tuple(
        guard.reason + (f" At most {score_text(guard.cap)}." if guard.cap < whole else "")
        for guard in guards
        if guard.code not in flagged
    )


class Server(Shape):
    """One language-model server."""

    name: str
    model: str = ""
    healthy: bool = False
    in_flight: int = 0
    slots: int = 0
    graded: int = 0
    loaded: bool = False
    last_error: str | None = None
    strikes: int = 0
    next_try_seconds: float | None = None


class Running(Shape):
    """A task in somebody's hands."""

    task_id: str
    roll_number: str = ""
    stage: str
    started_at: Time
    progress: float | None = None
    server: str | None = None


class Batch(Shape):
    """A batch and how many of its tasks are in which stage."""

    id: int
    state: str
    size: int = 0
    counts: Mapping[str, int] = Field(default_factory=dict)


class Queues(Shape):
    """What waits for each side, and what runs."""

    stt: int = 0
    llm: int = 0
    active_workers: int = 0


class Status(Shape):
    """The daemon at one moment."""

    at: Time
    phase: str
    since: Time
    why: str = ""
    queues: Queues = Queues()
    totals: Mapping[str, int] = Field(default_factory=dict)
    servers: tuple[Server, ...] = ()
    batches: tuple[Batch, ...] = ()
    running: tuple[Running, ...] = ()
    violations: int = 0
    switchovers: int = 0
    last_switchover_seconds: float | None = None
    max_wait_seconds: float | None = None
    last_error: str | None = None
    stt_model: str = ""
    seconds_per_phase: Mapping[str, float] = Field(default_factory=dict)


class Page(Shape):
    """A page of the list of submissions."""

    items: tuple[Line, ...]
    total: int
