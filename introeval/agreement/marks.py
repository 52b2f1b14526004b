"""What is compared: marks by question, and when two of them count as the same. Pure.

1. A question is named by a string: its number as written, or a criterion's name. A mark lies between 0 and the
   question's highest mark; more than that (a bonus) counts as full.
2. A mark that is not there is ``None`` or absent. It is never taken for 0: it is left out and counted apart.
3. Two marks are the same when they differ by at most 1e-9 of the highest mark: 0.1 + 0.2 is 0.3.
4. Statistics ask whether values are equal, so they never see a sum of floats as it is: marks and totals of sheets are
   laid on a grid of millionths (``on_grid``) before their rows are made.
"""

import math
from collections.abc import Mapping
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from introeval.agreement.errors import AgreementError

Marks = Mapping[str, float | None]
"""One submission's marks, by question."""

MarkSheet = Mapping[str, Marks]
"""One rater's marks, by submission."""

SAME = 1e-9
GRID_DIGITS = 6
TOTAL = "total"
"""The name of the whole grade where it stands beside questions, or in their place."""


class Value(BaseModel):
    """A frozen result that goes out as JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True, serialize_by_alias=True)


class Tolerance(Value):
    """How far two marks may lie apart without counting: ``share`` of the highest mark, or ``marks`` if that is set."""

    share: float = Field(default=0.1, ge=0, le=1)
    marks: float | None = Field(default=None, ge=0)

    def allows(self, difference: float, max_mark: float) -> bool:
        """Whether the difference is within; one that is just as large as the tolerance is."""
        limit = self.share * max_mark if self.marks is None else self.marks
        return abs(difference) <= limit + SAME * max_mark


class Kind(StrEnum):
    """The class of a mark."""

    ZERO = "zero"
    PARTIAL = "partial"
    FULL = "full"


def same(first: float, second: float, max_mark: float) -> bool:
    """Whether two marks are one mark."""
    return abs(first - second) <= SAME * max_mark


def on_grid(mark: float | None) -> float | None:
    """The mark without the noise of a sum (rule 4)."""
    return None if mark is None else round(mark, GRID_DIGITS)


def kind_of(mark: float, max_mark: float) -> Kind:
    """Zero, partial or full marks."""
    if mark <= SAME * max_mark:
        return Kind.ZERO
    return Kind.FULL if mark >= (1 - SAME) * max_mark else Kind.PARTIAL


def checked(sheet: MarkSheet, max_marks: Mapping[str, float]) -> MarkSheet:
    """The sheet itself. Raises ``AgreementError`` for an unknown question and for a mark that is no number."""
    for submission, marks in sheet.items():
        for question, mark in marks.items():
            if question not in max_marks:
                raise AgreementError(
                    f"Submission {submission!r} has a mark for the unknown question {question!r}."
                )
            if mark is not None and not (math.isfinite(mark) and mark >= 0):
                raise AgreementError(
                    f"Submission {submission!r}, question {question!r}: {mark!r} is no mark."
                )
    return sheet


def checked_questions(max_marks: Mapping[str, float]) -> Mapping[str, float]:
    """The questions themselves. Raises ``AgreementError`` when there is none, or a highest mark is not above 0."""
    if not max_marks:
        raise AgreementError("There is no question to compare.")
    for question, max_mark in max_marks.items():
        if not (math.isfinite(max_mark) and max_mark > 0):
            raise AgreementError(
                f"The highest mark of question {question!r} is {max_mark!r}; it must be above 0."
            )
    return max_marks
