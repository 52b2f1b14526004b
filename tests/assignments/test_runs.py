"""How far a run is, in one word and one sentence."""

import pytest

from db.assignments import Reason, Tally
from introeval.assignments.runs import Run, RunState, run_of


def run(submitted: int, graded: int, failed: int, threshold: float = 0.8, **more: object) -> Run:
    """A run with these numbers."""
    return run_of(Tally(submitted=submitted, graded=graded, failed=failed, **more), threshold)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("submitted", "graded", "failed", "threshold", "state"),
    [
        (0, 0, 0, 0.8, RunState.WAITING),
        (30, 0, 0, 0.8, RunState.RUNNING),
        (30, 29, 0, 0.8, RunState.RUNNING),
        (30, 30, 0, 0.8, RunState.COMPLETE),
        (30, 24, 6, 0.8, RunState.COMPLETE),
        (30, 23, 7, 0.8, RunState.INCOMPLETE),
        (10, 7, 3, 0.7, RunState.COMPLETE),
        (3, 1, 2, 1 / 3, RunState.COMPLETE),
        (30, 0, 30, 0.8, RunState.INCOMPLETE),
        (30, 30, 0, 1.0, RunState.COMPLETE),
    ],
)
def test_state(submitted: int, graded: int, failed: int, threshold: float, state: RunState) -> None:
    """Exactly the threshold is enough; nothing is complete while something has not ended."""
    assert run(submitted, graded, failed, threshold).state is state


def test_the_sentence() -> None:
    """With the commonest reasons, and how many there are of others."""
    reasons = tuple(
        Reason(code=f"c{number}", message=f"Reason {number}.", tasks=tasks)
        for number, tasks in enumerate((4, 2, 1, 1, 1))
    )
    made = run(30, 21, 9, reasons=reasons)
    assert made.share == pytest.approx(0.7)
    assert made.detail == (
        "incomplete: 21 of 30 graded, 80 % needed; 9 failed: 4 x Reason 0; 2 x Reason 1; 1 x Reason 2; "
        "2 for other reasons."
    )
    assert run(3, 1, 0).detail == "running: 1 of 3 graded, 80 % needed; 2 to go."
    assert run(2, 2, 0, provisional=1).detail == (
        "complete: 2 of 2 graded, 80 % needed. 1 grade is provisional: a teacher must confirm it."
    )


def test_a_regrade_that_was_stopped_counts_and_one_that_failed_does_not() -> None:
    """Both are told; only what failed can make a run incomplete."""
    stopped = Reason(code="cancelled", message="It was stopped.", tasks=10)
    failed = Reason(code="rejected", message="It cannot be read.", tasks=7)
    made = run(30, 30, 0, kept_reasons=(stopped,))
    assert (made.state, made.share) == (RunState.COMPLETE, 1.0)
    assert made.detail == (
        "complete: 30 of 30 graded, 80 % needed; 10 kept an earlier grade: 10 x It was stopped."
    )
    made = run(30, 30, 0, kept_reasons=(stopped, failed))
    assert (made.state, made.share) == (RunState.INCOMPLETE, 23 / 30)
    assert made.detail == (
        "incomplete: 30 of 30 graded (23 of them as last asked), 80 % needed; 17 kept an earlier grade: "
        "10 x It was stopped; 7 x It cannot be read."
    )


def test_a_long_reason_is_cut() -> None:
    """One student's message does not fill the sentence, and stays one line."""
    reason = Reason(code="c", message="a\nb " * 200, tasks=1)
    detail = run(1, 0, 1, reasons=(reason,)).detail
    assert len(detail) < 300
    assert "\n" not in detail
