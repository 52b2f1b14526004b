"""The rubric stage: what a model must answer about the rubric's pages, and what becomes of its reply. Pure.

The rules:

1. Every question of the list has at least one criterion, each with its points between 0 and the question's maximum;
   a reply without them is refused, with a reason that can be sent back to the model.
2. Points that do not add up to the question's maximum are a warning, not a refusal: teachers' rubrics have
   alternatives and bonus points. The grade is not final then: the model may as well have misread them.
3. What goes into the assessment's prompt is made here, a line for each criterion, cut at ``MOST_CHARACTERS`` with a
   warning. The reply itself is kept whole.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from introeval.assignments.definition import Question
from introeval.grading.rubric import describe
from introeval.pages.lines import harmless
from introeval.pages.marking import Point
from models.errors import SchemaValidationError

MOST_CHARACTERS = 10_000
"""Of the rubric's text in an assessment's prompt: some 2,500 tokens."""

CRITERIA_MAX = 10
CRITERION_CHARS = 240
CUT = "\n(the rest of the rubric was left out)"


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class _Criterion(_Answer):
    criterion: str = Field(min_length=1)
    points: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class _Criteria(_Answer):
    criteria: tuple[_Criterion, ...] = Field(min_length=1)


_WHOLE = TypeAdapter(dict[str, _Criteria])


@dataclass(frozen=True, slots=True)
class Reading:
    """A rubric as a model read it. ``text``: for the assessment's prompt (rule 3). ``points``: by question number."""

    text: str
    points: dict[str, tuple[Point, ...]]
    warnings: tuple[str, ...] = ()


def key_of(question: Question) -> str:
    """A question's key in a reply."""
    return f"question {question.question_number}"


def reading_schema(questions: Sequence[Question]) -> dict[str, Any]:
    """The JSON schema of a reply: closed objects, one for each question, in the list's order."""
    return closed({key_of(question): _question_schema(question) for question in questions})


def parse_reading(text: str, questions: Sequence[Question]) -> Reading:
    """Read a reply. Raises ``SchemaValidationError`` (rule 1)."""
    said = replied(_WHOLE, text)
    points: dict[str, tuple[Point, ...]] = {}
    for question in questions:
        given = said.get(key_of(question))
        if given is None:
            raise SchemaValidationError(f'"{key_of(question)}" is missing.')
        points[question.question_number] = tuple(
            _point(at, criterion, question) for at, criterion in enumerate(given.criteria, 1)
        )
    whole = "\n".join(_told(question, points[question.question_number]) for question in questions)
    warnings = [
        warning for question in questions if (warning := _sum(question, points[question.question_number]))
    ]
    if len(whole) > MOST_CHARACTERS:
        warnings.append(
            f"The rubric's text has {len(whole):,} characters; only the first {MOST_CHARACTERS:,} went into the "
            "assessment's prompt."
        )
    return Reading(cut(whole), points, tuple(warnings))


def cut(text: str) -> str:
    """At most ``MOST_CHARACTERS`` of a text, whole lines if there are any, and said so at its end."""
    if len(text) <= MOST_CHARACTERS:
        return text
    head = text[: MOST_CHARACTERS - len(CUT)]
    return (head[: head.rfind("\n")] if "\n" in head else head) + CUT


def replied(shape: TypeAdapter[Any], text: str) -> Any:
    """A reply as ``shape``. Raises ``SchemaValidationError`` with the places that are wrong."""
    try:
        return shape.validate_json(text)
    except ValidationError as error:
        raise SchemaValidationError(
            "The reply does not have the required form: " + describe(error)
        ) from error


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    """A JSON schema's object with exactly these members, in their order."""
    members = {"properties": properties, "required": list(properties)}
    return {"type": "object", **members, "additionalProperties": False}


def compact(schema: dict[str, Any]) -> str:
    """A schema as it stands in a prompt."""
    return json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def _question_schema(question: Question) -> dict[str, Any]:
    criterion = {"type": "string", "minLength": 1, "maxLength": CRITERION_CHARS}
    points = {"type": "number", "minimum": 0, "maximum": question.max_mark}
    each = closed({"criterion": criterion, "points": points})
    return closed({"criteria": {"type": "array", "items": each, "minItems": 1, "maxItems": CRITERIA_MAX}})


def _point(at: int, criterion: _Criterion, question: Question) -> Point:
    if criterion.points > question.max_mark:
        raise SchemaValidationError(
            f"{key_of(question)}: criterion {at} has {criterion.points:g} points; the question is worth "
            f"{question.max_mark:g}."
        )
    return Point(f"point {at}", criterion.points, harmless(criterion.criterion))


def _told(question: Question, points: Sequence[Point]) -> str:
    head = f"Question {question.question_number} (up to {question.max_mark:g}):"
    return "\n".join([head, *(f"- {point.points:g}: {point.criterion}" for point in points)])


def _sum(question: Question, points: Sequence[Point]) -> str | None:
    total = math.fsum(point.points for point in points)
    if abs(total - question.max_mark) < 1e-6:
        return None
    return (
        f"Question {question.question_number}: the criteria that were read add up to {total:g}, but the question is "
        f"worth {question.max_mark:g}."
    )
