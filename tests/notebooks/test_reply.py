"""Replies are bound by a schema and checked again in full; a refusal can be sent back to the model."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introeval.grading.errors import GradeReplyError
from introeval.notebooks.grade import analyse, ask_feedback, ask_technical, read_feedback, read_technical
from introeval.notebooks.reply import tokens_for
from tests.notebooks.books import NAMES, RUBRIC, case, code, feedback, sample, technical, text

CASE = case(text("I explain my sum."), code("x = 1 + 1\nprint(x)"))
JUDGEMENT: dict[str, Any] = json.loads(technical(cell=2))["criteria"]["correctness"]


def test_good_replies_are_read() -> None:
    """One judgement for each criterion of the part; a letter."""
    read = read_technical(CASE, technical(7, cell=2))
    assert {name: item.score for name, item in read.criteria.items()} == dict.fromkeys(NAMES["technical"], 7)
    told = read_feedback(CASE, feedback(6, cell=1))
    assert {name: item.score for name, item in told.criteria.items()} == dict.fromkeys(NAMES["reflection"], 6)
    assert told.next_step == "Read a file."


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "JSON"),
        ("Full marks!", "JSON"),
        ("{}", "does: Field required"),
        (technical(cell=2)[:-30], "JSON"),
        (technical(cell=1), "names cell 1; only these cells can be named: 2"),
        (technical(cell=9), "names cell 9"),
        (technical(11, cell=2), "score: Input should be less than or equal to 10"),
        (technical(cell=2, topic="great"), "topic"),
        (technical(cell=2, correctness=JUDGEMENT | {"evidence": []}), "evidence"),
        (technical(cell=2, correctness=JUDGEMENT | {"reason": ""}), "reason"),
        (json.dumps(json.loads(technical(cell=2)) | {"criteria": {}}), "criteria.correctness is missing"),
        (" " * 30_001, "longer than 30000"),
    ],
)
def test_bad_analyses_are_refused(reply: str, reason: str) -> None:
    """Which place is wrong, and why."""
    with pytest.raises(GradeReplyError, match=reason):
        read_technical(CASE, reply)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("[]", "required form"),
        (feedback(cell=2), "names cell 2"),
        (feedback(cell=None), "criteria.explanation is missing"),
        (feedback(strengths=""), "strengths"),
    ],
)
def test_bad_feedback_is_refused(reply: str, reason: str) -> None:
    """The letter is whole, and only text cells can be named."""
    with pytest.raises(GradeReplyError, match=reason):
        read_feedback(CASE, reply)


def test_without_text_nothing_of_it_is_judged() -> None:
    """The schema asks for the letter only, and that is enough."""
    silent = case(code("x = 1 + 1"))
    asked = ask_feedback(silent, analyse(silent, []))
    assert list(asked.schema["properties"]) == ["strengths", "improve", "next_step"]
    assert read_feedback(silent, feedback(cell=None)).criteria == {}


def test_lengths_are_forgiven() -> None:
    """A server that ignores the schema's bounds does not cost another attempt."""
    much = JUDGEMENT | {"issues": ["x" * 500] * 9, "reason": "y" * 900, "evidence": JUDGEMENT["evidence"] * 5}
    assert len(read_technical(CASE, technical(cell=2, correctness=much)).criteria["correctness"].issues) == 9


def test_schemas_are_plain_bounded_and_evidence_comes_first() -> None:
    """No references; texts, lists and numbers are bounded; scores come last; only cells that exist."""
    asked = ask_technical(sample("excellent"))
    nodes = _nodes(asked.schema)
    assert all(_bounded(node) for node in nodes)
    judged = asked.schema["properties"]["criteria"]["properties"]
    assert list(judged) == NAMES["technical"]
    assert all(next(iter(item["properties"])) == "evidence" for item in judged.values())
    assert all(list(item["properties"])[-1] == "score" for item in judged.values())
    place = judged["correctness"]["properties"]["evidence"]["items"]["properties"]
    assert place["cell"]["enum"] == [2, 3, 4, 6, 7]
    assert place["from"]["maximum"] == 11


def test_a_reply_has_room_for_its_rubric() -> None:
    """More criteria get more tokens; the default rubric's fit a context of 8,192 beside the notebook."""
    one = RUBRIC.model_copy(update={"criteria": RUBRIC.criteria[:1]})
    small, whole = (
        tokens_for(ask_technical(opened).schema)
        for opened in (CASE.__class__(one, "", CASE.screened, CASE.counts, CASE.code, CASE.text, None), CASE)
    )
    assert 512 <= small < whole < 1500


@settings(deadline=None, max_examples=100)
@given(st.text(max_size=40) | st.builds(lambda cut: technical(cell=2)[:cut], st.integers(0, 400)))
def test_any_text_is_read_or_refused(reply: str) -> None:
    """Nothing but ``GradeReplyError`` comes out."""
    with contextlib.suppress(GradeReplyError):
        read_technical(CASE, reply)
    with contextlib.suppress(GradeReplyError):
        read_feedback(CASE, reply)


def _nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
    below = [*node.get("properties", {}).values(), *([node["items"]] if "items" in node else [])]
    return [node, *(inner for item in below for inner in _nodes(item))]


def _bounded(node: dict[str, Any]) -> bool:
    if "enum" in node:
        return True
    bound = {"integer": "maximum", "array": "maxItems", "object": "required", "string": "maxLength"}
    return bound[node["type"]] in node and "$ref" not in node
