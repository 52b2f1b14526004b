"""What scores are worth on the common scale: bounded once, and not at all where there is nothing to adjust."""

import pytest

from introeval.agreement.severity import Verdict, estimate
from tests.agreement.test_severity import exact


def test_a_grade_is_bounded_once_after_the_mean() -> None:
    """9 by the strict one is worth 10.5: bounded before the mean, it would cost half of what it has over."""
    found = estimate(exact({"a": (1.5, 1), "b": (-1.5, 1)}, {"a": range(8), "b": range(8)}), 10)
    assert found.final({"a": 9, "b": 9}) == pytest.approx(9)
    assert found.final({"a": 9.5}) == 10
    assert found.final({"a": 9.5}, cap=2.0) == 2


@pytest.mark.parametrize("end", [0.0, 10.0])
def test_what_all_models_agree_on_at_an_end_stays(end: float) -> None:
    """Whatever their spreads; one model alone may only have been lenient."""
    found = estimate(exact({"a": (1, 1.3), "b": (-1, 0.7)}, {"a": range(8), "b": range(8)}), 12)
    assert found.verdict is Verdict.ADJUSTED
    found = found.model_copy(update={"max_score": 10.0})
    assert found.final({"a": end, "b": end}) == end
