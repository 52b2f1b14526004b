"""What the two models must answer: the schemas that bind them, and the reading of their replies. Pure.

Servers do not always enforce a schema, so a reply is checked again in full; ``GradeReplyError`` says which place is
wrong and why, in words that can be sent back to the model. Forgiven are the lengths of sentences and lists, and lines
that a cell does not have: the cell then stands for them. A cell that does not exist is not forgiven.
"""

from collections.abc import Sequence, Set
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from introeval.grading.errors import GradeReplyError
from introeval.grading.rubric import CRITERION_MAX, Criterion, describe

EVIDENCE_MAX, ISSUES_MAX, SUGGESTIONS_MAX = 2, 2, 1
DOES_CHARS, NOTE_CHARS, REASON_CHARS, LETTER_CHARS = 120, 90, 120, 240
REPLY_CHARS_MAX = 30_000
CHARS_PER_TOKEN = 2.0
"""Of JSON that a model sets out on many lines; on one line it has 3 and more."""

Number = Annotated[int, Field(ge=1)]
Score = Annotated[int, Field(ge=0, le=CRITERION_MAX)]
Topic = Literal["assignment", "other"]
Schema = dict[str, Any]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Place(_Answer):
    """Lines of a cell, both ends among them."""

    cell: Number
    first: int = Field(alias="from")
    last: int = Field(alias="to")


class TechnicalJudgement(_Answer):
    """One technical criterion."""

    evidence: tuple[Place, ...] = Field(min_length=1)
    issues: tuple[str, ...]
    suggestions: tuple[str, ...]
    reason: str = Field(min_length=1)
    score: Score


class TechnicalReply(_Answer):
    """The technical model's analysis. ``does``: what the code does."""

    does: str
    topic: Topic
    criteria: dict[str, TechnicalJudgement]


class ReflectionJudgement(_Answer):
    """One criterion of the student's text."""

    cells: tuple[Number, ...] = Field(min_length=1)
    reason: str = Field(min_length=1)
    score: Score


class FeedbackReply(_Answer):
    """The feedback model's letter, and its judgements."""

    strengths: str = Field(min_length=1)
    improve: str = Field(min_length=1)
    next_step: str = Field(min_length=1)
    criteria: dict[str, ReflectionJudgement] = Field(default_factory=dict)


Reply = TypeVar("Reply", TechnicalReply, FeedbackReply)


def technical_schema(criteria: Sequence[Criterion], cells: Sequence[int], longest: int) -> Schema:
    """Evidence before scores. ``cells``: those with code that are shown; ``longest``: lines of the longest."""
    line = {"type": "integer", "minimum": 1, "maximum": max(1, longest)}
    place = _object({"cell": {"enum": list(cells)}, "from": line, "to": line})
    judgement = _object(
        {
            "evidence": {"type": "array", "items": place, "minItems": 1, "maxItems": EVIDENCE_MAX},
            "issues": _texts(ISSUES_MAX),
            "suggestions": _texts(SUGGESTIONS_MAX),
            "reason": _text(REASON_CHARS),
            "score": {"type": "integer", "minimum": 0, "maximum": CRITERION_MAX},
        }
    )
    judged = _object({criterion.name: judgement for criterion in criteria})
    topic = {"type": "string", "enum": ["assignment", "other"]}
    return _object({"does": _text(DOES_CHARS), "topic": topic, "criteria": judged})


def feedback_schema(criteria: Sequence[Criterion], cells: Sequence[int]) -> Schema:
    """The letter before the scores. Without ``cells`` (no text of the student's) there is nothing to judge."""
    letter = {name: _text(LETTER_CHARS) for name in ("strengths", "improve", "next_step")}
    if not cells or not criteria:
        return _object(letter)
    judgement = _object(
        {
            "cells": {
                "type": "array",
                "items": {"enum": list(cells)},
                "minItems": 1,
                "maxItems": EVIDENCE_MAX,
            },
            "reason": _text(REASON_CHARS),
            "score": {"type": "integer", "minimum": 0, "maximum": CRITERION_MAX},
        }
    )
    return _object(letter | {"criteria": _object({criterion.name: judgement for criterion in criteria})})


def tokens_for(schema: Schema) -> int:
    """Tokens that the longest reply to a schema has, about; a reply may have as many."""
    return max(512, round(_longest(schema) / CHARS_PER_TOKEN))


def parse_technical(text: str, criteria: Sequence[Criterion], cells: Set[int]) -> TechnicalReply:
    """Read and check an analysis. Raises ``GradeReplyError``."""
    reply = _read(TechnicalReply, text, criteria)
    cited = [(name, place.cell) for name, item in reply.criteria.items() for place in item.evidence]
    return _existing(reply, cited, cells)


def parse_feedback(text: str, criteria: Sequence[Criterion], cells: Set[int]) -> FeedbackReply:
    """Read and check feedback. Raises ``GradeReplyError``."""
    asked = criteria if cells else ()
    reply = _read(FeedbackReply, text, asked)
    cited = [(name, cell) for name, item in reply.criteria.items() for cell in item.cells]
    return _existing(reply, cited, cells)


def _read(shape: type[Reply], text: str, criteria: Sequence[Criterion]) -> Reply:
    if len(text) > REPLY_CHARS_MAX:
        raise GradeReplyError(f"The reply is longer than {REPLY_CHARS_MAX} characters.")
    try:
        reply = shape.model_validate_json(text)
    except ValidationError as error:
        raise GradeReplyError("The reply does not have the required form: " + describe(error)) from error
    names = [criterion.name for criterion in criteria]
    missing = [name for name in names if name not in reply.criteria]
    if missing:
        raise GradeReplyError(f"criteria.{missing[0]} is missing.")
    return reply.model_copy(update={"criteria": {name: reply.criteria[name] for name in names}})


def _existing(reply: Reply, cited: Sequence[tuple[str, int]], cells: Set[int]) -> Reply:
    for name, cell in cited:
        if cell not in cells:
            known = ", ".join(map(str, sorted(cells)))
            raise GradeReplyError(
                f"criteria.{name} names cell {cell}; only these cells can be named: {known}."
            )
    return reply


def _object(properties: dict[str, Schema]) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(most: int) -> Schema:
    return {"type": "string", "maxLength": most}


def _texts(most: int) -> Schema:
    return {"type": "array", "items": _text(NOTE_CHARS), "maxItems": most}


def _longest(schema: Schema) -> int:
    """Characters of the longest reply, without white space."""
    match schema.get("type"):
        case "object":
            return 2 + sum(len(name) + 4 + _longest(part) for name, part in schema["properties"].items())
        case "array":
            return 2 + int(schema["maxItems"]) * (1 + _longest(schema["items"]))
        case "string" if "maxLength" in schema:
            return 2 + int(schema["maxLength"])
        case "string":
            return 2 + max(map(len, schema["enum"]))
        case _:
            return 4
