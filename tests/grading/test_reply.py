"""Replies are checked in full, and the reason for a refusal can be sent back to the model."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introeval.grading import GradeReplyError, default_rubric, parse_reply
from scheduler.errors import AttemptFailedError
from tests.grading.speeches import INTRODUCTION, raw

RUBRIC = default_rubric()
JUDGEMENT: dict[str, Any] = {"reason": "It is said.", "segments": [1], "score": 5}


def test_a_good_reply_is_read() -> None:
    """Facts, problems and one judgement per criterion of the rubric."""
    reply = parse_reply(raw(7), RUBRIC, INTRODUCTION)
    assert [judgement.score for judgement in reply.criteria.values()] == [7, 7, 7, 7]
    assert len(reply.facts) == 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "JSON"),
        ("I think this deserves a 9.", "JSON"),
        ("{}", "topic: Field required"),
        (raw()[:-40], "JSON"),
        (raw(at=6), "clarity names segment 6, but the transcript has only the segments 1 to 5"),
        (raw(facts=[{"segment": 99, "fact": "x"}]), "facts[0] names segment 99"),
        (raw(problems=[{"segment": 0, "problem": "x"}]), "problems[0].segment"),
        (raw(clarity={**JUDGEMENT, "score": 11}), "clarity.score"),
        (raw(clarity={**JUDGEMENT, "segments": []}), "clarity.segments"),
        (raw(clarity={**JUDGEMENT, "reason": ""}), "clarity.reason"),
        (raw(topic="cooking"), "topic"),
        ("[" * 9999, "JSON"),
        (" " * 30_000, "longer than"),
    ],
)
def test_a_bad_reply_is_refused_with_a_reason(text: str, reason: str) -> None:
    """The reason names the place."""
    with pytest.raises(GradeReplyError) as caught:
        parse_reply(text, RUBRIC, INTRODUCTION)
    assert reason in str(caught.value)


def test_a_bad_reply_is_worth_another_attempt() -> None:
    """The scheduler retries it."""
    assert issubclass(GradeReplyError, AttemptFailedError)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@settings(deadline=None)
@given(st.sampled_from(sorted(json.loads(raw()))), JSON_VALUES)
def test_any_json_is_read_or_refused(key: str, value: Any) -> None:
    """Nothing but ``GradeReplyError`` comes out of a wrong field."""
    with contextlib.suppress(GradeReplyError):
        parse_reply(raw(**{key: value}), RUBRIC, INTRODUCTION)
