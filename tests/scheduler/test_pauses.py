"""The pause before a retry: by what failed, growing, spread, and the same at every look."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.pauses import PATIENT, PROMPT, SPREAD, pause_seconds
from scheduler.task import Task
from scheduler.transitions import LLM_PENDING, LLM_RETRY
from tests.scheduler.values import task


def failed(name: str, code: str, retries: int) -> Task:
    """A task that waits for a retry."""
    return task(name, LLM_RETRY, error_code=code, retry_count=retries)


@pytest.mark.parametrize(
    ("code", "retries", "factor"),
    [
        ("server_timeout", 1, 1.0),
        ("server_timeout", 3, 4.0),
        ("rate_limited", 1, PATIENT),
        ("rate_limited", 2, 2 * PATIENT),
        ("reply_schema", 1, PROMPT),
        ("reply_schema", 5, PROMPT),
        ("unexpected", 2, 2.0),
    ],
)
def test_the_pause_follows_the_failure(code: str, retries: int, factor: float) -> None:
    """Load is given more time at each turn; a badly written reply is not."""
    pauses = [pause_seconds(failed(f"t{n}", code, retries), 10.0) for n in range(200)]
    assert 10 * factor * (1 - SPREAD) <= min(pauses) < max(pauses) <= 10 * factor * (1 + SPREAD)
    assert max(pauses) - min(pauses) > 10 * factor * SPREAD, "tasks that failed together come back apart"


@given(name=st.text(min_size=1, max_size=20), retries=st.integers(0, 10))
def test_it_is_the_same_at_every_look(name: str, retries: int) -> None:
    """The policy asks again and again; a pause that changed would never be over."""
    one = failed(name, "server_timeout", retries)
    assert pause_seconds(one, 5.0) == pause_seconds(one, 5.0) >= 0


def test_a_first_attempt_does_not_wait() -> None:
    """Only retries do."""
    assert pause_seconds(task("a", LLM_PENDING), 5.0) == 0.0
