"""Bootstrap intervals: scipy's numbers for the same draws, the same for the same seed, and none where there is none."""

import random

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap  # type: ignore[import-untyped]

from introeval.agreement.bootstrap import Interval, Method, Resampling, bootstrap, interval_of, left_out
from introeval.agreement.statistics import (
    Row,
    Undefined,
    icc_2_1,
    mean_absolute_error,
    quadratic_weighted_kappa,
)


def pairs(seed: int, n: int) -> list[Row]:
    """Two raters of n works, on 0 to 10 in halves."""
    print(f"seed {seed}, n {n}")
    rng = random.Random(seed)
    found: list[Row] = []
    for _ in range(n):
        true = rng.uniform(0, 10)
        found.append(tuple(round(2 * min(10, max(0, true + rng.gauss(0, 1)))) / 2 for _ in range(2)))
    return found


@pytest.mark.parametrize("confidence", [0.9, 0.95])
@pytest.mark.parametrize("seed", range(10))
def test_the_interval_is_scipys_for_the_same_draws(seed: int, confidence: float) -> None:
    """scipy draws; both make the interval of the mean absolute error of what it drew."""
    rows = pairs(seed, 12 + seed)
    first, second = np.array(rows, dtype=float).T
    expected = scipy_bootstrap(
        (first, second),
        lambda one, other, axis: np.abs(one - other).mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=500,
        confidence_level=confidence,
        method="BCa",
        rng=np.random.default_rng(seed),
    )
    observed = mean_absolute_error(rows)
    assert not isinstance(observed, Undefined)
    drawn = expected.bootstrap_distribution.tolist()
    found = interval_of(drawn, observed, left_out(rows, mean_absolute_error), confidence)
    assert found.method is Method.BCA
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval), rel=0, abs=1e-9)


def test_the_seed_decides() -> None:
    """The same seed gives the same interval, another one another."""
    rows = pairs(1, 25)
    first, again, other = (bootstrap(rows, icc_2_1, Resampling(seed=seed)) for seed in (5, 5, 6))
    assert isinstance(first, Interval)
    assert first == again != other
    assert first.low < float(icc_2_1(rows)) < first.high


def test_more_works_make_it_narrower() -> None:
    """Ten times the works, about a third of the width."""
    narrow, wide = (bootstrap(pairs(3, n), mean_absolute_error) for n in (300, 30))
    assert isinstance(narrow, Interval)
    assert isinstance(wide, Interval)
    assert narrow.high - narrow.low < 0.6 * (wide.high - wide.low)


def test_perfect_agreement_has_an_interval_of_one_point() -> None:
    """Every draw is 1; BCa's correction is then nothing."""
    found = bootstrap([(n, n) for n in range(10)], quadratic_weighted_kappa)
    assert found == Interval(low=1, high=1, method=Method.BCA)


def test_where_bca_has_no_value_it_is_the_percentile_interval() -> None:
    """The observed value is below every drawn one; or a jackknife value is missing."""
    drawn = [float(value) for value in range(101)]
    for found in (interval_of(drawn, -1, [1, 2], 0.9), interval_of(drawn, 50, None, 0.9)):
        assert found.method is Method.PERCENTILE
        assert (found.low, found.high) == pytest.approx((5, 95))


def test_no_interval_without_a_value() -> None:
    """The statistic's own reason is handed on; a single work cannot be drawn differently."""
    assert bootstrap([(3, 3)] * 5, quadratic_weighted_kappa) is Undefined.ONE_VALUE
    assert bootstrap([(3, 4)], mean_absolute_error) is Undefined.TOO_FEW


def test_too_many_draws_without_a_value() -> None:
    """Of three works two are alike; a ninth of the draws have one mark only."""
    assert bootstrap([(3, 3), (3, 3), (4, 5)], quadratic_weighted_kappa) is Undefined.UNSTABLE
