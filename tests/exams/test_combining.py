"""One result out of all pairs and tries, and what is said of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from introeval.exams.combining import combine
from introeval.exams.marks import QuestionMark
from introeval.exams.report import TryResult, combined, ratings, report
from introeval.grading.report import Flag
from scheduler.ratings import Failure
from tests.exams.papers import PAIR, PLAN

FAILURE = Failure(code="x", stage="assessment", place="pair 1", message="no", advice="none")


def marks(
    first: float, second: float, doubt: str | None = None, guard: str | None = None
) -> tuple[QuestionMark, ...]:
    """The marks of a try on both questions."""
    return (
        QuestionMark(
            question_number="1",
            mark=first,
            max_mark=5,
            reason=f"r{first:g}",
            model_mark=first,
            doubt=doubt,
            guard=guard,
        ),
        QuestionMark(question_number="2a", mark=second, max_mark=2.5, reason="r", model_mark=second),
    )


def thirds(*given: float) -> tuple[QuestionMark, ...]:
    """The marks of a try on questions of 5 marks each."""
    return tuple(
        QuestionMark(question_number=str(number), mark=mark, max_mark=5, reason="r", model_mark=mark)
        for number, mark in enumerate(given, 1)
    )


def one(
    at: int,
    attempt: int,
    given: tuple[QuestionMark, ...] | None,
    model: str = "mistral",
    server: str | None = "a",
) -> TryResult:
    """A try's end."""
    pair = PAIR.model_copy(update={"index": at, "assessment_model": model})
    failure = None if given else FAILURE
    return TryResult(
        pair=pair, attempt=attempt, marks=given, failure=failure, model=server and model, server=server
    )


def test_median_over_tries_then_mean_over_pairs() -> None:
    """One wild try moves nothing; each pair counts the same."""
    whole = combine({0: [marks(4, 2), marks(4, 2), marks(0, 0)], 1: [marks(2, 1)]})
    assert whole is not None
    assert [(question.mark, question.lowest, question.highest) for question in whole.questions] == [
        (3, 0, 4),
        (1.5, 0, 2),
    ]
    assert (whole.score, whole.max_score, whole.lowest, whole.highest) == (4.5, 7.5, 0, 6)
    assert [(pair.index, pair.score, pair.lowest, pair.highest, pair.tries) for pair in whole.pairs] == [
        (0, 6, 0, 6, 3),
        (1, 3, 3, 3, 1),
    ]
    assert whole.spread == 0.8


def test_nothing_to_combine() -> None:
    """Without a try there is no result, and a pair without one counts nowhere."""
    assert combine({}) is None
    assert combine({0: []}) is None
    whole = combine({0: [], 1: [marks(5, 2.5)]})
    assert whole is not None
    assert whole.score == 7.5


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 5), st.floats(0, 2.5)), min_size=1, max_size=4),
        min_size=1,
        max_size=4,
    )
)
def test_a_combined_mark_lies_within_its_spread(given: list[list[tuple[float, float]]]) -> None:
    """And so does the score within what is possible."""
    whole = combine({at: [marks(*pair) for pair in tries] for at, tries in enumerate(given)})
    assert whole is not None
    for question in whole.questions:
        assert question.lowest - 0.005 <= question.mark <= question.highest + 0.005
    assert 0 <= whole.score <= whole.max_score
    assert whole.score == pytest.approx(sum(question.mark for question in whole.questions), abs=1e-9)


def test_ratings_count_a_models_tries_through_its_pairs() -> None:
    """The table of ratings has one row for each model and try."""
    results = [
        one(0, 1, marks(4, 2)),
        one(0, 2, None),
        one(1, 1, marks(3, 1)),
        one(2, 1, marks(1, 1), "llava"),
    ]
    given = ratings(results)
    assert [(rating.model, rating.attempt, rating.score) for rating in given] == [
        ("mistral", 1, 6),
        ("mistral", 2, 4),
        ("llava", 1, 2),
    ]
    assert given[0].marks == {"1": 4, "2a": 2}


def test_report_shows_the_try_nearest_to_the_result() -> None:
    """Its reason and evidence stand for the mark; each try is an opinion."""
    results = [one(0, 1, marks(3, 2)), one(0, 2, marks(4, 2)), one(0, 3, marks(4.5, 2))]
    whole = combined(results)
    assert whole is not None
    made = report(PLAN, whole, results, [Flag(code="x", message="y")], ["A page was hard to read."])
    assert [(item.name, item.score, item.reason) for item in made.criteria] == [
        ("Question 1", 4, "r4"),
        ("Question 2a", 2, "r"),
    ]
    assert [opinion.score for opinion in made.opinions] == [5, 6, 6.5]
    assert made.flags == (Flag(code="x", message="y"),)
    assert made.review == ("A page was hard to read.",)
    assert made.asked_model


def test_what_keeps_a_grade_from_being_final() -> None:
    """Doubts of marks, a pair without a result, and tries far apart; each once."""
    plan = PLAN.model_copy(update={"pairs": (PAIR, PAIR.model_copy(update={"index": 1}))})
    results = [one(0, 1, marks(5, 2, "odd", "off_topic")), one(0, 2, marks(1, 1, "odd")), one(1, 1, None)]
    whole = combined(results)
    assert whole is not None
    made = report(plan, whole, results, (), ())
    assert made.review == (
        "odd",
        "Pair 2 (mistral) has no result.",
        "The tries lie between 2 and 7 of 7.5.",
        "Question 1: the tries lie between 1 and 5 of 5.",
        "Question 2a: the tries lie between 1 and 2 of 2.5.",
    )
    assert combined([one(0, 1, None)]) is None


@pytest.mark.parametrize(
    ("of_tries", "score", "each"),
    [
        ([(5, 0, 0), (0, 5, 0), (0, 0, 5)], 0, 5),
        ([(5, 5, 0), (5, 0, 5), (0, 5, 5)], 15, 10),
    ],
)
def test_tries_that_disagree_on_each_question_are_not_final(
    of_tries: list[tuple[float, float, float]], score: float, each: float
) -> None:
    """Though their totals are the same: the score that no try gave, and each of the questions, are told."""
    results = [one(0, at, thirds(*given)) for at, given in enumerate(of_tries, 1)]
    whole = combined(results)
    assert whole is not None
    assert (whole.score, whole.lowest, whole.highest, whole.spread) == (score, each, each, 0)
    assert report(PLAN, whole, results, (), ()).review == (
        f"The score, {score}, is none that the tries came near ({each} to {each} of 15): they give their marks for "
        "different questions.",
        *(f"Question {number}: the tries lie between 0 and 5 of 5." for number in (1, 2, 3)),
    )


def test_one_question_that_the_tries_disagree_on_is_named() -> None:
    """The totals are near each other, and so is the score."""
    results = [one(0, at, thirds(*given)) for at, given in enumerate([(4, 4, 2), (4, 3, 3.4)], 1)]
    whole = combined(results)
    assert whole is not None
    assert report(PLAN, whole, results, (), ()).review == ()
    results = [one(0, at, thirds(*given)) for at, given in enumerate([(4, 4, 2), (4, 3, 4)], 1)]
    whole = combined(results)
    assert whole is not None
    assert report(PLAN, whole, results, (), ()).review == ("Question 3: the tries lie between 2 and 4 of 5.",)


@given(st.integers(1, 3), st.lists(st.integers(0, 500), min_size=1, max_size=100))
def test_equal_tries_are_never_outside(pairs: int, hundredths: list[int]) -> None:
    """However many roundings there are in a sum."""
    same = tuple(
        QuestionMark(question_number=str(at), mark=mark / 300, max_mark=5, reason="r")
        for at, mark in enumerate(hundredths)
    )
    whole = combine({at: [same, same] for at in range(pairs)})
    assert whole is not None
    assert not whole.outside


def test_blank_pages_are_a_guard() -> None:
    """No model was asked, and none has an opinion."""
    blank = tuple(mark.model_copy(update={"mark": 0.0, "guard": "blank"}) for mark in marks(0, 0))
    results = [one(0, 1, blank, server=None), one(0, 2, blank, server=None)]
    whole = combined(results)
    assert whole is not None
    made = report(PLAN, whole, results, (), ())
    assert ([guard.code for guard in made.guards], made.asked_model, made.opinions) == (["blank"], False, ())
