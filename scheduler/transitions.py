"""Every state change of the system, as tables. Nothing else computes a new state.

The theory. A task is a token that moves through two queues, and a batch is a barrier between them. The
machine itself is a lock with one writer side (STT) and one reader side (the language models). Three
small tables follow; each maps a state and an event to the next state.

The rules:

1. A state and event that are not in the table are an ``IllegalTransitionError``, and nothing changes.
2. Ended is ended, unless a person asks for a regrade: nothing else leads out of ``completed`` or ``failed``.
3. Only ``processing`` work can finish, fail or be given back, so a result has always been asked for.
4. ``RELEASED`` gives work back without counting a retry: a shutdown, a crash, or no server to ask.
5. The machine passes from one side to the other through ``switching``, never directly.
6. A grade that was given stays. A regrade that fails for good or is stopped is an event of its own, and leads back to
   ``completed``; whether there is an earlier grade is the tables' to say (``ending``).
"""

from collections.abc import Hashable, Mapping
from enum import StrEnum
from typing import TypeVar

from scheduler.errors import IllegalTransitionError
from scheduler.task import BatchState, Phase, Stage, Status, TaskState

S = TypeVar("S", bound=Hashable)
E = TypeVar("E", bound=Hashable)


class TaskEvent(StrEnum):
    """What can happen to a task."""

    STARTED = "started"
    TRANSCRIBED = "transcribed"
    EVALUATED = "evaluated"
    ATTEMPT_FAILED = "attempt_failed"
    GAVE_UP = "gave_up"
    RELEASED = "released"
    CANCELLED = "cancelled"
    REGRADED = "regraded"
    REGRADE_FAILED = "regrade_failed"
    REGRADE_CANCELLED = "regrade_cancelled"


class BatchEvent(StrEnum):
    """What can happen to a batch."""

    NO_STT = "no_stt"
    STT_STARTED = "stt_started"
    STT_DONE = "stt_done"
    ALL_ENDED = "all_ended"


class PhaseEvent(StrEnum):
    """What can happen to the machine."""

    LEAVING = "leaving"
    STT_READY = "stt_ready"
    LLM_READY = "llm_ready"


STT_PENDING = TaskState(Stage.STT, Status.PENDING)
STT_PROCESSING = TaskState(Stage.STT, Status.PROCESSING)
STT_RETRY = TaskState(Stage.STT, Status.RETRY)
LLM_PENDING = TaskState(Stage.LLM, Status.PENDING)
LLM_PROCESSING = TaskState(Stage.LLM, Status.PROCESSING)
LLM_RETRY = TaskState(Stage.LLM, Status.RETRY)
COMPLETED = TaskState(Stage.COMPLETED, Status.COMPLETED)
FAILED = TaskState(Stage.FAILED, Status.FAILED)

TASK_TRANSITIONS: Mapping[TaskState, Mapping[TaskEvent, TaskState]] = {
    STT_PENDING: {TaskEvent.STARTED: STT_PROCESSING, TaskEvent.CANCELLED: FAILED},
    STT_RETRY: {TaskEvent.STARTED: STT_PROCESSING, TaskEvent.CANCELLED: FAILED},
    STT_PROCESSING: {
        TaskEvent.TRANSCRIBED: LLM_PENDING,
        TaskEvent.ATTEMPT_FAILED: STT_RETRY,
        TaskEvent.GAVE_UP: FAILED,
        TaskEvent.RELEASED: STT_PENDING,
        TaskEvent.CANCELLED: FAILED,
    },
    LLM_PENDING: {
        TaskEvent.STARTED: LLM_PROCESSING,
        TaskEvent.CANCELLED: FAILED,
        TaskEvent.REGRADE_CANCELLED: COMPLETED,
    },
    LLM_RETRY: {
        TaskEvent.STARTED: LLM_PROCESSING,
        TaskEvent.CANCELLED: FAILED,
        TaskEvent.REGRADE_CANCELLED: COMPLETED,
    },
    LLM_PROCESSING: {
        TaskEvent.EVALUATED: COMPLETED,
        TaskEvent.ATTEMPT_FAILED: LLM_RETRY,
        TaskEvent.GAVE_UP: FAILED,
        TaskEvent.RELEASED: LLM_PENDING,
        TaskEvent.CANCELLED: FAILED,
        TaskEvent.REGRADE_FAILED: COMPLETED,
        TaskEvent.REGRADE_CANCELLED: COMPLETED,
    },
    COMPLETED: {TaskEvent.REGRADED: LLM_PENDING},
    FAILED: {TaskEvent.REGRADED: LLM_PENDING},
}

BATCH_TRANSITIONS: Mapping[BatchState, Mapping[BatchEvent, BatchState]] = {
    BatchState.WAITING: {
        BatchEvent.STT_STARTED: BatchState.TRANSCRIBING,
        # Homework and exam pages have nothing to transcribe, and a cancelled batch nothing at all.
        BatchEvent.NO_STT: BatchState.EVALUATING,
    },
    BatchState.TRANSCRIBING: {
        BatchEvent.STT_DONE: BatchState.EVALUATING,
        BatchEvent.ALL_ENDED: BatchState.DONE,
    },
    BatchState.EVALUATING: {BatchEvent.ALL_ENDED: BatchState.DONE},
    BatchState.DONE: {},
}

PHASE_TRANSITIONS: Mapping[Phase, Mapping[PhaseEvent, Phase]] = {
    Phase.STT: {PhaseEvent.LEAVING: Phase.SWITCHING},
    Phase.SWITCHING: {
        PhaseEvent.STT_READY: Phase.STT,
        PhaseEvent.LLM_READY: Phase.LLM,
        # A hand-over that failed, or that a crash interrupted, begins again.
        PhaseEvent.LEAVING: Phase.SWITCHING,
    },
    Phase.LLM: {PhaseEvent.LEAVING: Phase.SWITCHING},
}


def _follow(table: Mapping[S, Mapping[E, S]], state: S, event: E, what: str) -> S:
    try:
        return table[state][event]
    except KeyError:
        message = f"a {what} that is {state} cannot be {event}"
        raise IllegalTransitionError(message) from None


def next_task_state(state: TaskState, event: TaskEvent) -> TaskState:
    """The state after ``event``; raises ``IllegalTransitionError`` when the table has none."""
    return _follow(TASK_TRANSITIONS, state, event, "task")


def next_batch_state(state: BatchState, event: BatchEvent) -> BatchState:
    """The batch's state after ``event``; raises ``IllegalTransitionError`` when the table has none."""
    return _follow(BATCH_TRANSITIONS, state, event, "batch")


def next_phase(phase: Phase, event: PhaseEvent) -> Phase:
    """The machine's phase after ``event``; raises ``IllegalTransitionError`` when the table has none."""
    return _follow(PHASE_TRANSITIONS, phase, event, "machine")


def ending(event: TaskEvent, *, graded: bool) -> TaskEvent:
    """What ``GAVE_UP`` or ``CANCELLED`` is called for a task that an earlier version has ``graded`` (rule 6)."""
    if not graded:
        return event
    again = {
        TaskEvent.GAVE_UP: TaskEvent.REGRADE_FAILED,
        TaskEvent.CANCELLED: TaskEvent.REGRADE_CANCELLED,
    }
    return again.get(event, event)


def failure_event(retry_count: int, max_retries: int, *, retryable: bool) -> TaskEvent:
    """Retry within the batch while retries are left, then give up."""
    left = retry_count < max_retries
    return TaskEvent.ATTEMPT_FAILED if retryable and left else TaskEvent.GAVE_UP
