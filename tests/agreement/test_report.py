"""The whole report: who is compared with whom, over what, and that it is a function of its input."""

import json
import random
from collections.abc import Mapping

import pytest

from introeval.agreement.bootstrap import Resampling
from introeval.agreement.comparison import Comparison, Options, compare
from introeval.agreement.errors import AgreementError
from introeval.agreement.human import read_grades
from introeval.agreement.matching import match
from introeval.agreement.raters import Rater, Scale, Sheet, Try, sheets_of
from introeval.agreement.report import AgreementReport, report
from introeval.agreement.severity import Rating, Verdict, estimate
from introeval.agreement.statistics import Undefined, mean_absolute_error, quadratic_weighted_kappa
from introeval.cli.agreement import as_table
from tests.agreement.test_discrepancies import NAMES

SCALE = Scale(questions={"1": 6.0, "2": 4.0})
QUICK = Options(resampling=Resampling(resamples=100))
WORKS = [f"w{n}" for n in range(12)]


def tries(names: Mapping[str, int], seed: int = 1) -> list[Try]:
    """Each model so many tries over all works."""
    rng = random.Random(seed)
    worth = {work: rng.random() for work in WORKS}
    return [
        Try(
            work,
            name,
            at,
            None,
            {q: round(worth[work] * m + rng.choice((-0.5, 0, 0)), 0) % m for q, m in SCALE.questions.items()},
        )
        for name, count in names.items()
        for at in range(1, count + 1)
        for work in WORKS
    ]


def human(marks: Mapping[str, Mapping[str, float | None]] | None = None, **totals: float | None) -> Sheet:
    """A teacher's sheet."""
    return Sheet(Rater(kind="human", name="teacher"), marks or {}, totals)


def who(comparisons: tuple[Comparison, ...]) -> list[tuple[str, str]]:
    """The pairs."""
    return [(each.first.label, each.second.label) for each in comparisons]


def test_who_is_compared_with_whom() -> None:
    """The teacher with each try, models try by try, tries within a model, and panels of three or more."""
    ours = sheets_of(tries({"a": 3, "b": 1, "c": 1}))
    found = report(SCALE, ours, human({work: {"1": 3.0} for work in WORKS}), options=QUICK)
    assert who(found.human) == [
        ("teacher", f"{name}") for name in ("a, try 1", "a, try 2", "a, try 3", "b, try 1", "c, try 1")
    ]
    assert who(found.models) == [("a, try 1", "b, try 1"), ("a, try 1", "c, try 1"), ("b, try 1", "c, try 1")]
    assert who(found.tries) == [("a, try 1", "a, try 2"), ("a, try 1", "a, try 3"), ("a, try 2", "a, try 3")]
    assert [len(each.raters) for each in found.panels] == [3, 3]


def test_figures_are_the_statistics_over_whole_grades_and_questions() -> None:
    """With n, an interval around the value, and the same again for the same seed."""
    ours = sheets_of(tries({"a": 1, "b": 1}))
    found = report(SCALE, ours, options=QUICK)
    (pair,) = found.models
    rows = [[sum(v or 0 for v in sheet.marks[work].values()) for sheet in ours] for work in sorted(WORKS)]
    assert pair.total.mean_absolute_error.value == mean_absolute_error(rows)
    assert pair.total.quadratic_weighted_kappa.value == quadratic_weighted_kappa(rows)
    of_one = [[sheet.marks[work]["1"] for sheet in ours] for work in sorted(WORKS)]
    kappa = pair.questions["1"].quadratic_weighted_kappa
    assert (kappa.value, kappa.n) == (quadratic_weighted_kappa(of_one), 12)
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < (kappa.value or 0) < kappa.high
    assert report(SCALE, ours, options=QUICK) == found
    backwards = sheets_of(reversed(tries({"a": 1, "b": 1})))
    assert report(SCALE, backwards, options=QUICK) == found


def test_intervals_by_question_may_be_left_out() -> None:
    """They cost the most; the values stay."""
    found = report(
        SCALE,
        sheets_of(tries({"a": 1, "b": 1})),
        options=QUICK.model_copy(update={"question_intervals": False}),
    )
    figure = found.models[0].questions["1"].icc_2_1
    assert (figure.low, figure.interval_reason) == (None, None)
    assert figure.value is not None
    assert found.models[0].total.icc_2_1.low is not None


def test_a_missing_mark_takes_the_whole_grade_away() -> None:
    """The sum of the rest is no grade; the question that is there still counts."""
    teacher = human({"w0": {"1": 5.0, "2": None}, "w1": {"1": 5.0, "2": 4.0}})
    ours = Sheet(Rater(kind="model", name="a"), {"w0": {"1": 5.0, "2": 4.0}, "w1": {"1": 4.0, "2": 4.0}})
    (found,) = report(SCALE, [ours], teacher, options=QUICK).human
    assert (found.total.mean_absolute_error.n, found.total.mean_absolute_error.value) == (1, 1)
    assert found.questions["1"].mean_absolute_error.n == 2
    assert (found.discrepancies.missing_first, found.discrepancies.compared) == (1, 3)
    assert found.total.icc_2_1.reason is Undefined.TOO_FEW


def test_a_teacher_with_whole_grades_only() -> None:
    """Whole grades are compared, and counted as the one question ``total``."""
    given = [Try(work, "a", 1, 5.0 + at / 2, {"1": 1.0}) for at, work in enumerate(WORKS[:6])]
    teacher = human(w0=5.0, w1=5.5, w2=7.0, w3=None, other=3.0)
    (found,) = report(SCALE, sheets_of(given), teacher, options=QUICK).human
    assert found.discrepancies.question_discrepancies100 == {"total": 1}
    assert (
        found.discrepancies.submissions,
        found.discrepancies.missing_first,
        found.discrepancies.only_first,
    ) == (4, 1, 1)
    assert found.total.mean_absolute_error.value == pytest.approx(1 / 3)
    assert found.questions == {}


def test_sheets_that_cannot_be_compared() -> None:
    """Marks here and whole grades there say nothing about each other."""
    ours = Sheet(Rater(kind="model", name="a"), {"w0": {"1": 5.0}})
    with pytest.raises(AgreementError, match="teacher, a, try 1: one has marks by question only"):
        report(SCALE, [ours], human(w0=5.0), options=QUICK)


def test_the_report_goes_out_and_comes_back_as_json() -> None:
    """With the names of the issue, the severity and the seed."""
    ratings = [Rating(each.submission_id, each.model, 5) for each in tries({"a": 1, "b": 1})]
    ours = sheets_of(tries({"a": 2, "b": 2}))
    found = report(SCALE, ours, severity=estimate(ratings, 10), options=QUICK)
    assert AgreementReport.model_validate_json(found.model_dump_json()) == found
    loose = json.loads(found.model_dump_json())
    assert loose["models"][0]["discrepancies"].keys() >= NAMES
    assert loose["severity"]["verdict"] == Verdict.ADJUSTED
    assert loose["options"]["resampling"]["seed"] == 1993


def test_a_teachers_file_against_what_is_shown() -> None:
    """The shown grade and each model's against the teacher; a stranger and a missing grade are no zero."""
    works = {f"t{at}": f"R{at}" for at in range(9)}
    marks = {f"t{at}": {"clarity": float(at)} for at in range(8)}
    final = Sheet(Rater(kind="final"), marks, {f"t{at}": float(at) for at in range(8)})
    given = [Try(f"t{at}", "ab"[at % 2], 1, float(at), {"clarity": float(at)}) for at in range(8)]
    lines = "".join(f"r{at};{at + (at == 3)},0\n" for at in range(9))
    teacher = match(
        read_grades(f"roll;score\n{lines}R99;5\n".encode()), works, Scale(questions={"clarity": 10.0})
    )
    scale = Scale(questions={"clarity": 10.0}, total=10.0)
    found = report(scale, sheets_of(given), teacher.sheet, final, options=QUICK)
    assert who(found.human) == [("human", "final"), ("human", "a, try 1"), ("human", "b, try 1")]
    first = found.human[0]
    assert (first.discrepancies.discrepancies100, first.discrepancies.compared) == (1, 8)
    assert first.total.mean_absolute_error.value == pytest.approx(1 / 8)
    assert [problem.line for problem in teacher.strangers] == [11]
    table = as_table(found)
    assert [str(cell) for cell in table.columns[3].cells] == ["1/8", "0/4", "1/4"]
    assert str(next(iter(table.columns[6].cells))).startswith("0.12 [")


def test_totals_that_are_the_same_are_equal() -> None:
    """Sums of floats differ in their last digits; equal totals must not count as different grades."""
    thirds = Scale(questions={"1": 1.0, "2": 1.0, "3": 1.0})

    def marked(*rows: tuple[float, float, float]) -> dict[str, dict[str, float | None]]:
        return {f"w{at}": dict(zip("123", row, strict=True)) for at, row in enumerate(rows)}

    first = human(marked((0.1, 0.2, 0.3), (0.7, 0.1, 0.1), (0.2, 0.2, 0.2), (0.3, 0.3, 0.3)))
    second = human(marked((0.3, 0.2, 0.1), (0.1, 0.1, 0.7), (0.1, 0.1, 0.4), (0.1, 0.2, 0.6)))
    agreed = compare(first, second, thirds, QUICK).total
    for figure in (
        agreed.quadratic_weighted_kappa,
        agreed.icc_2_1,
        agreed.alpha_interval,
        agreed.alpha_ordinal,
    ):
        assert figure.value == 1
    assert agreed.mean_absolute_error.value == 0
    first = human(marked((0.1, 0.2, 0.3), (0.2, 0.2, 0.2), (0.3, 0.2, 0.1)))
    second = human(marked((0.2, 0.2, 0.2), (0.1, 0.2, 0.3), (0.1, 0.1, 0.4)))
    same = compare(first, second, thirds, QUICK).total
    for figure in (same.quadratic_weighted_kappa, same.icc_2_1, same.alpha_interval, same.alpha_ordinal):
        assert (figure.value, figure.reason) == (None, Undefined.ONE_VALUE)
    given = compare(human(w0=0.6, w1=0.9), human(w0=0.1 + 0.2 + 0.3, w1=0.9), thirds, QUICK).total
    assert given.alpha_ordinal.value == 1
