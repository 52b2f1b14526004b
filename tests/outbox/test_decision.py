"""What becomes of a message: every kind of answer, the growing pauses, and the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from introeval.outbox.decision import (
    MOST_RETRY_AFTER,
    Attempt,
    Fate,
    Patience,
    answered,
    decide,
    pause_after,
    retry_after_seconds,
)

NOW = 1_700_000_000.0
PATIENCE = Patience()


@pytest.mark.parametrize("status", range(100, 600))
def test_each_status_has_its_fate(status: int) -> None:
    """2xx delivered, 410 given up, everything else again; who is to blame follows from the class."""
    attempt = answered(status, None, NOW)
    fate = decide(attempt, 0, NOW, NOW, PATIENCE, 0.5).fate
    assert fate is (
        Fate.DELIVERED if 200 <= status <= 299 else Fate.GIVEN_UP if status == 410 else Fate.RETRY
    )
    assert attempt.receiver_failed is (status >= 500 or status in (408, 429))


def test_pauses_grow_to_their_longest() -> None:
    """5 s, 20 s, 80 s ... 6 h, in the middle of their spread."""
    pauses = [pause_after(tries, PATIENCE, 0.5) for tries in range(9)]
    assert pauses == [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600]
    assert pause_after(100_000, PATIENCE, 0.5) == 21600


@given(tries=st.integers(0, 1000), spread=st.floats(0, 1, exclude_max=True))
def test_jitter_is_a_quarter_at_most(tries: int, spread: float) -> None:
    """Up or down."""
    middle = pause_after(tries, PATIENCE, 0.5)
    assert 0.75 * middle <= pause_after(tries, PATIENCE, spread) <= 1.25 * middle


@given(
    age=st.floats(0, 10 * PATIENCE.max_age),
    tries=st.integers(0, 50),
    retry_after=st.none() | st.floats(0, MOST_RETRY_AFTER),
    spread=st.floats(0, 1, exclude_max=True),
)
def test_a_message_ends_at_its_age_and_not_before_its_tries(
    age: float, tries: int, retry_after: float | None, spread: float
) -> None:
    """Given up exactly when it is old and was tried enough; the next try is in the future and not beyond its age."""
    created = NOW - age
    attempt = Attempt(status=503, reason="Busy.", retry_after=retry_after)
    decision = decide(attempt, tries, created, NOW, PATIENCE, spread)
    ended = created + PATIENCE.max_age <= NOW and tries + 1 >= PATIENCE.least
    assert (decision.fate is Fate.GIVEN_UP) == ended
    if not ended:
        assert decision.next_at > NOW
        if created + PATIENCE.max_age > NOW:
            assert decision.next_at <= created + PATIENCE.max_age


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 14 Nov 2023 22:15:20 GMT", 120.0),
        ("Tue, 14 Nov 2023 22:15:20 -0000", 120.0),
        ("Tue, 14 Nov 2000 22:15:20 GMT", 0.0),
        ("9" * 400, MOST_RETRY_AFTER),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MOST_RETRY_AFTER),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2030 00:00:00 +99999999999999999999", None),
        ("-5", None),
        ("1.5", None),
        ("٣", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    """Seconds or a date, never more than a day; nonsense is no answer."""
    assert retry_after_seconds(header, NOW) == seconds


def test_retry_after_counts_where_it_means_something() -> None:
    """429 and 503; and it never makes a pause shorter."""
    assert [answered(status, "60", NOW).retry_after for status in (429, 503, 500, 302)] == [
        60,
        60,
        None,
        None,
    ]
    decision = decide(answered(503, "60", NOW), 0, NOW, NOW, PATIENCE, 0.5)
    assert decision.next_at == NOW + 60
    decision = decide(answered(503, "60", NOW), 6, NOW, NOW, PATIENCE, 0.5)
    assert decision.next_at == NOW + 20480
