"""The assessment stage: what a model must answer about the student's pages, and the reading of its reply. Pure.

The rules:

1. Evidence comes before the reason, and the reason before the mark.
2. Evidence names places that exist: lines by their numbers, or, where the model saw pictures, a page and a part of it.
3. A mark is any number from 0 to the question's maximum. The total is never asked for.
4. Servers do not always enforce a schema, so a reply is checked again in full, and refused with a reason that can be
   sent back to the model. Only the lengths of sentences are forgiven.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from introeval.assignments.definition import Question
from introeval.exams.material import Pages
from introeval.exams.readings import closed, key_of, replied
from models.errors import SchemaValidationError

REASON_CHARS = 200
EVIDENCE_MAX = 6
REGIONS = ("top", "middle", "bottom")
Count = Annotated[int, Field(strict=True, ge=1)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Region(_Answer):
    """A part of a picture. ``page`` counts from 1 through the student's pages."""

    page: Count
    region: Literal["top", "middle", "bottom"]


class Said(_Answer):
    """What a model said of one question. ``evidence``: numbers of lines, or parts of pages."""

    evidence: tuple[Count | Region, ...] = Field(max_length=4 * EVIDENCE_MAX)
    reason: str
    mark: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


_WHOLE = TypeAdapter(dict[str, Said])


@dataclass(frozen=True, slots=True)
class Assessment:
    """A checked reply: what was said of each question, by its number, all of them in the list's order."""

    said: dict[str, Said]


def assessment_schema(questions: Sequence[Question], student: Pages) -> dict[str, Any]:
    """The JSON schema of a reply about these pages."""
    return closed({key_of(question): _question(question, student) for question in questions})


def parse_assessment(text: str, questions: Sequence[Question], student: Pages) -> Assessment:
    """Read a reply. Raises ``SchemaValidationError``."""
    given = replied(_WHOLE, text)
    said: dict[str, Said] = {}
    for question in questions:
        one = given.get(key_of(question))
        if one is None:
            raise SchemaValidationError(f'"{key_of(question)}" is missing.')
        if one.mark > question.max_mark:
            raise SchemaValidationError(
                f"{key_of(question)}: the mark is {one.mark:g}, but the question is worth {question.max_mark:g}."
            )
        for place in one.evidence:
            _exists(place, question, student)
        said[question.question_number] = one
    return Assessment(said)


def _exists(place: int | Region, question: Question, student: Pages) -> None:
    where = f"{key_of(question)}: evidence"
    if student.sheet is not None:
        most = len(student.sheet.lines)
        if isinstance(place, Region):
            raise SchemaValidationError(f"{where} must be numbers of lines.")
        if place > most:
            raise SchemaValidationError(f"{where} names line {place}, but the lines are 1 to {most}.")
    elif not isinstance(place, Region):
        raise SchemaValidationError(f'{where} must name a "page" and a "region".')
    elif place.page > student.count:
        raise SchemaValidationError(f"{where} names page {place.page}, but there are {student.count}.")


def _question(question: Question, student: Pages) -> dict[str, Any]:
    if student.sheet is None:
        page = {"type": "integer", "minimum": 1, "maximum": max(1, student.count)}
        place = closed({"page": page, "region": {"enum": list(REGIONS)}})
    else:
        place = {"type": "integer", "minimum": 1, "maximum": max(1, len(student.sheet.lines))}
    return closed(
        {
            "evidence": {"type": "array", "items": place, "maxItems": EVIDENCE_MAX},
            "reason": {"type": "string", "minLength": 1, "maxLength": REASON_CHARS},
            "mark": {"type": "number", "minimum": 0, "maximum": question.max_mark},
        }
    )
