"""ICC(2,1): two-way random effects, single rating, absolute agreement. Pure.

Source: P. E. Shrout, J. L. Fleiss, "Intraclass correlations: uses in assessing rater reliability", Psychological
Bulletin 86 (1979), 420-428; McGraw and Wong (1996) call it ICC(A,1), and so does pingouin. From the mean squares of
the two-way table of n submissions and k raters, between submissions (b), raters (j) and the rest (e):

    (MS_b - MS_e) / (MS_b + (k - 1) MS_e + k (MS_j - MS_e) / n)

Rows with a missing mark are left out (pingouin's ``nan_policy="omit"``). No value: fewer than two full rows or two
raters; every mark the same (pingouin: NaN); a denominator of 0 (only two rows of two marks that mirror each other;
pingouin refuses fewer than five marks).
"""

from collections.abc import Sequence

from introeval.agreement.statistics.rows import Row, Undefined, complete, one_value

VANISHED = 1e-12


def icc_2_1(rows: Sequence[Row]) -> float | Undefined:
    """The coefficient; 1 is full agreement, and it may fall below 0."""
    table = complete(rows)
    if len(table) < 2 or len(table[0]) < 2:
        return Undefined.TOO_FEW
    if one_value(table):
        return Undefined.ONE_VALUE
    n, k = len(table), len(table[0])
    # Sums of squares about the mean of all marks, so that the differences below keep their digits.
    sums = [sum(row) for row in table]
    mean = sum(sums) / (n * k)
    total = sum((mark - mean) ** 2 for row in table for mark in row)
    of_rows = sum((at - k * mean) ** 2 for at in sums) / k
    columns: list[tuple[float, ...]] = list(zip(*table, strict=True))
    of_raters = sum((sum(column) - n * mean) ** 2 for column in columns) / n
    rest = max(0.0, total - of_rows - of_raters) / ((n - 1) * (k - 1))
    between, raters = of_rows / (n - 1), of_raters / (k - 1)
    below = between + (k - 1) * rest + k * (raters - rest) / n
    if below <= VANISHED * total:
        return Undefined.NO_VARIANCE
    return (between - rest) / below
