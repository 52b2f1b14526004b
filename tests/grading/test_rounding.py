"""Marks: never above their maximum, and what is shown adds up to the total."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from introeval.agreement.scale import Equating, ModelSeverity, Verdict
from introeval.fairness import Fair
from introeval.grading import GradeReport, default_rubric, grade
from introeval.grading.report import CriterionGrade
from introeval.grading.rounding import kept_mark, score_text, summed
from introeval.grading.trust import Opinion, combine
from tests.grading.speeches import FACTS, INTRODUCTION, reply

MOST = st.sampled_from([0.125, 0.25, 0.33, 0.5, 0.75, 1.0, 2.0, 2.75, 7.75, 10.0])


def exam(marks: list[float], most: list[float]) -> GradeReport:
    """A marked exam."""
    criteria = tuple(
        CriterionGrade(name=f"Question {at}", score=mark, max_score=top, reason="So.")
        for at, (mark, top) in enumerate(zip(marks, most, strict=True), 1)
    )
    return GradeReport(
        score=summed(marks), max_score=summed(most), criteria=criteria, rubric="exam", rubric_version=1
    )


@given(st.lists(st.tuples(MOST, st.lists(st.floats(0, 1), min_size=2, max_size=3)), min_size=1, max_size=12))
def test_opinions_add_up(questions: list[tuple[float, list[float]]]) -> None:
    """Whatever two or three models gave: no question and no total above its maximum, and the sum is the total."""
    tops = [top for top, _ in questions]
    models = min(len(shares) for _, shares in questions)
    reports = [
        exam([kept_mark(top * shares[at], top) for top, shares in questions], tops) for at in range(models)
    ]
    whole = combine([Opinion(f"m{at}", 1, report) for at, report in enumerate(reports)], 1.0)
    assert all(item.score <= item.max_score for item in whole.criteria)
    assert whole.score <= whole.max_score
    assert float(score_text(whole.score)) == pytest.approx(
        sum(float(score_text(item.score)) for item in whole.criteria), abs=1e-9
    )


def test_full_marks_are_full_marks() -> None:
    """Two models that give all there is; and one that gives all and one that gives nothing, for half marks."""
    most = [0.75, 0.75, 0.75, 0.25, 0.25]
    whole = combine([Opinion("a", 1, exam(most, most)), Opinion("b", 1, exam(most, most))], 0.3)
    assert (whole.score, [item.score for item in whole.criteria]) == (2.75, most)
    most = [0.5] * 10
    whole = combine([Opinion("a", 1, exam(most, most)), Opinion("b", 1, exam([0.0] * 10, most))], 1.0)
    assert (whole.score, {item.score for item in whole.criteria}) == (2.5, {0.25})


def test_an_introduction_on_a_fine_scale() -> None:
    """Ten for everything is the maximum, and a guard's cap holds to the last digit."""
    rubric = default_rubric().model_copy(update={"max_score": 7.75})
    report = grade(rubric, INTRODUCTION, 30.0, reply(scores=10))
    assert (report.score, report.max_score) == (7.75, 7.75)
    few = INTRODUCTION[:1]
    capped = grade(rubric, few, 30.0, reply(few, scores=10, facts=FACTS[:1]))
    assert capped.score == min(guard.cap for guard in capped.guards) == 1.55


def test_an_adjusted_grade_is_within_its_scale() -> None:
    """The common scale ends where the assignment's does."""
    strict = ModelSeverity(
        model="a",
        n=9,
        n_overlap=9,
        severity=2.0,
        severity_se=0.1,
        severity_interval=(1.8, 2.2),
        spread=1.0,
        spread_se=0.1,
        spread_interval=(0.9, 1.1),
    )
    equating = Equating(verdict=Verdict.ADJUSTED, why="", max_score=7.75, models=(strict,))
    assert Fair(equating, {"s": {"a": 7.0}}).standing("s").adjusted == 7.75


@pytest.mark.parametrize(
    ("value", "text"),
    [(10.0, "10"), (7.5, "7.5"), (0.0, "0"), (0.25, "0.25"), (0.125, "0.125"), (0.1 + 0.2, "0.3")],
)
def test_scores_are_shown_as_kept(value: float, text: str) -> None:
    """Without needless zeros, and never rounded again."""
    assert score_text(value) == text
