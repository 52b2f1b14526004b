"""Mean absolute error between two raters, in marks. Pure. As ``sklearn.metrics.mean_absolute_error``."""

from collections.abc import Sequence

from introeval.agreement.statistics.rows import Row, Undefined, complete


def mean_absolute_error(rows: Sequence[Row]) -> float | Undefined:
    """The mean of ``|first - second|`` over the rows of two marks; rows with a missing one are left out."""
    pairs = complete(rows)
    if not pairs:
        return Undefined.TOO_FEW
    return sum(abs(first - second) for first, second in pairs) / len(pairs)
