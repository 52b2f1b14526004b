"""Proposed marking points can add up to what a question is worth, whatever that is."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from introeval.assignments import Assignment, Question
from introeval.pages.authoring import parse_rubric, rubric_schema
from tests.pages.test_authoring import proposed


@given(
    st.one_of(st.integers(1, 80_000).map(lambda eighths: eighths / 80), st.floats(0.001, 1000)),
    st.integers(2, 8),
)
@example(0.75, 3)
@example(7.5, 2)
@example(0.5, 2)
@example(1000.0, 8)
def test_the_points_that_may_be_given_can_add_up(worth: float, most: int) -> None:
    """Several of them, for whatever the question is worth, and one of the whole."""
    question = Question(question_number="1", max_mark=worth, text="Why?")
    marks = rubric_schema(question)["properties"]["marking"]["items"]["properties"]["points"]["enum"]
    assert 2 <= len(marks) == len(set(marks)) <= 1000
    several = min(most, len(marks))
    found = parse_rubric(proposed(*[marks[0]] * (several - 1), marks[-several]), question)
    Assignment(id="a", kind="pages", title="A", questions=(question,), marking=found)
    assert parse_rubric(proposed(marks[-1]), question)[0].points == pytest.approx(worth)


@pytest.mark.parametrize(
    ("worth", "marks"),
    [
        (0.75, [0.25, 0.5, 0.75]),
        (1, [0.5, 1]),
        (5.5, [each / 2 for each in range(1, 12)]),
        (8, [1, 2, 3, 4, 5, 6, 7, 8]),
        (0.3, [0.1, 0.2, 0.3]),
    ],
)
def test_points_come_in_steps_that_divide_the_whole(worth: float, marks: list[float]) -> None:
    """Halves up to 5 points and whole ones above, where they can be."""
    schema = rubric_schema(Question(question_number="1", max_mark=worth, text="Why?"))
    assert schema["properties"]["marking"]["items"]["properties"]["points"] == {"enum": marks}
