"""What a model must answer: the schema it is bound to, and the reading of its reply.

Servers do not always enforce a schema, so a reply is checked again in full. ``GradeReplyError`` says which place
is wrong
and why, in words that can be sent back to the model. Only
the lengths of sentences are forgiven: they are cut when shown.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from introeval.grading.errors import GradeReplyError
from introeval.grading.rubric import CRITERION_MAX, Rubric, describe
from introeval.grading.speech import Segment, number

FACTS_MAX, PROBLEMS_MAX, EVIDENCE_MAX = 6, 3, 2
NOTE_CHARS, REASON_CHARS = 60, 120
REPLY_CHARS_MAX = 20_000

SegmentNumber = Annotated[int, Field(ge=1)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)


class Fact(_Answer):
    """Something the speaker says about himself or herself."""

    segment: SegmentNumber
    fact: str = Field(json_schema_extra={"maxLength": NOTE_CHARS})


class Problem(_Answer):
    """Something weak in the speech."""

    segment: SegmentNumber
    problem: str = Field(json_schema_extra={"maxLength": NOTE_CHARS})


class Judgement(_Answer):
    """One criterion. ``segments``: the numbers of the segments that show it."""

    reason: str = Field(min_length=1, json_schema_extra={"maxLength": REASON_CHARS})
    segments: tuple[SegmentNumber, ...] = Field(min_length=1, max_length=EVIDENCE_MAX)
    score: int = Field(ge=0, le=CRITERION_MAX)


class Reply(_Answer):
    """A checked reply: every segment number exists, every criterion of the rubric is there."""

    topic: Literal["introduction", "other"]
    facts: tuple[Fact, ...] = Field(max_length=FACTS_MAX)
    problems: tuple[Problem, ...] = Field(max_length=PROBLEMS_MAX)
    criteria: dict[str, Judgement] = Field(default_factory=dict)


@lru_cache(maxsize=32)
def _wire_model(names: tuple[str, ...]) -> type[BaseModel]:
    """The reply as it travels: one field per criterion, in the rubric's order, after facts and problems."""
    fields: dict[str, Any] = {
        key: (field.annotation, field) for key, field in Reply.model_fields.items() if key != "criteria"
    }
    fields |= dict.fromkeys(names, (Judgement, ...))
    return create_model("WireReply", __base__=_Answer, **fields)


def reply_schema(rubric: Rubric, segment_count: int) -> dict[str, Any]:
    """The JSON schema of a reply: no references, closed objects, segment numbers up to ``segment_count``."""
    model = _wire_model(tuple(criterion.name for criterion in rubric.criteria))
    raw = model.model_json_schema()
    return cast(dict[str, Any], _plain(raw, raw.get("$defs", {}), segment_count))


def parse_reply(text: str, rubric: Rubric, segments: Sequence[Segment]) -> Reply:
    """Read and check a model's reply. Raises ``GradeReplyError`` with a reason that can be sent back to it."""
    if len(text) > REPLY_CHARS_MAX:
        raise GradeReplyError(f"The reply is longer than {REPLY_CHARS_MAX} characters.")
    names = tuple(criterion.name for criterion in rubric.criteria)
    try:
        wire = _wire_model(names).model_validate_json(text, strict=False)
    except ValidationError as error:
        raise GradeReplyError("The reply does not have the required form: " + describe(error)) from error
    parts = dict(wire)
    criteria = {name: parts.pop(name) for name in names}
    reply = Reply.model_construct(criteria=criteria, **parts)
    _check_numbers(reply, len(number(segments).lines))
    return reply


def _check_numbers(reply: Reply, count: int) -> None:
    cited = [(f"facts[{i}]", fact.segment) for i, fact in enumerate(reply.facts)]
    cited += [(f"problems[{i}]", problem.segment) for i, problem in enumerate(reply.problems)]
    cited += [(name, at) for name, judgement in reply.criteria.items() for at in judgement.segments]
    for place, at in cited:
        if at > count:
            raise GradeReplyError(
                f"{place} names segment {at}, but the transcript has only the segments 1 to {count}."
            )


def _plain(node: Any, definitions: dict[str, Any], segment_count: int) -> Any:
    """Resolve references, close objects, drop titles and texts: what every server's grammar understands."""
    if isinstance(node, list):
        return [_plain(item, definitions, segment_count) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _plain(definitions[node["$ref"].rpartition("/")[2]], definitions, segment_count)
    if node.get("type") == "integer" and "maximum" not in node:
        return {"type": "integer", "minimum": 1, "maximum": max(1, segment_count)}
    dropped = ("$defs", "title", "description", "default")
    plain = {key: value for key, value in node.items() if key not in dropped and key != "properties"}
    plain = {key: _plain(value, definitions, segment_count) for key, value in plain.items()}
    if "properties" in node:
        plain["properties"] = {
            key: _plain(value, definitions, segment_count) for key, value in node["properties"].items()
        }
        plain["required"], plain["additionalProperties"] = list(node["properties"]), False
    return plain
