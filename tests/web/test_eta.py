"""The estimate of a student's waiting time, by hand."""

import pytest

from db.views import Pace
from introeval.web.eta import Outlook, eta_seconds
from scheduler.task import Phase, Task, TaskState
from scheduler.transitions import COMPLETED, FAILED, LLM_PENDING, LLM_PROCESSING, STT_PENDING

PACE = Pace(stt_per_media_second=0.1, llm_seconds=6.0, switchover_seconds=10.0)


def task(state: TaskState) -> Task:
    """A task with a minute of speech: 6 s of transcription."""
    return Task(
        id="a",
        roll_number="1",
        video_path="a.bin",
        state=state,
        created_at=0.0,
        updated_at=0.0,
        media_seconds=60.0,
    )


def outlook(phase: Phase, stt_left: int, llm_left: int, pace: Pace = PACE, slots: int = 2) -> Outlook:
    """Batches of 4, graded two at a time."""
    return Outlook(
        phase=phase, stt_left=stt_left, llm_left=llm_left, llm_slots=slots, batch_size=4, pace=pace
    )


@pytest.mark.parametrize(
    ("state", "ahead", "phase", "stt_left", "llm_left", "expected"),
    [
        # first of a batch of four: 4 x 6 s of STT, a switchover, one round of grades
        (STT_PENDING, 0, Phase.STT, 4, 0, 24 + 10 + 6),
        # last of it: two rounds
        (STT_PENDING, 3, Phase.STT, 4, 0, 24 + 10 + 12),
        # while three others are graded: their two rounds and a switchover first
        (STT_PENDING, 0, Phase.LLM, 1, 3, 12 + 10 + 6 + 10 + 6),
        # in the second batch: the whole first one with its switchovers before
        (STT_PENDING, 4, Phase.STT, 5, 0, (24 + 12 + 20) + 6 + 10 + 6),
        (LLM_PENDING, 0, Phase.LLM, 0, 1, 6),
        (LLM_PENDING, 2, Phase.LLM, 0, 3, 12),
        # its batch still has two in STT
        (LLM_PENDING, 0, Phase.STT, 2, 2, 12 + 10 + 6),
        (LLM_PROCESSING, None, Phase.LLM, 0, 1, 6),
    ],
)
def test_estimate(
    state: TaskState, ahead: int | None, phase: Phase, stt_left: int, llm_left: int, expected: float
) -> None:
    """The model in the module's text, reckoned by hand."""
    assert eta_seconds(task(state), ahead, outlook(phase, stt_left, llm_left)) == pytest.approx(expected)


@pytest.mark.parametrize("state", [COMPLETED, FAILED])
def test_ended(state: TaskState) -> None:
    """Nothing is left to wait for."""
    assert eta_seconds(task(state), None, outlook(Phase.LLM, 0, 0)) is None


def test_unknown() -> None:
    """No number is better than an invented one: before any work was measured, and with no server."""
    nothing = Pace(stt_per_media_second=None, llm_seconds=None, switchover_seconds=None)
    assert eta_seconds(task(STT_PENDING), 0, outlook(Phase.STT, 1, 0, nothing)) is None
    assert eta_seconds(task(STT_PENDING), 0, outlook(Phase.STT, 1, 0, slots=0)) is None
