"""An assignment: what is handed in, how it is graded, and what becomes of it. Pure; read from TOML or JSON.

Versions are immutable: whatever is graded names the version that graded it, and a changed assignment is a new version.
"""

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from introeval.assignments.errors import AssignmentError, FieldError
from introeval.assignments.pairs import ModelName, ModelPairSpec
from introeval.grading.rounding import summed
from introeval.grading.rubric import Rubric, field_path
from introeval.grading.toml import read_toml

SLUG = r"^[a-z0-9][a-z0-9_-]{0,60}$"
INTRODUCTIONS = "introductions"
"""The assignment that a lab has without writing one: its rubric is that of the settings."""

MOST_ERRORS = 100
"""Wrong fields that are named; a document that has more is not one of ours."""

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300, pattern=r"^[^\n\r]*$")
]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Mark = Annotated[float, Field(gt=0, le=1000)]
QuestionNumber = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[\w][\w.()-]{0,15}$")]


class Kind(StrEnum):
    """What is handed in."""

    INTRO_VIDEO = "intro_video"
    NOTEBOOK = "notebook"
    PAGES = "pages"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Question(_Strict):
    """A question and what it is worth."""

    question_number: QuestionNumber
    max_mark: Mark
    text: Text = ""


class MarkingPoint(_Strict):
    """One criterion of a question: what earns how many of its points."""

    question_number: QuestionNumber
    points: Mark
    criterion: Line


class KeyAnswer(_Strict):
    """The answer that a question expects."""

    question_number: QuestionNumber
    answer: Text


class Prompts(_Strict):
    """Templates that replace the program's own; each is checked for its placeholders (``introeval.prompts``)."""

    technical: Text | None = None
    feedback: Text | None = None
    rubric: Text | None = None
    assessment: Text | None = None


class GradingPlan(_Strict):
    """Who grades.

    ``plan``: ``round_robin`` gives each submission to one model in turn and a share of them to two, so that their
    severities can be linked; ``both`` gives each to two; ``single`` to ``model`` alone.
    ``overlap_share``, ``overlap_least``: how many submissions of a round robin two models grade.
    ``disagreement``: share of the maximum; when the models' limits of agreement are wider, one grade is not enough.
    ``second_opinion``: what is flagged is graded once more, by another model where there is one.
    ``technical_model``, ``feedback_model`` (notebook), ``vision_model`` (pages): none means any server.
    ``reasoning``: whether the models think before they grade; ``None``: as they are used to.
    ``pairs``, ``tries``: read by no grader, and refused (``introeval.assignments.unused``); older versions have them.
    """

    plan: Literal["round_robin", "both", "single"] = "round_robin"
    model: ModelName | None = None
    overlap_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    overlap_least: Annotated[int, Field(ge=0, le=1000)] = 5
    disagreement: Annotated[float, Field(gt=0, le=1)] = 0.3
    second_opinion: bool = True
    technical_model: ModelName | None = None
    feedback_model: ModelName | None = None
    vision_model: ModelName | None = None
    pairs: Annotated[tuple[ModelPairSpec, ...], Field(max_length=8)] = ()
    tries: Annotated[int, Field(ge=1, le=10)] = 1
    reasoning: bool | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.plan == "single") != (self.model is not None):
            said = "it names the one model of the plan 'single', and belongs to no other plan"
            raise ValidationError.from_exception_data("GradingPlan", [_wrong(("model",), said)])
        return self


class Assignment(_Strict):
    """One version of an assignment.

    ``rubric``: criteria with anchored levels (introductions and notebooks; none: the kind's own). ``questions``: of
    exam pages, and what a notebook's models are told to have been asked. ``marking``, ``answer_key``: exam pages. What
    a kind does not use is refused when it is written (``introeval.assignments.unused``). ``pass_threshold``: the share
    of submissions that must be graded for a run to be complete. ``retention_days``: how long its files are kept;
    ``None``: until somebody deletes them.
    """

    id: Annotated[str, StringConstraints(pattern=SLUG)]
    version: Annotated[int, Field(ge=1)] = 1
    kind: Kind
    title: Line
    instructions: Text = ""
    questions: Annotated[tuple[Question, ...], Field(max_length=100)] = ()
    rubric: Rubric | None = None
    marking: Annotated[tuple[MarkingPoint, ...], Field(max_length=500)] = ()
    answer_key: Annotated[tuple[KeyAnswer, ...], Field(max_length=100)] = ()
    prompts: Prompts = Prompts()
    plan: GradingPlan = GradingPlan()
    pass_threshold: Annotated[float, Field(gt=0, le=1)] = 0.8
    retention_days: Annotated[int, Field(ge=1, le=36500)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        wrong = [*self._questions(), *self._strangers(), *self._sums()]
        if wrong:
            # As a validation error of its own, so that each finding keeps the path of its field.
            raise ValidationError.from_exception_data("Assignment", wrong)
        return self

    def _questions(self) -> Iterator[InitErrorDetails]:
        seen = set[str]()
        for index, question in enumerate(self.questions):
            number = question.question_number
            if number in seen:
                where = ("questions", index, "question_number")
                yield _wrong(where, f"the question '{number}' is there twice")
            seen.add(number)
        if self.kind is Kind.PAGES and not self.questions:
            yield _wrong(("questions",), "exam pages need at least one question with its max_mark")

    def _strangers(self) -> Iterator[InitErrorDetails]:
        numbers = {question.question_number for question in self.questions}
        lists: tuple[tuple[str, Sequence[MarkingPoint | KeyAnswer]], ...] = (
            ("marking", self.marking),
            ("answer_key", self.answer_key),
        )
        for place, items in lists:
            for index, item in enumerate(items):
                if item.question_number not in numbers:
                    where = (place, index, "question_number")
                    yield _wrong(where, f"there is no question '{item.question_number}'")

    def _sums(self) -> Iterator[InitErrorDetails]:
        for question in self.questions:
            points = [p.points for p in self.marking if p.question_number == question.question_number]
            if points and abs(sum(points) - question.max_mark) > 1e-6:
                yield _wrong(
                    ("marking",),
                    f"the points of question '{question.question_number}' add up to {sum(points):g}, "
                    f"but it is worth {question.max_mark:g}",
                )

    @property
    def max_score(self) -> float | None:
        """What the questions are worth together; ``None`` where a rubric says what the work is worth."""
        if self.kind is not Kind.PAGES:
            return None
        return summed(question.max_mark for question in self.questions) or None


def load_assignment(
    text: str, fmt: Literal["toml", "json"] = "toml", *, assignment_id: str | None = None
) -> Assignment:
    """Read an assignment. Raises ``AssignmentError``, which names every wrong field.

    ``assignment_id``: whose definition it is, when it does not say so itself.
    """
    try:
        data = read_toml(text) if fmt == "toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        # ValueError: what the two parsers raise, and a number of more digits than Python reads.
        raise AssignmentError(f"The assignment is not valid {fmt.upper()}: {error}") from error
    if assignment_id is not None and isinstance(data, dict):
        data.setdefault("id", assignment_id)
    try:
        return Assignment.model_validate(data)
    except ValidationError as error:
        raise AssignmentError.of_fields(_fields(error)) from error


def _fields(error: ValidationError) -> list[FieldError]:
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_ERRORS]
    return [
        FieldError(field_path(item["loc"])[:200], item["msg"].removeprefix("Value error, ")[:300])
        for item in found
    ]


def _wrong(where: tuple[int | str, ...], message: str) -> InitErrorDetails:
    # The message goes in as a value: in a template, braces of a question's number would be read as places.
    said = PydanticCustomError("inconsistent", "{message}", {"message": message})
    return InitErrorDetails(type=said, loc=where, input=None)
