"""What a submission of pages is marked by: each question with its marking points, and the marks that each can get.

Pure. A question without marking points has one of its own: the whole answer. A question that has neither a text nor
marking points nor an answer in the key cannot be graded by anybody, and is refused.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from introeval.assignments import Assignment, MarkingPoint, Question
from introeval.pages.errors import NothingToGradeByError

WHOLE_BY_KEY = "the answer agrees with the model answer and is complete"
WHOLE = "the answer is right and complete"
_HALVES_UP_TO = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One marking point. ``name``: its key in a reply, unique within its question."""

    name: str
    points: float
    criterion: str

    @property
    def marks(self) -> tuple[float, ...]:
        """The marks that it can get: from 0 in halves up to 5 points, in whole ones above."""
        step = 0.5 if self.points <= _HALVES_UP_TO else 1.0
        steps = [at * step for at in range(int(self.points / step) + 1)]
        return tuple(steps if steps[-1] == self.points else [*steps, self.points])


@dataclass(frozen=True, slots=True)
class Item:
    """One question, with all that is known of it."""

    number: str
    max_mark: float
    text: str
    key: str
    points: tuple[Point, ...]

    @property
    def name(self) -> str:
        """Its key in a reply."""
        return f"question {self.number}"

    @property
    def title(self) -> str:
        """Its name for people."""
        return f"Question {self.number}"


def items(assignment: Assignment) -> tuple[Item, ...]:
    """The questions of an assignment, in its order. Raises ``NothingToGradeByError``."""
    keys = {answer.question_number: answer.answer for answer in assignment.answer_key}
    return tuple(_item(question, assignment.marking, keys) for question in assignment.questions)


def _item(question: Question, marking: Iterable[MarkingPoint], keys: dict[str, str]) -> Item:
    number, key = question.question_number, keys.get(question.question_number, "")
    own = [point for point in marking if point.question_number == number]
    if not (own or key or question.text):
        raise NothingToGradeByError(
            f"Question {number} has neither a text, nor marking points, nor an answer in the key: there is nothing to "
            "grade by. Add one of them to the assignment and have it graded again."
        )
    points = [Point(f"point {at}", point.points, point.criterion) for at, point in enumerate(own, 1)]
    whole = Point("point 1", question.max_mark, WHOLE_BY_KEY if key else WHOLE)
    return Item(number, question.max_mark, question.text, key, tuple(points) or (whole,))
