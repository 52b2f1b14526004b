"""Counts of differing marks: what is counted, and what is not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from introeval.agreement.discrepancies import Discrepancies, discrepancies
from introeval.agreement.errors import AgreementError
from introeval.agreement.marks import MarkSheet, Tolerance

QUESTIONS = {"1": 10.0, "2": 4.0, "3": 2.0}
HUMAN: MarkSheet = {
    "a": {"1": 8.0, "2": 4.0, "3": 0.0},
    "b": {"1": 0.0, "2": 3.0, "3": 2.0},
    "c": {"1": 6.0, "2": None, "3": 1.0},
    "only human": {"1": 1.0},
}
OURS: MarkSheet = {
    "a": {"1": 7.0, "2": 4.0, "3": 0.1 + 0.2 - 0.3},
    "b": {"1": 0.5, "2": 4.0, "3": 0.0},
    "c": {"1": 6.0, "2": 1.0},
}
NAMES = {
    *("discrepancies100", "questionDiscrepancies100", "zpfDiscrepancies", "questionZpfDiscrepancies"),
    *("rangeDiscrepancies", "questionRangeDiscrepancies", "lt100Questions", "zpfQuestions", "rangeQuestions"),
}


def counts(found: Discrepancies) -> tuple[int, int, int]:
    """Exact, by class, beyond the tolerance."""
    return found.discrepancies100, found.zpf_discrepancies, found.range_discrepancies


def test_three_ways_of_counting() -> None:
    """By hand: a/1, b/1, b/2, b/3 differ; b/1, b/2, b/3 change class; b/2 (1 of 4) and b/3 lie beyond a tenth."""
    found = discrepancies(HUMAN, OURS, QUESTIONS)
    assert counts(found) == (4, 3, 2)
    assert found.question_discrepancies100 == {"1": 2, "2": 1, "3": 1}
    assert found.question_zpf_discrepancies == {"1": 1, "2": 1, "3": 1}
    assert found.question_range_discrepancies == {"1": 0, "2": 1, "3": 1}
    assert found.lt100_questions == ("1", "2", "3") == found.zpf_questions
    assert found.range_questions == ("2", "3")


def test_missing_marks_are_counted_apart() -> None:
    """Submission c misses question 2 on one side and 3 on the other; a submission of one rater only is not compared."""
    found = discrepancies(HUMAN, OURS, QUESTIONS)
    assert (found.submissions, found.compared, found.question_compared) == (3, 7, {"1": 3, "2": 2, "3": 2})
    assert (found.missing_first, found.missing_second, found.missing_both) == (1, 1, 0)
    assert found.question_missing == {"1": 0, "2": 1, "3": 1}
    assert (found.only_first, found.only_second) == (1, 0)


def test_a_missing_mark_is_no_zero() -> None:
    """A missing mark against 0 is no agreement, and against full marks no discrepancy."""
    found = discrepancies({"a": {"1": None}}, {"a": {"1": 10}}, {"1": 10})
    assert counts(found) == (0, 0, 0)
    assert (found.compared, found.missing_first) == (0, 1)
    assert discrepancies({"a": {}}, {"a": {}}, {"1": 10}).missing_both == 1


@pytest.mark.parametrize(
    ("tolerance", "beyond"),
    [
        (Tolerance(share=0), 4),
        (Tolerance(share=0.05), 3),
        (Tolerance(share=0.25), 1),
        (Tolerance(marks=0.5), 3),
        (Tolerance(marks=1), 1),
        (Tolerance(marks=2), 0),
    ],
)
def test_the_tolerance_is_a_share_or_marks_and_includes_its_end(tolerance: Tolerance, beyond: int) -> None:
    """Differences are 1 of 10, 0.5 of 10, 1 of 4 and 2 of 2."""
    assert discrepancies(HUMAN, OURS, QUESTIONS, tolerance).range_discrepancies == beyond


def test_the_names_in_json() -> None:
    """As the issue gives them; every question is in every map."""
    found = json.loads(discrepancies(HUMAN, OURS, QUESTIONS).model_dump_json())
    assert found.keys() >= NAMES
    assert found["questionZpfDiscrepancies"] == {"1": 1, "2": 1, "3": 1}
    assert (found["lt100Questions"], found["rangeQuestions"]) == (["1", "2", "3"], ["2", "3"])
    assert found["tolerance"] == {"share": 0.1, "marks": None}


@pytest.mark.parametrize(
    ("sheet", "questions", "message"),
    [
        ({"a": {"9": 1.0}}, QUESTIONS, "unknown question '9'"),
        ({"a": {"1": float("nan")}}, QUESTIONS, "nan is no mark"),
        ({"a": {"1": -1.0}}, QUESTIONS, "-1.0 is no mark"),
        ({"a": {}}, {}, "no question"),
        ({"a": {}}, {"1": 0.0}, "must be above 0"),
    ],
)
def test_what_does_not_fit_is_refused(
    sheet: dict[str, dict[str, float]], questions: dict[str, float], message: str
) -> None:
    """With a sentence that names it."""
    with pytest.raises(AgreementError, match=message):
        discrepancies(sheet, {}, questions)


SHEETS = st.dictionaries(
    st.sampled_from("abcde"),
    st.dictionaries(
        st.sampled_from(list(QUESTIONS)), st.none() | st.integers(0, 4).map(lambda half: half / 2), max_size=3
    ),
)


@given(SHEETS, SHEETS)
def test_what_holds_for_any_marks(
    first: dict[str, dict[str, float]], second: dict[str, dict[str, float]]
) -> None:
    """A rater agrees with themselves; counting is symmetric, adds up, and every unit is somewhere once."""
    same = discrepancies(first, first, QUESTIONS)
    assert counts(same) == (0, 0, 0)
    one, other = discrepancies(first, second, QUESTIONS), discrepancies(second, first, QUESTIONS)
    assert counts(one) == counts(other)
    assert (one.missing_first, one.only_first) == (other.missing_second, other.only_second)
    assert max(counts(one)) == one.discrepancies100 <= one.compared
    assert sum(one.question_range_discrepancies.values()) == one.range_discrepancies
    missing = one.missing_first + one.missing_second + one.missing_both
    assert one.compared + missing == one.submissions * len(QUESTIONS)
