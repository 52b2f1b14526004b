"""An assignment: what is handed in, how it is graded, and what becomes of it. Pure; read from TOML or JSON.

Versions are immutable: whatever is graded names the version that graded it, and a changed assignment is a new version.
"""

import json
import tomllib
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from introeval.assignments.errors import AssignmentError
from introeval.assignments.pairs import ModelName, ModelPairSpec
from introeval.grading.rubric import Rubric, describe

SLUG = r"^[a-z0-9][a-z0-9_-]{0,60}$"
INTRODUCTIONS = "introductions"
"""The assignment that a lab has without writing one: its rubric is that of the settings."""

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
    ``pairs`` (pages) and the models of the roles (notebook, pages): none means any server.
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
            raise ValueError("'model' names the one model of the plan 'single', and belongs to no other plan")
        return self


class Assignment(_Strict):
    """One version of an assignment.

    ``rubric``: criteria with anchored levels (introductions and notebooks; none: the kind's own). ``questions``,
    ``marking``, ``answer_key``: exam pages. ``pass_threshold``: the share of submissions that must be graded for a run
    to be complete. ``retention_days``: how long its files are kept; ``None``: until somebody deletes them.
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
        numbers = [question.question_number for question in self.questions]
        double = next((number for number in numbers if numbers.count(number) > 1), None)
        if double:
            raise ValueError(f"questions: the question '{double}' is there twice")
        if self.kind is Kind.PAGES and not numbers:
            raise ValueError("questions: exam pages need at least one question with its max_mark")
        for place, named in (("marking", self.marking), ("answer_key", self.answer_key)):
            stranger = next((item for item in named if item.question_number not in numbers), None)
            if stranger:
                raise ValueError(f"{place}: there is no question '{stranger.question_number}'")
        self._add_up()
        return self

    def _add_up(self) -> None:
        for question in self.questions:
            points = [p.points for p in self.marking if p.question_number == question.question_number]
            if points and abs(sum(points) - question.max_mark) > 1e-6:
                raise ValueError(
                    f"marking: the points of question '{question.question_number}' add up to {sum(points):g}, "
                    f"but it is worth {question.max_mark:g}"
                )

    @property
    def max_score(self) -> float | None:
        """What the questions are worth together; ``None`` without questions."""
        return sum(question.max_mark for question in self.questions) or None


def load_assignment(text: str, fmt: Literal["toml", "json"] = "toml") -> Assignment:
    """Read an assignment. Raises ``AssignmentError``, which names every wrong field."""
    try:
        data = tomllib.loads(text) if fmt == "toml" else json.loads(text)
        return Assignment.model_validate(data)
    except (tomllib.TOMLDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise AssignmentError(f"The assignment is not valid {fmt.upper()}: {error}") from error
    except ValidationError as error:
        raise AssignmentError("The assignment is not valid: " + describe(error)) from error
