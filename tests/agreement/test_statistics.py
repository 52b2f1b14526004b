"""The statistics equal scikit-learn's, pingouin's and krippendorff's, and say why where those give NaN."""

import random
import warnings
from collections.abc import Sequence

import krippendorff
import numpy as np
import pandas as pd  # type: ignore[import-untyped]
import pingouin  # type: ignore[import-untyped]
import pytest
from sklearn.exceptions import UndefinedMetricWarning  # type: ignore[import-untyped]
from sklearn.metrics import cohen_kappa_score  # type: ignore[import-untyped]
from sklearn.metrics import mean_absolute_error as sklearn_error

from introeval.agreement.errors import AgreementError
from introeval.agreement.statistics import (
    Level,
    Row,
    Undefined,
    icc_2_1,
    krippendorff_alpha,
    mean_absolute_error,
    quadratic_weighted_kappa,
)

SEEDS = range(60)


def exactly(expected: object) -> object:
    """Equal to 1e-9."""
    return pytest.approx(expected, rel=0, abs=1e-9)


def marks(seed: int, raters: int, step: float = 1.0, gaps: float = 0.0) -> list[list[float | None]]:
    """Rows of marks on 0 to 10 by raters who agree more or less, some marks missing. The seed is printed on failure."""
    print(f"seed {seed}, {raters} raters, step {step}, gaps {gaps}")
    rng = random.Random(f"{seed} {raters} {step} {gaps}")
    noise, rows = rng.choice([0.0, 0.5, 2.0, 8.0]), []
    for _ in range(rng.randint(8, 40)):
        true = rng.uniform(0, 10)
        given = [min(10, max(0, round((true + rng.gauss(0, noise)) / step) * step)) for _ in range(raters)]
        rows.append([None if rng.random() < gaps else mark for mark in given])
    return rows


def columns(rows: Sequence[Row]) -> list[list[float]]:
    """One list a rater, NaN for a gap."""
    return [[np.nan if mark is None else mark for mark in column] for column in zip(*rows, strict=True)]


def pingouin_icc(rows: Sequence[Row]) -> float:
    """ICC(A,1), full rows only. Its confidence interval divides by zero for perfect agreement; that is not asked."""
    table = [
        {"submission": at, "rater": rater, "mark": np.nan if mark is None else float(mark)}
        for at, row in enumerate(rows)
        for rater, mark in enumerate(row)
    ]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        found = pingouin.intraclass_corr(
            pd.DataFrame(table), targets="submission", raters="rater", ratings="mark", nan_policy="omit"
        )
    return float(found.set_index("Type").loc["ICC(A,1)", "ICC"])


def test_absolute_error_is_scikit_learns() -> None:
    """On random marks in steps of a half."""
    for seed in SEEDS:
        rows = marks(seed, raters=2, step=0.5)
        assert mean_absolute_error(rows) == exactly(sklearn_error(*columns(rows)))


@pytest.mark.parametrize("step", [1, 0.5, 0.1])
def test_kappa_is_scikit_learns_with_every_step_as_a_label(step: float) -> None:
    """Distances of marks on an even scale; labels are step numbers, since scikit-learn takes no fractions."""
    for seed in SEEDS:
        rows = marks(seed, raters=2, step=step)
        first, second = ([round(mark / step) for mark in column] for column in columns(rows))
        expected = cohen_kappa_score(first, second, labels=range(round(10 / step) + 1), weights="quadratic")
        assert quadratic_weighted_kappa(rows) == exactly(expected)


def test_kappa_of_ranks_is_scikit_learns_default() -> None:
    """Without labels scikit-learn takes the ranks of the marks that occur, and so do categories."""
    for seed in SEEDS:
        rows = marks(seed, raters=2)
        occurring = sorted({mark for row in rows for mark in row if mark is not None})
        expected = cohen_kappa_score(*columns(rows), weights="quadratic")
        assert quadratic_weighted_kappa(rows, occurring) == exactly(expected)


@pytest.mark.parametrize("gaps", [0, 0.1])
def test_icc_is_pingouins(gaps: float) -> None:
    """Two to four raters; rows with a gap are left out by both."""
    for seed in SEEDS:
        rows = marks(seed, raters=2 + seed % 3, step=0.1, gaps=gaps)
        assert icc_2_1(rows) == exactly(pingouin_icc(rows))


@pytest.mark.parametrize("level", list(Level))
@pytest.mark.parametrize("gaps", [0, 0.3])
def test_alpha_is_krippendorffs(gaps: float, level: Level) -> None:
    """Two to five raters, with and without gaps."""
    for seed in SEEDS:
        rows = marks(seed, raters=2 + seed % 4, step=0.5, gaps=gaps)
        expected = krippendorff.alpha(np.array(columns(rows)), level_of_measurement=level.value)
        assert krippendorff_alpha(rows, level) == exactly(float(expected))


def test_published_examples() -> None:
    """Shrout and Fleiss (1979): ICC(2,1) = .29; Krippendorff (2011): interval alpha .849, ordinal .815."""
    shrout_fleiss = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    assert icc_2_1(shrout_fleiss) == pytest.approx(0.2898, abs=5e-5)
    observers: list[list[float | None]] = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
    ]
    rows = list(zip(*observers, strict=True))
    assert krippendorff_alpha(rows) == pytest.approx(0.849, abs=5e-4)
    assert krippendorff_alpha(rows, Level.ORDINAL) == pytest.approx(0.815, abs=5e-4)


def test_gaps_are_left_out_never_zero() -> None:
    """A row with a missing mark changes nothing in any of the four."""
    whole: list[Row] = [(1, 2), (3, 3), (5, 4), (2, 2)]
    gapped: list[Row] = [*whole, (None, 7), (9, None), (None, None)]
    for statistic in (mean_absolute_error, quadratic_weighted_kappa, icc_2_1, krippendorff_alpha):
        assert statistic(gapped) == statistic(whole)


def test_perfect_agreement_and_the_opposite() -> None:
    """Full agreement is 1, and its mirror image -1 for kappa."""
    agreed: list[Row] = [(0.1, 0.1), (0.2, 0.2), (0.3, 0.3)]
    assert [quadratic_weighted_kappa(agreed), icc_2_1(agreed), krippendorff_alpha(agreed)] == pytest.approx(
        [1] * 3
    )
    assert quadratic_weighted_kappa([(0, 10), (10, 0)]) == -1


@pytest.mark.parametrize("mark", [0, 7, 0.1])
def test_one_category(mark: float) -> None:
    """All marks the same: the error is 0, the others have no value; the libraries say NaN, a warning or an error."""
    rows = [(mark, mark)] * 5
    assert mean_absolute_error(rows) == 0
    for statistic in (quadratic_weighted_kappa, icc_2_1, krippendorff_alpha):
        assert statistic(rows) is Undefined.ONE_VALUE
    with pytest.warns(UndefinedMetricWarning):
        assert np.isnan(cohen_kappa_score([7] * 5, [7] * 5, labels=range(11), weights="quadratic"))
    with pytest.raises(ValueError, match="more than one value"):
        krippendorff.alpha(np.array(columns(rows)))


def test_each_rater_has_one_mark_of_their_own() -> None:
    """Constant raters who differ agree no better than chance: 0, as in scikit-learn; alpha falls below."""
    rows = [(3.0, 5.0)] * 6
    assert quadratic_weighted_kappa(rows) == cohen_kappa_score([3] * 6, [5] * 6, weights="quadratic") == 0
    assert icc_2_1(rows) == exactly(pingouin_icc(rows))
    assert krippendorff_alpha(rows) == exactly(float(krippendorff.alpha(np.array(columns(rows)))))


def test_a_denominator_of_nothing() -> None:
    """Two works that mirror each other: ICC would be an infinity (pingouin refuses fewer than five marks)."""
    assert icc_2_1([(0, 1), (1, 0)]) is Undefined.NO_VARIANCE


@pytest.mark.parametrize("rows", [[], [(None, None)], [(3, None), (None, 4)]])
def test_nothing_to_compare(rows: list[Row]) -> None:
    """No pair at all: not even an error."""
    for statistic in (mean_absolute_error, quadratic_weighted_kappa, icc_2_1, krippendorff_alpha):
        assert statistic(rows) is Undefined.TOO_FEW


def test_one_pair_says_nothing_but_its_difference() -> None:
    """The libraries give 0 for any single pair; that is no finding."""
    assert mean_absolute_error([(3, 5)]) == 2
    for statistic in (quadratic_weighted_kappa, icc_2_1, krippendorff_alpha):
        assert statistic([(3, 5)]) is Undefined.TOO_FEW
    assert cohen_kappa_score([3], [5], labels=range(11), weights="quadratic") == 0
    assert krippendorff.alpha(np.array([[3.0], [5.0]])) == 0


def test_other_values_in_unpairable_works_do_not_count() -> None:
    """Two works were marked twice, all 1; a 2 that stands alone makes no variance (krippendorff: NaN)."""
    rows: list[Row] = [(1, 1), (1, 1), (2, None)]
    assert krippendorff_alpha(rows) is Undefined.ONE_VALUE
    with np.errstate(invalid="ignore"):
        assert np.isnan(krippendorff.alpha(np.array(columns(rows))))


def test_a_mark_outside_the_categories_is_refused() -> None:
    """scikit-learn drops such pairs in silence."""
    with pytest.raises(AgreementError, match="none of the categories"):
        quadratic_weighted_kappa([(1, 2), (3, 4)], [1, 2, 3])


def test_each_reason_has_a_sentence() -> None:
    """For people who read a report."""
    assert all(reason.meaning.endswith(".") for reason in Undefined)
