"""Whose turn it is, and when a failed server is asked again. Plain functions; the pool acts on them."""

from collections.abc import Sequence


def next_in_turn(open_slots: Sequence[int], last: int) -> int | None:
    """The index of the first server after ``last`` that has an open slot; ``None`` when none has.

    Strict turn, whoever has more slots left: two equal servers share the work equally.
    """
    count = len(open_slots)
    order = ((last + step) % count for step in range(1, count + 1))
    return next((index for index in order if open_slots[index] > 0), None)


def backoff(failures: int, first: float, most: float) -> float:
    """Seconds until a server that failed ``failures`` times in a row is probed again: doubling, up to ``most``."""
    return float(min(most, first * 2 ** min(failures - 1, 16)))
