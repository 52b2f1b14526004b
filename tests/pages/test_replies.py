"""What is asked about an exam, and which replies are accepted: places that exist, prompts that fit."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from introeval.grading.errors import GradeReplyError
from introeval.pages.errors import NothingToGradeByError
from introeval.pages.grade import grade
from introeval.pages.lines import number_lines
from introeval.pages.marking import Point, items
from introeval.pages.prompt import Budget, build_prompts, grouped, parts
from introeval.pages.reply import parse_reply
from tests.pages.exams import EXAM, FULL, GOOD, exam, page, said, sheet
from tests.pages.test_marking import ITEMS, parsed


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"question 2": None}, '"question 2" is missing'),
        ({"question 1": {"answer_lines": [1]}}, "question 1, point 1 is missing"),
        (
            {"question 1": {"answer_lines": [99]}},
            "question 1: answer_lines names line 99, but the lines are 1 to 7",
        ),
        ({"question 1": {"answer_lines": "all"}}, "required form"),
        ({"question 1": "good"}, "required form"),
        (
            {"question 1": {"answer_lines": [], "point 1": {"lines": [0], "reason": "x", "points": 1}}},
            "required form",
        ),
        (
            {"question 1": {"answer_lines": [], "point 1": {"lines": [8], "reason": "x", "points": 1}}},
            "names line 8",
        ),
        (
            {"question 1": {"answer_lines": [], "point 1": {"lines": [], "reason": "x", "points": 1.5}}},
            "worth 1 at most, not 1.5",
        ),
        (
            {"question 1": {"answer_lines": [], "point 1": {"lines": [], "reason": "x", "points": -1}}},
            "required form",
        ),
    ],
)
def test_a_reply_that_cannot_be_used_is_refused_with_its_place(change: dict[str, Any], match: str) -> None:
    """The reason is told to the model, so it names what is wrong."""
    reply = {key: value for key, value in (json.loads(said(FULL)) | change).items() if value is not None}
    with pytest.raises(GradeReplyError, match=match):
        parsed(json.dumps(reply), sheet(*GOOD))


def test_no_json_and_too_much_of_it() -> None:
    """Neither is a reply."""
    for text in ("", "full marks", "[]", "x" * 30_000):
        with pytest.raises(GradeReplyError):
            parsed(text, sheet(*GOOD))


def test_a_question_that_nobody_could_grade_is_refused() -> None:
    """No text, no marking, no key; one of them is enough."""
    bare = {"questions": [{"question_number": "1", "max_mark": 2}], "marking": [], "answer_key": []}
    with pytest.raises(NothingToGradeByError, match="Question 1 has neither"):
        items(exam(**bare))
    with_key = bare | {"answer_key": [{"question_number": "1", "answer": "42"}]}
    (item,) = items(exam(**with_key))
    assert [(point.points, point.criterion) for point in item.points] == [
        (2.0, "the answer agrees with the model answer and is complete")
    ]


@given(st.floats(0.25, 1000).map(lambda points: round(points, 2)))
def test_marks_begin_at_nothing_and_end_at_all(points: float) -> None:
    """Whatever a point is worth: 0 first, all of it last, no mark twice, none outside."""
    marks = Point("p", points, "c").marks
    assert (marks[0], marks[-1]) == (0, points)
    assert list(marks) == sorted(set(marks))


@settings(max_examples=100)
@given(
    st.lists(st.text("abc x", min_size=1, max_size=200), min_size=1, max_size=60),
    st.integers(100, 4000),
    st.integers(1, 9),
)
def test_a_long_exam_is_split_and_nothing_is_lost(lines: list[str], room: int, most: int) -> None:
    """Parts are the lines in their order, groups the questions in theirs."""
    read = number_lines([page(*lines[:30], of=2), page(*lines[30:], number=2, of=2)])
    found = parts(read, room)
    assert [line for part in found for line in part] == list(read.lines)
    groups = grouped(ITEMS, most)
    assert [item for group in groups for item in group] == list(ITEMS)
    assert all(sum(len(item.points) for item in group) <= most or len(group) == 1 for group in groups)


def test_a_split_exam_counts_the_best_part_of_each_point() -> None:
    """Each question is asked of each part; a point that one part shows is not lost by another that does not."""
    read = number_lines([page(*GOOD[:3], of=2), page(*("filler " * 20 for _ in range(60)), number=2, of=2)])
    prompts = build_prompts(read, ITEMS[:1], Budget(context=3000))
    assert len(prompts) > 1
    assert [number for prompt in prompts for number in prompt.lines] == list(range(1, 64))
    assert all(len(prompt.text.encode()) < 9000 for prompt in prompts)
    judged = [[([2], 1.0), ([2], 1.0), ([3], 1.0), ([], 0.0)], [*[([], 0.0)] * 3, ([63], 1.0)]]
    replies = [
        parse_reply(said({"1": ([], points)}), ITEMS[:1], prompt.lines)
        for points, prompt in zip(judged, (prompts[0], prompts[-1]), strict=True)
    ]
    assert grade(read, ITEMS[:1], replies, EXAM.id, 1).score == 4.0


def test_the_prompt_is_the_same_up_to_the_questions() -> None:
    """So that a server's prefix cache reads the pages once; and the same inputs give the same bytes."""
    one, two = build_prompts(sheet(*GOOD), ITEMS[:2], Budget(points=3))
    assert one.text.partition("</pages>")[0] == two.text.partition("</pages>")[0]
    assert build_prompts(sheet(*GOOD), ITEMS[:2], Budget(points=3)) == (one, two)
    assert one.hash != two.hash
    schema = one.schema["properties"]["question 1"]["properties"]["point 2"]["properties"]
    assert list(schema) == ["lines", "reason", "points"]
    assert schema["points"] == {"enum": [0, 0.5, 1]}
