"""Who gave which marks: a teacher, a model in one of its tries, or the grade as it is shown. Pure.

1. A sheet has marks by question, or whole grades (``totals``), or both. A teacher who wrote whole grades only is
   compared by these alone.
2. The whole grade of a submission is the one that was given, where both sheets have such; otherwise, for both, the
   sum of its marks, and none when a mark is missing. A grade is not always a sum: that of an introduction is a
   weighted mean.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from introeval.agreement.errors import AgreementError
from introeval.agreement.marks import TOTAL, Marks, MarkSheet, Value, checked, checked_questions, on_grid
from introeval.agreement.statistics import Row


class Rater(Value):
    """``model``: one try of one model; ``human``: a teacher; ``final``: the grade as shown, whoever made it."""

    kind: Literal["human", "model", "final"]
    name: str = ""
    try_index: int = Field(default=1, ge=1)

    @property
    def label(self) -> str:
        """For people."""
        return f"{self.name}, try {self.try_index}" if self.kind == "model" else self.name or self.kind


class Scale(Value):
    """The highest marks: of each question, in their order, and of the whole grade (``None``: their sum)."""

    questions: dict[str, float] = Field(default_factory=dict)
    total: float | None = None

    @property
    def highest(self) -> float:
        """The highest whole grade."""
        return sum(self.questions.values()) if self.total is None else self.total


@dataclass(frozen=True, slots=True)
class Sheet:
    """One rater's marks and whole grades, by submission."""

    rater: Rater
    marks: MarkSheet = field(default_factory=dict)
    totals: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def submissions(self) -> frozenset[str]:
        """Those that the rater has, graded or not."""
        return frozenset(self.marks) | frozenset(self.totals)

    @property
    def has_totals(self) -> bool:
        """Whether whole grades were given, rather than only left open beside the marks."""
        return any(total is not None for total in self.totals.values()) or bool(
            self.totals and not self.marks
        )


@dataclass(frozen=True, slots=True)
class Try:
    """What one model made of one submission in one try: the whole grade, and marks by question as far as there are."""

    submission_id: str
    model: str
    try_index: int
    score: float | None
    marks: Marks = field(default_factory=dict)


def sheets_of(tries: Iterable[Try]) -> list[Sheet]:
    """A sheet for each try of each model, by name and try."""
    found: dict[tuple[str, int], tuple[dict[str, Marks], dict[str, float | None]]] = {}
    for each in tries:
        marks, totals = found.setdefault((each.model, each.try_index), ({}, {}))
        totals[each.submission_id] = each.score
        if each.marks:
            marks[each.submission_id] = each.marks
    return [
        Sheet(Rater(kind="model", name=name, try_index=at), marks, totals)
        for (name, at), (marks, totals) in sorted(found.items())
    ]


@dataclass(frozen=True, slots=True)
class Laid:
    """Two or more sheets side by side: marks of the same questions, and whole grades made the same way."""

    scale: Mapping[str, float]
    marks: tuple[MarkSheet, ...]
    totals: tuple[Mapping[str, float | None], ...]

    def rows(self, question: str | None = None) -> list[Row]:
        """A row a submission that all have, by id: their marks of one question, or their whole grades."""
        if question is None:
            shared = frozenset.intersection(*(frozenset(totals) for totals in self.totals))
            return [[totals[at] for totals in self.totals] for at in sorted(shared)]
        shared = frozenset.intersection(*(frozenset(marks) for marks in self.marks))
        return [[marks[at].get(question) for marks in self.marks] for at in sorted(shared)]


def side_by_side(sheets: tuple[Sheet, ...], scale: Scale) -> Laid:
    """Bring sheets to one form (rules 1 and 2) and onto the grid of marks.

    Raises ``AgreementError`` for marks or questions that do not fit.
    """
    given = all(sheet.has_totals for sheet in sheets)
    by_question = bool(scale.questions) and all(sheet.marks for sheet in sheets)
    if not given and not by_question and all(sheet.submissions for sheet in sheets):
        names = ", ".join(sheet.rater.label for sheet in sheets)
        raise AgreementError(f"{names}: one has marks by question only, another whole grades only.")
    sheets = tuple(map(_on_grid, sheets))
    questions = checked_questions(scale.questions if by_question else {TOTAL: scale.highest})
    highest = {TOTAL: scale.highest}
    for sheet in sheets:
        if by_question:
            checked(sheet.marks, questions)
        checked({at: {TOTAL: total} for at, total in sheet.totals.items()}, highest)
    totals = tuple(_totals(sheet, scale, given) for sheet in sheets)
    if by_question:
        return Laid(questions, tuple(sheet.marks for sheet in sheets), totals)
    return Laid(questions, tuple({at: {TOTAL: mark} for at, mark in each.items()} for each in totals), totals)


def _on_grid(sheet: Sheet) -> Sheet:
    marks = {at: {name: on_grid(mark) for name, mark in each.items()} for at, each in sheet.marks.items()}
    return Sheet(sheet.rater, marks, {at: on_grid(total) for at, total in sheet.totals.items()})


def _totals(sheet: Sheet, scale: Scale, given: bool) -> Mapping[str, float | None]:
    if given:
        return sheet.totals
    found: dict[str, float | None] = {}
    for submission, marks in sheet.marks.items():
        present = [mark for question in scale.questions if (mark := marks.get(question)) is not None]
        found[submission] = on_grid(sum(present)) if len(present) == len(scale.questions) else None
    return found
