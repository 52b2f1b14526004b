"""The jackknife from sums gives what leaving each work out gives, in a time that grows with the works alone."""

import random
from collections import UserDict

import pytest

from introeval.agreement import equating
from introeval.agreement.errors import AgreementError
from introeval.agreement.sums import Equations, Moments, Scores

SPREADS = {2: (0.1, -0.1), 3: (0.2, -0.15, -0.05)}


def works(seed: int, count: int, models: int, holes: float) -> list[Scores]:
    """By models ``a``, ``b``, ... of different severity; each work has at least two scores."""
    rng, found = random.Random(seed), list[Scores]()
    while len(found) < count:
        worth = rng.gauss(5, 1.5)
        scores = {name: worth + at + rng.gauss(0, 0.5) for at, name in enumerate("abc"[:models])}
        kept = {name: score for name, score in scores.items() if rng.random() >= holes}
        if len(kept) > 1:
            found.append(kept)
    return found


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("models", "holes"), [(2, 0.0), (3, 0.0), (3, 0.4)])
@pytest.mark.parametrize("least", [0.0, 1.4, 9.0])
def test_it_is_leaving_each_work_out(seed: int, models: int, holes: float, least: float) -> None:
    """Spreads and severities, to 1e-9; where scores hardly differ neither has a spread."""
    given, names = works(seed, 14, models, holes), "abc"[:models]
    fewer = [[*given[:at], *given[at + 1 :]] for at in range(len(given))]
    spreads = [equating.log_spreads(each, names, least) for each in fewer]
    for one, other in zip(equating.log_spreads_without_each(given, names, least), spreads, strict=True):
        assert one is None if other is None else one == pytest.approx(other, abs=1e-9)
    plain = [equating.severities(each, names, equating.centre_of(each), SPREADS[models]) for each in fewer]
    drawn = equating.severities_without_each(given, names, SPREADS[models])
    assert all(one == pytest.approx(other, abs=1e-9) for one, other in zip(drawn, plain, strict=True))


class Counted(UserDict[str, float]):
    """A work's scores, counting how often somebody looks at one."""

    looks = 0

    def __getitem__(self, name: str) -> float:
        Counted.looks += 1
        return super().__getitem__(name)


def test_twice_the_works_are_twice_the_work() -> None:
    """However many there are: an estimate that grows with the square stops a daemon with one class of 300."""
    looks = []
    for count in (50, 100):
        Counted.looks = 0
        given = [Counted(scores) for scores in works(1, count, 2, 0.0)]
        equating.log_spreads_without_each(given, "ab", 0.0)
        equating.severities_without_each(given, "ab", SPREADS[2])
        looks.append(Counted.looks)
    assert looks[0] > 0
    assert looks[1] == 2 * looks[0]


def test_two_works_without_one_have_no_spread() -> None:
    """One work alone deviates from nothing."""
    two: list[Scores] = [{"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 5.0}]
    assert equating.log_spreads_without_each(two, "ab", 0.0) == [None, None]
    assert Moments.of([1.0, 3.0], [2.0, 5.0]).without(1.0, 2.0) == Moments(1, (3.0, 5.0), (0.0, 0.0))


def test_works_that_do_not_link_the_models() -> None:
    """Leaving the one link out leaves nothing to compare."""
    assert Equations("ab", [1.0, 1.0]).solved(5.0) is None
    with pytest.raises(AgreementError, match="cannot be compared"):
        equating.severities_without_each([{"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 4.0}], "abc", [0, 0, 0])
