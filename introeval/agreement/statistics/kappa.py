"""Quadratic weighted kappa of two raters. Pure.

Source: J. Cohen, "Weighted kappa", Psychological Bulletin 70 (1968), 213-220.

The weight of a disagreement is the square of the distance of the two marks. With marks on an even scale (0, 1, 2, ...
or steps of a half) the size of the step cancels, so no list of categories is needed, and marks that nobody happened
to give do not bend the scale. This is ``sklearn.metrics.cohen_kappa_score(weights="quadratic", labels=<every
step>)``, and equal to Lin's concordance correlation coefficient (Biometrics 45, 1989): 1 - E(a - b)^2 / (var a + var
b + (mean a - mean b)^2).

``categories`` are for an uneven scale (0, 1, 2, 5): their ranks are then the distances. With ``labels=None``
scikit-learn takes the ranks of the marks that occur; ``categories=sorted(set of marks)`` gives that.

No value: fewer than two rows (scikit-learn: 0 for one row, NaN and a warning, or an error, otherwise); one mark only
(scikit-learn: NaN and a warning).
"""

from collections.abc import Sequence

from introeval.agreement.errors import AgreementError
from introeval.agreement.statistics.rows import Row, Undefined, complete, one_value


def quadratic_weighted_kappa(
    rows: Sequence[Row], categories: Sequence[float] | None = None
) -> float | Undefined:
    """Kappa over the rows of two marks; rows with a missing one are left out. Between -1 and 1.

    Raises ``AgreementError`` when there are ``categories`` and a mark is none of them.
    """
    pairs = complete(rows)
    if len(pairs) < 2:
        return Undefined.TOO_FEW
    if one_value(pairs):
        return Undefined.ONE_VALUE
    if categories is not None:
        pairs = _ranked(pairs, categories)
    n = len(pairs)
    # Distances from one of the marks: exact where it matters, and small numbers to square.
    origin = pairs[0][0]
    firsts = [first - origin for first, _ in pairs]
    seconds = [second - origin for _, second in pairs]
    observed = sum((first - second) ** 2 for first, second in pairs) / n
    squares = (sum(x * x for x in firsts) + sum(x * x for x in seconds)) / n
    by_chance = squares - 2 * (sum(firsts) / n) * (sum(seconds) / n)
    return 1 - observed / by_chance


def _ranked(pairs: Sequence[Sequence[float]], categories: Sequence[float]) -> list[Sequence[float]]:
    rank = {category: float(at) for at, category in enumerate(sorted(set(categories)))}
    try:
        return [tuple(rank[mark] for mark in pair) for pair in pairs]
    except KeyError as error:
        raise AgreementError(f"The mark {error.args[0]!r} is none of the categories.") from None
