"""How marks are rounded, summed and shown: nowhere else is this decided. Pure.

The rules:

1. A mark (of a question, a criterion, or the mean of several opinions of one) is kept to the hundredth.
2. A grade that is a weighted mean on a scale of its own, or an estimate on a common scale, is kept to the tenth.
3. Neither is above its maximum, and who has all of it keeps all of it: a maximum may be finer than the step (0.375).
4. What adds up adds up: a sum is that of the marks as they were rounded, and is not rounded to a step of its own.
5. What is shown is what is kept, without needless zeros: nothing is rounded a second time on its way to a page.
6. A tie goes to the even digit, as Python's ``round`` does, so that rounding favours nobody.
"""

from collections.abc import Iterable
from math import fsum

MARK_DIGITS = 2
GRADE_DIGITS = 1

CLEAN_DIGITS = 6
"""A sum is cut to these only so that 0.1 + 0.2 is 0.3."""

SHOWN_DIGITS = 4
"""More than the steps have: a maximum may be finer."""


def kept_mark(value: float, most: float) -> float:
    """A mark of at most ``most`` (rules 1 and 3)."""
    return _kept(value, most, MARK_DIGITS)


def kept_grade(value: float, most: float) -> float:
    """A grade on a scale of at most ``most`` (rules 2 and 3)."""
    return _kept(value, most, GRADE_DIGITS)


def _kept(value: float, most: float, digits: int) -> float:
    # The sum of three thirds may be a little less than the whole.
    return most if value > most - 10**-CLEAN_DIGITS else min(round(value, digits), most)


def summed(marks: Iterable[float]) -> float:
    """The sum of marks, or of their maxima (rule 4): a sum of marks is never above that of their maxima."""
    return round(fsum(marks), CLEAN_DIGITS)


def score_text(value: float) -> str:
    """As people write it (rule 5)."""
    return f"{value:.{SHOWN_DIGITS}f}".rstrip("0").rstrip(".")
