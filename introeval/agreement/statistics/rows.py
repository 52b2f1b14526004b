"""Rows of marks, and why a statistic may have no value. Pure."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TypeGuard

Row = Sequence[float | None]
"""One submission's marks, one a rater, always in the same order; ``None``: not marked."""


class Undefined(StrEnum):
    """Why there is no number."""

    TOO_FEW = "too_few"
    """Fewer submissions (or raters) than the statistic needs."""
    ONE_VALUE = "one_value"
    """Every mark is the same: nothing that raters could agree about beyond chance."""
    NO_VARIANCE = "no_variance"
    """The denominator vanishes: neither submissions nor raters differ in their means."""
    UNSTABLE = "unstable"
    """Too many bootstrap samples had no value, so that an interval would be about the others only."""

    @property
    def meaning(self) -> str:
        """A sentence for people."""
        return _MEANINGS[self]


_MEANINGS = {
    Undefined.TOO_FEW: "There are too few submissions that were marked by both.",
    Undefined.ONE_VALUE: "All marks are the same, so agreement cannot be told from chance.",
    Undefined.NO_VARIANCE: "Neither the submissions nor the raters differ on average.",
    Undefined.UNSTABLE: "There are too few different marks for an interval.",
}


def complete(rows: Sequence[Row]) -> list[Sequence[float]]:
    """The rows in which nobody's mark is missing (listwise deletion)."""
    return [row for row in rows if _full(row)]


def _full(row: Row) -> TypeGuard[Sequence[float]]:
    return None not in row


def one_value(rows: Sequence[Sequence[float]]) -> bool:
    """Whether every mark of every row is the same."""
    first = rows[0][0]
    return all(mark == first for row in rows for mark in row)
