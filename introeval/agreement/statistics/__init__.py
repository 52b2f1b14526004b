"""The statistics of agreement, one to a module. Pure, standard library only.

A statistic takes rows, one a submission, one mark a rater, ``None`` where there is no mark, and gives a number or
says why there is none (``Undefined``): never NaN, never a warning. Where scikit-learn, pingouin or krippendorff
define a number, it is the same to 1e-9, with one exception: a single submission gives no kappa and no alpha (they say
0, whatever the marks are).
"""

from introeval.agreement.statistics.absolute_error import mean_absolute_error
from introeval.agreement.statistics.alpha import Level, krippendorff_alpha
from introeval.agreement.statistics.icc import icc_2_1
from introeval.agreement.statistics.kappa import quadratic_weighted_kappa
from introeval.agreement.statistics.rows import Row, Undefined

__all__ = [
    "Level",
    "Row",
    "Undefined",
    "icc_2_1",
    "krippendorff_alpha",
    "mean_absolute_error",
    "quadratic_weighted_kappa",
]
