"""The tables: every state x event either leads where the table says or is refused, and they can all be reached."""

import itertools

import pytest

from scheduler.errors import IllegalTransitionError
from scheduler.task import BatchState, Phase, Stage, Status, TaskState
from scheduler.transitions import (
    BATCH_TRANSITIONS,
    COMPLETED,
    FAILED,
    LLM_PENDING,
    PHASE_TRANSITIONS,
    STT_PENDING,
    TASK_TRANSITIONS,
    BatchEvent,
    PhaseEvent,
    TaskEvent,
    failure_event,
    next_batch_state,
    next_phase,
    next_task_state,
)

ALL_STATES = [TaskState(stage, status) for stage, status in itertools.product(Stage, Status)]


@pytest.mark.parametrize(("state", "event"), list(itertools.product(ALL_STATES, TaskEvent)), ids=str)
def test_every_task_state_and_event(state: TaskState, event: TaskEvent) -> None:
    """What is in the table happens; everything else, impossible states included, is refused."""
    expected = TASK_TRANSITIONS.get(state, {}).get(event)
    if expected is None:
        with pytest.raises(IllegalTransitionError, match=f"{state} cannot be {event}"):
            next_task_state(state, event)
    else:
        assert next_task_state(state, event) == expected


@pytest.mark.parametrize(("state", "event"), list(itertools.product(BatchState, BatchEvent)))
def test_every_batch_state_and_event(state: BatchState, event: BatchEvent) -> None:
    """The same for batches."""
    expected = BATCH_TRANSITIONS[state].get(event)
    if expected is None:
        with pytest.raises(IllegalTransitionError):
            next_batch_state(state, event)
    else:
        assert next_batch_state(state, event) is expected


@pytest.mark.parametrize(("phase", "event"), list(itertools.product(Phase, PhaseEvent)))
def test_every_phase_and_event(phase: Phase, event: PhaseEvent) -> None:
    """The same for the machine."""
    expected = PHASE_TRANSITIONS[phase].get(event)
    if expected is None:
        with pytest.raises(IllegalTransitionError):
            next_phase(phase, event)
    else:
        assert next_phase(phase, event) is expected


def test_ended_is_ended() -> None:
    """Nothing but a person's wish for a regrade leads out of completed or failed."""
    again = {TaskEvent.REGRADED: LLM_PENDING}
    assert [TASK_TRANSITIONS[COMPLETED], TASK_TRANSITIONS[FAILED]] == [again, again]


def test_sides_never_follow_each_other_directly() -> None:
    """Between STT and the language models there is always a hand-over."""
    pairs = {(source, target) for source, row in PHASE_TRANSITIONS.items() for target in row.values()}
    assert not pairs & {(Phase.STT, Phase.LLM), (Phase.LLM, Phase.STT)}


def test_every_state_is_reachable() -> None:
    """From an accepted upload, events lead to every state of the table and to nothing else."""
    reached, todo = set[TaskState](), [STT_PENDING]
    while todo:
        state = todo.pop()
        if state not in reached:
            reached.add(state)
            todo += TASK_TRANSITIONS[state].values()
    assert reached == set(TASK_TRANSITIONS)


@pytest.mark.parametrize(
    ("retries", "retryable", "expected"),
    [
        (0, True, TaskEvent.ATTEMPT_FAILED),
        (1, True, TaskEvent.ATTEMPT_FAILED),
        (2, True, TaskEvent.GAVE_UP),
        (0, False, TaskEvent.GAVE_UP),
    ],
)
def test_retries_run_out(retries: int, retryable: bool, expected: TaskEvent) -> None:
    """With two retries allowed, the third failure is the last, and a hopeless one is the first."""
    assert failure_event(retries, 2, retryable=retryable) is expected
