"""When the receiver as a whole is left alone."""

import pytest

from introeval.outbox.breaker import ReceiverBreaker
from introeval.outbox.decision import Attempt, answered

NOW = 1000.0
NOBODY = Attempt(status=None, reason="Nobody.")


def failing(count: int) -> ReceiverBreaker:
    """So many submissions in a row found nobody."""
    breaker = ReceiverBreaker()
    for number in range(count):
        breaker.failed(f"t{number}", number, NOBODY, NOW, 0.5)
    return breaker


def test_one_bad_message_is_no_outage() -> None:
    """However often it fails; the others keep all their room."""
    breaker = ReceiverBreaker()
    for _ in range(20):
        assert not breaker.failed("t", 1, answered(500, None, NOW), NOW, 0.5)
    assert breaker.room(NOW, 0, 4) == 4


@pytest.mark.parametrize("status", [301, 400, 401, 404, 422])
def test_refused_messages_are_no_outage(status: int) -> None:
    """A receiver that refuses is there."""
    breaker = ReceiverBreaker()
    for number in range(20):
        assert not breaker.failed(f"t{number}", number, answered(status, None, NOW), NOW, 0.5)
    assert (breaker.outage, breaker.room(NOW, 1, 4)) == (False, 3)


def test_three_submissions_are_an_outage() -> None:
    """Told once; then a pause, one trial, a longer pause, up to the longest; late ones of the first round add none."""
    breaker = failing(2)
    assert breaker.failed("t2", 2, NOBODY, NOW, 0.5)
    assert not breaker.failed("t3", 3, NOBODY, NOW + 1, 0.5)
    assert (breaker.room(NOW + 4.9, 0, 4), breaker.room(NOW + 5, 0, 4), breaker.room(NOW + 5, 1, 4)) == (
        0,
        1,
        0,
    )
    pauses, now = [], NOW
    for _ in range(9):
        pauses.append(breaker.paused_until - now)
        now = breaker.paused_until
        assert not breaker.failed("t0", 0, NOBODY, now, 0.5)
    assert pauses == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_delivery_ends_the_outage() -> None:
    """What failed during it is named; without an outage nobody is."""
    assert failing(2).delivered() == ()
    breaker = failing(4)
    assert breaker.delivered() == (0, 1, 2, 3)
    assert (breaker.outage, breaker.failing, breaker.trials) == (False, {}, 0)
    assert breaker.delivered() == ()


def test_an_hour_makes_it_hopeless() -> None:
    """Then a trial speaks for those that were not tried."""
    breaker = failing(3)
    assert not breaker.speaks_for_all(NOW + 3599)
    assert breaker.speaks_for_all(NOW + 3600)
    assert not failing(2).speaks_for_all(NOW + 3600)


def test_in_an_outage_any_named_time_is_kept() -> None:
    """503 with ``Retry-After`` speaks for the whole receiver once it is an outage, and not before."""
    busy = answered(503, "600", NOW)
    breaker = failing(1)
    breaker.failed("t1", 1, busy, NOW, 0.5)
    assert breaker.paused_until == 0
    breaker.failed("t2", 2, busy, NOW, 0.5)
    assert (breaker.outage, breaker.paused_until) == (True, NOW + 600)


def test_a_named_time_is_kept() -> None:
    """429 with ``Retry-After`` pauses without an outage, and a delivery that was under way does not end the pause."""
    breaker = ReceiverBreaker()
    assert not breaker.failed("t", 1, answered(429, "60", NOW), NOW, 0.5)
    assert (breaker.room(NOW + 59, 0, 4), breaker.room(NOW + 60, 0, 4)) == (0, 4)
    breaker.delivered()
    assert breaker.room(NOW + 59, 0, 4) == 0
