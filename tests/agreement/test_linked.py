"""Which works two models grade: stable, even, and as many as asked for."""

import pytest

from introeval.agreement.errors import AgreementError
from introeval.agreement.linked import linked


@pytest.mark.parametrize(
    ("n", "share", "least", "count"),
    [
        (30, 0.2, 5, 6),
        (31, 0.2, 5, 7),
        (10, 0.2, 5, 5),
        (3, 0.2, 5, 3),
        (100, 0.07, 5, 7),
        (30, 0, 5, 0),
        (9, 1, 0, 9),
    ],
)
def test_how_many_are_linked(n: int, share: float, least: int, count: int) -> None:
    """The share rounded up, at least so many, never more than there are; a share of 0 links none."""
    assert len(linked([f"id{at}" for at in range(n)], share, least)) == count


def test_the_choice_is_stable_and_even() -> None:
    """Order and repetition do not matter; a work that stays smallest stays; every id has its chance."""
    ids = [f"id{at}" for at in range(200)]
    assert linked(ids) == linked([*reversed(ids), *ids])
    assert linked(ids, 0.1) < linked(ids, 0.2)
    halves = [sum(one in linked(ids) for one in half) for half in (ids[:100], ids[100:])]
    assert sum(halves) == 40
    assert min(halves) > 10


@pytest.mark.parametrize(("share", "least"), [(-0.1, 5), (1.1, 5), (float("nan"), 5), (0.2, -1)])
def test_a_wrong_share_is_refused(share: float, least: int) -> None:
    """Nothing is guessed."""
    with pytest.raises(AgreementError, match="linked share"):
        linked(["a"], share, least)
