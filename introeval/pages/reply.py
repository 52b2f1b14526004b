"""What a model must answer about pages: the schema that it is bound to, and the reading of its reply. Pure.

Servers do not always enforce a schema, so a reply is checked again in full. ``GradeReplyError`` says which place is
wrong and why, in words that can be sent back to the model. Only the lengths of sentences are forgiven.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from introeval.grading.errors import GradeReplyError
from introeval.grading.rubric import describe
from introeval.pages.marking import Item, Point

REASON_CHARS = 140
LINES_OF_ANSWER, LINES_OF_POINT = 12, 3
REPLY_CHARS_MAX = 20_000

Lines = tuple[Annotated[int, Field(ge=1)], ...]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class PointReply(_Answer):
    """One marking point, as the model sees it."""

    lines: Lines = Field(max_length=4 * LINES_OF_POINT)
    reason: str
    points: float = Field(ge=0)


class ItemReply(_Answer):
    """One question. ``points``: by the name of the marking point; each of the question's is there."""

    answer_lines: Lines = Field(max_length=4 * LINES_OF_ANSWER)
    points: dict[str, PointReply] = Field(default_factory=dict)


Reply = Mapping[str, ItemReply]
"""By the name of the question; each that was asked about is there."""

_WHOLE = TypeAdapter(dict[str, dict[str, Any]])


def reply_schema(items: Sequence[Item], lines: Sequence[int]) -> dict[str, Any]:
    """The JSON schema of a reply: closed objects, evidence before points, only numbers of lines that are shown."""
    return closed_object({item.name: _question(item, lines) for item in items})


def parse_reply(text: str, items: Sequence[Item], lines: Sequence[int]) -> Reply:
    """Read and check a model's reply. Raises ``GradeReplyError`` with a reason that can be sent back to it."""
    if len(text) > REPLY_CHARS_MAX:
        raise GradeReplyError(f"The reply is longer than {REPLY_CHARS_MAX} characters.")
    try:
        whole = _WHOLE.validate_json(text)
        return {item.name: _item(whole.get(item.name), item, set(lines)) for item in items}
    except ValidationError as error:
        raise GradeReplyError("The reply does not have the required form: " + describe(error)) from error


def _item(said: Mapping[str, Any] | None, item: Item, lines: set[int]) -> ItemReply:
    if said is None:
        raise GradeReplyError(f'"{item.name}" is missing.')
    answer = ItemReply.model_validate({"answer_lines": said.get("answer_lines")})
    _exist(f"{item.name}: answer_lines", answer.answer_lines, lines)
    points = {point.name: _point(said.get(point.name), item, point, lines) for point in item.points}
    return ItemReply.model_construct(answer_lines=answer.answer_lines, points=points)


def _point(said: object, item: Item, point: Point, lines: set[int]) -> PointReply:
    where = f"{item.name}, {point.name}"
    if said is None:
        raise GradeReplyError(f'{where} is missing: give its "lines", "reason" and "points".')
    found = PointReply.model_validate(said)
    _exist(where, found.lines, lines)
    if found.points > point.points:
        raise GradeReplyError(f"{where} is worth {point.points:g} at most, not {found.points:g}.")
    return found


def _exist(where: str, cited: Sequence[int], lines: set[int]) -> None:
    stranger = next((number for number in cited if number not in lines), None)
    if stranger is not None:
        raise GradeReplyError(
            f"{where} names line {stranger}, but the lines are {min(lines)} to {max(lines)}."
        )


def _question(item: Item, lines: Sequence[int]) -> dict[str, Any]:
    properties = {"answer_lines": _lines(lines, LINES_OF_ANSWER)}
    for point in item.points:
        properties[point.name] = closed_object(
            {
                "lines": _lines(lines, LINES_OF_POINT),
                "reason": {"type": "string", "minLength": 1, "maxLength": REASON_CHARS},
                "points": {"enum": [_plain(mark) for mark in point.marks]},
            }
        )
    return closed_object(properties)


def _lines(lines: Sequence[int], most: int) -> dict[str, Any]:
    number = {"type": "integer", "minimum": min(lines), "maximum": max(lines)}
    return {"type": "array", "items": number, "maxItems": most}


def closed_object(properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with exactly these members, in this order."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _plain(mark: float) -> float | int:
    return int(mark) if mark == int(mark) else mark
