"""Two raters, or more, compared: counts of differing marks, and statistics with their intervals. Pure.

``heed`` is called before each computation of a statistic (a thousand an interval); it raises when nobody waits for the
result any more.
"""

from collections.abc import Callable, Sequence

from pydantic import Field

from introeval.agreement.bootstrap import Interval, Method, Resampling, bootstrap
from introeval.agreement.discrepancies import Discrepancies, discrepancies
from introeval.agreement.marks import Tolerance, Value
from introeval.agreement.raters import Rater, Scale, Sheet, side_by_side
from introeval.agreement.statistics import (
    Level,
    Row,
    Undefined,
    icc_2_1,
    krippendorff_alpha,
    mean_absolute_error,
    quadratic_weighted_kappa,
)

Heed = Callable[[], None]


def unheeding() -> None:
    """For who always waits."""


class Options(Value):
    """How to compare. ``question_intervals``: off, statistics by question come without intervals, and sooner."""

    tolerance: Tolerance = Tolerance()
    resampling: Resampling = Resampling()
    question_intervals: bool = True


class Figure(Value):
    """A statistic over ``n`` submissions. ``reason``: why there is no value; ``interval_reason``: why no interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    method: Method | None = None
    n: int
    reason: Undefined | None = None
    interval_reason: Undefined | None = None


class Statistics(Value):
    """Of two raters. The error is in marks; the others are 1 for full agreement and about 0 for chance."""

    mean_absolute_error: Figure
    quadratic_weighted_kappa: Figure
    icc_2_1: Figure
    alpha_interval: Figure
    alpha_ordinal: Figure


class Comparison(Value):
    """Two raters over the submissions that both have: counts, statistics of whole grades, statistics by question."""

    first: Rater
    second: Rater
    discrepancies: Discrepancies
    total: Statistics
    questions: dict[str, Statistics] = Field(default_factory=dict)


class Panel(Value):
    """Three raters or more together, by whole grades. ICC needs the works that all graded, alpha two grades a work."""

    raters: tuple[Rater, ...]
    icc_2_1: Figure
    alpha_interval: Figure
    alpha_ordinal: Figure


def compare(
    first: Sheet, second: Sheet, scale: Scale, options: Options, heed: Heed = unheeding
) -> Comparison:
    """Raises ``AgreementError`` for marks or questions that do not fit together."""
    laid = side_by_side((first, second), scale)
    how = options.resampling
    return Comparison(
        first=first.rater,
        second=second.rater,
        discrepancies=discrepancies(laid.marks[0], laid.marks[1], laid.scale, options.tolerance),
        total=_statistics(laid.rows(), how, heed),
        questions={
            question: _statistics(laid.rows(question), how if options.question_intervals else None, heed)
            for question in scale.questions
            if question in laid.scale
        },
    )


def panel(sheets: Sequence[Sheet], scale: Scale, options: Options, heed: Heed = unheeding) -> Panel:
    """All of them together, gaps allowed. Raises ``AgreementError`` as ``compare``."""
    laid = side_by_side(tuple(sheets), scale)
    everybody = sorted(set().union(*(totals.keys() for totals in laid.totals)))
    rows: list[Row] = [[totals.get(work) for totals in laid.totals] for work in everybody]
    whole = [row for row in rows if None not in row]
    pairable = [row for row in rows if sum(mark is not None for mark in row) > 1]
    how = options.resampling
    return Panel(
        raters=tuple(sheet.rater for sheet in sheets),
        icc_2_1=figure(whole, icc_2_1, how, heed),
        alpha_interval=figure(pairable, krippendorff_alpha, how, heed),
        alpha_ordinal=figure(pairable, _ordinal, how, heed),
    )


def figure(
    rows: Sequence[Row],
    statistic: Callable[[Sequence[Row]], float | Undefined],
    how: Resampling | None,
    heed: Heed = unheeding,
) -> Figure:
    """A statistic of rows that it can use, with its interval when ``how`` is given."""

    def heeding(drawn: Sequence[Row]) -> float | Undefined:
        heed()
        return statistic(drawn)

    value = heeding(rows)
    if isinstance(value, Undefined):
        return Figure(value=None, n=len(rows), reason=value, interval_reason=value)
    found = bootstrap(rows, heeding, how) if how else None
    if isinstance(found, Interval):
        return Figure(value=value, n=len(rows), low=found.low, high=found.high, method=found.method)
    return Figure(value=value, n=len(rows), interval_reason=found)


def _statistics(rows: Sequence[Row], how: Resampling | None, heed: Heed) -> Statistics:
    pairs = [row for row in rows if None not in row]
    return Statistics(
        mean_absolute_error=figure(pairs, mean_absolute_error, how, heed),
        quadratic_weighted_kappa=figure(pairs, quadratic_weighted_kappa, how, heed),
        icc_2_1=figure(pairs, icc_2_1, how, heed),
        alpha_interval=figure(pairs, krippendorff_alpha, how, heed),
        alpha_ordinal=figure(pairs, _ordinal, how, heed),
    )


def _ordinal(rows: Sequence[Row]) -> float | Undefined:
    return krippendorff_alpha(rows, Level.ORDINAL)
