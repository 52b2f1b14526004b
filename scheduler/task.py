"""The values of the scheduler: tasks, batches and their states. Frozen; nothing here decides."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

USUAL_HAND_OUTS = 4
"""One for STT, one for a language model, and two that a restart or a dead server may have cost."""

LIFE = 1_000
"""Leases of one life: a task has a new one with each regrade, whose leases begin above all earlier ones."""


class Phase(StrEnum):
    """Who holds the machine: the writer (STT), the readers (LLM), or neither while it is handed over."""

    STT = "stt"
    LLM = "llm"
    SWITCHING = "switching"


class Stage(StrEnum):
    """Where a task is on its way (column ``current_phase`` of ``processing_tasks``)."""

    STT = "stt"
    LLM = "llm"
    COMPLETED = "completed"
    FAILED = "failed"


class Status(StrEnum):
    """What happens to a task in its stage (column ``status`` of ``processing_tasks``)."""

    PENDING = "pending"
    PROCESSING = "processing"
    RETRY = "retry"
    COMPLETED = "completed"
    FAILED = "failed"


_WAITING = (Status.PENDING, Status.RETRY)


class TaskState(NamedTuple):
    """A task's whole state: the pair that the transition table is keyed by."""

    stage: Stage
    status: Status

    def __str__(self) -> str:
        return f"{self.stage}/{self.status}"


class BatchState(StrEnum):
    """A batch's way: closed and waiting, its STT phase, its language-model phase, the end."""

    WAITING = "waiting"
    TRANSCRIBING = "transcribing"
    EVALUATING = "evaluating"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One accepted submission. Times are seconds since the epoch, UTC."""

    id: str
    roll_number: str
    video_path: str
    state: TaskState
    priority: int = 0
    created_at: float
    updated_at: float
    completed_at: float | None = None
    user_id: str = ""
    student_name: str = ""
    file_name: str = ""
    transcript_path: str | None = None
    batch_id: int | None = None
    retry_count: int = 0
    lease: int = 0
    media_seconds: float | None = None
    error_code: str | None = None
    error_message: str | None = None
    kind: str = "intro_video"
    assignment_id: str = "introductions"
    assignment_version: int = 1
    request: str | None = None

    @property
    def waiting(self) -> bool:
        """Not ended and not in anyone's hands."""
        return self.state.status in _WAITING

    @property
    def running(self) -> bool:
        return self.state.status is Status.PROCESSING

    @property
    def suspect(self) -> bool:
        """It failed before, or was handed out unusually often: it may be what takes its worker down."""
        return self.state.status is Status.RETRY or self.hand_outs > USUAL_HAND_OUTS

    @property
    def hand_outs(self) -> int:
        """How often it was handed out since it came, or since its last regrade, which is work like any other.

        After ``LIFE`` of them without an end it counts from 0 again: a few turns beside others do no harm.
        """
        return self.lease % LIFE

    @property
    def next_life(self) -> int:
        """The lease of a regrade before it is handed out. It only grows: a zombie's is never the current one."""
        return (self.lease // LIFE + 1) * LIFE

    def turn(self) -> tuple[bool, int, float, str]:
        """Sort key of every queue: first attempts before retries, then priority, then age."""
        return (self.state.status is Status.RETRY, -self.priority, self.created_at, self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Tasks that share one STT phase; evaluated only when none of them is left in STT."""

    id: int
    state: BatchState
    created_at: float
    size: int
