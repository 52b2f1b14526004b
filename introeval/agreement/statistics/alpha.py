"""Krippendorff's alpha, interval and ordinal, for any number of raters with gaps. Pure.

Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011),
https://repository.upenn.edu/asc_papers/43; A. F. Hayes, K. Krippendorff, Communication Methods and Measures 1 (2007),
77-89.

Alpha is 1 - D_o / D_e, the observed over the expected squared distance of two marks for one submission. A submission
with fewer than two marks is not pairable and is left out. With squared distances both sums close:

    D_o = sum over submissions of (m sum x^2 - (sum x)^2) / (m - 1)        m marks each
    D_e = (N sum x^2 - (sum x)^2) / (N - 1)                                over all N pairable marks

The ordinal distance of two values, the number of marks from the one to the other with half of each end, is the
difference of their midranks among the pairable marks: ordinal alpha is interval alpha of the midranks.

No value: fewer than two pairable submissions (krippendorff: 0 for one, an error for none); one value only
(krippendorff: an error, or NaN and a warning where another value occurs in unpairable submissions).
"""

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from itertools import chain

from introeval.agreement.statistics.rows import Row, Undefined, one_value


class Level(StrEnum):
    """The level of measurement."""

    INTERVAL = "interval"
    """Differences count: from 2 to 4 is twice as far as from 2 to 3."""
    ORDINAL = "ordinal"
    """Only the order counts."""


def krippendorff_alpha(rows: Sequence[Row], level: Level = Level.INTERVAL) -> float | Undefined:
    """Alpha; 1 is full agreement, 0 what chance gives."""
    units = [unit for row in rows if len(unit := _marks(row)) > 1]
    if len(units) < 2:
        return Undefined.TOO_FEW
    if one_value(units):
        return Undefined.ONE_VALUE
    if level is Level.ORDINAL:
        rank = _midranks(units)
        units = [[rank[mark] for mark in unit] for unit in units]
    # Sums of squares about the mean of all marks, so that the differences below keep their digits.
    count = sum(map(len, units))
    mean = sum(map(sum, units)) / count
    observed = total = squares = 0.0
    for unit in units:
        m, at, of_squares = len(unit), 0.0, 0.0
        for mark in unit:
            away = mark - mean
            at += away
            of_squares += away * away
        observed += (m * of_squares - at * at) / (m - 1)
        total += at
        squares += of_squares
    expected = (count * squares - total * total) / (count - 1)
    return 1 - observed / expected


def _marks(row: Row) -> Sequence[float]:
    return [mark for mark in row if mark is not None]


def _midranks(units: Sequence[Sequence[float]]) -> dict[float, float]:
    below, found = 0, {}
    for value, count in sorted(Counter(chain.from_iterable(units)).items()):
        found[value] = below + count / 2
        below += count
    return found
