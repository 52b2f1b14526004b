"""Severities are recovered, luck is taken out, and a thin or contradictory overlap is said."""

import random
from statistics import fmean

import pytest
from scipy.stats import t as student  # type: ignore[import-untyped]

from introeval.agreement.equating import student_t
from introeval.agreement.errors import AgreementError
from introeval.agreement.linked import linked
from introeval.agreement.severity import Equating, Rating, Settings, Verdict, estimate

WORTHS = [3.0, 4.5, 5.0, 6.0, 7.5, 8.0, 5.5, 6.5]


def exact(given: dict[str, tuple[float, float]], works: dict[str, range]) -> list[Rating]:
    """Models (severity, spread) that never err, on the works of ``WORTHS`` that each graded."""
    return [
        Rating(f"w{at}", model, 5 + spread * (WORTHS[at] - 5) - severity)
        for model, (severity, spread) in given.items()
        for at in works[model]
    ]


class Class:
    """n works, 20 % graded by both of two models whose severities are 1 mark apart, the others by one in turn."""

    def __init__(self, seed: int, n: int, error: float = 0.5) -> None:
        print(f"seed {seed}, n {n}, error {error}")
        self.rng, self.error = random.Random(seed), error
        works = {f"{self.rng.getrandbits(64):x}": self.rng.gauss(6, 1.8) for _ in range(n)}
        both = linked(works)
        self.found = estimate(
            [
                Rating(work, "ab"[at], self.score(worth, at))
                for turn, (work, worth) in enumerate(works.items())
                for at in (0, 1)
                if work in both or turn % 2 == at
            ],
            10,
        )

    def score(self, worth: float, at: int) -> float:
        """By model a (lenient) or b (strict)."""
        return min(10, max(0, round(worth + (0.5, -0.5)[at] + self.rng.gauss(0, self.error), 1)))

    def luck(self) -> tuple[float, float]:
        """What a work gains by its model, over 1,000 fresh works: before, and after the adjustment."""
        worths = [self.rng.gauss(6, 1.8) for _ in range(1000)]
        fresh = [(self.score(worth, 0), self.score(worth, 1)) for worth in worths]
        fair = [(self.found.adjust(one, "a"), self.found.adjust(other, "b")) for one, other in fresh]
        return fmean(one - other for one, other in fresh), fmean(one - other for one, other in fair)


def test_two_models_are_equated_as_in_the_book() -> None:
    """Mean and deviation of the linked works go to the mean of the means and the geometric mean of the deviations."""
    everything = {"a": range(8), "b": range(8)}
    found = estimate(exact({"a": (1, 1.25), "b": (0, 0.8)}, everything), 10)
    assert (found.verdict, found.method, found.n_overlap) == (Verdict.ADJUSTED, "linear", 8)
    a, b = found.models
    assert (a.spread, b.spread) == pytest.approx((1.25, 0.8))
    assert a.severity == pytest.approx(-b.severity)
    mean = fmean(WORTHS)
    means = 5 + 1.25 * (mean - 5) - 1, 5 + 0.8 * (mean - 5)
    assert found.centre == pytest.approx(fmean(means))
    assert a.severity == pytest.approx(found.centre - means[0])
    assert found.adjust(means[0], "a") == pytest.approx(found.centre) == found.adjust(means[1], "b")


@pytest.mark.parametrize(
    "works",
    [
        {"a": range(8), "b": range(8), "c": range(8)},
        {"a": range(0, 5), "b": range(0, 8), "c": range(3, 8)},
        {"a": range(0, 8), "b": range(0, 5), "c": range(0, 5)},
    ],
    ids=["complete", "a chain", "a star with holes"],
)
def test_models_that_do_not_err_are_brought_together_exactly(works: dict[str, range]) -> None:
    """Whatever pairs link three models, each work then has one score; severities and log spreads cancel."""
    ratings = exact({"a": (1.5, 1.2), "b": (-0.5, 1.0), "c": (0.2, 0.7)}, works)
    found = estimate(ratings, 10)
    assert found.verdict is Verdict.ADJUSTED
    assert sum(model.severity for model in found.models) == pytest.approx(0)
    by_work: dict[str, list[float]] = {}
    for rating in ratings:
        by_work.setdefault(rating.submission_id, []).append(found.adjust(rating.score, rating.model))
    assert max(max(scores) - min(scores) for scores in by_work.values()) == pytest.approx(0, abs=1e-9)


def test_no_model_is_the_reference() -> None:
    """Other names, another order of arrival: the same scale."""
    ratings = exact({"a": (1, 1.1), "b": (0, 0.9)}, {"a": range(8), "b": range(8)})
    swapped = [Rating(r.submission_id, {"a": "y", "b": "x"}[r.model], r.score) for r in reversed(ratings)]
    one, other = estimate(ratings, 10), estimate(swapped, 10)
    assert one.adjust(6, "a") == pytest.approx(other.adjust(6, "y"))
    assert estimate(ratings[::-1], 10) == one


@pytest.mark.parametrize(("n", "most"), [(30, 0.4), (300, 0.15)])
def test_recovery(n: int, most: float) -> None:
    """Models one mark apart, 20 % graded by both: what is left of the mark, on average over 60 classes."""
    classes = [Class(seed, n) for seed in range(60 if n == 30 else 15)]
    found = [each.luck() for each in classes if each.found.verdict is Verdict.ADJUSTED]
    assert len(found) >= 0.9 * len(classes)
    before, after = (fmean(abs(each[at]) for each in found) for at in (0, 1))
    assert before > 0.9
    assert after < most
    assert abs(fmean(after for _, after in found)) < 0.15, "what is left has no direction"


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """95 % by name; of 200 classes with six linked works at least 180."""
    held = 0
    for seed in range(200):
        model = Class(seed, 30).found.models[0]
        held += model.severity_interval[0] <= -0.5 <= model.severity_interval[1]
    assert held >= 180


def test_one_model_needs_nothing() -> None:
    """Nor does no model; scores stay, within the scale."""
    for ratings in ([], [Rating("w", "a", 7), Rating("w", "a", 9)]):
        found = estimate(ratings, 10)
        assert found.verdict is Verdict.NOT_NEEDED
        assert found.final({"a": 7.5}) == 7.5


def test_too_few_linked_works() -> None:
    """Four are not five; the message has both numbers; nothing is adjusted."""
    found = estimate(exact({"a": (1, 1), "b": (0, 1)}, {"a": range(6), "b": range(2, 8)}), 10)
    assert (found.verdict, found.n_overlap) == (Verdict.TOO_SMALL, 4)
    assert "4 works" in found.why
    assert "5 must" in found.why
    assert found.adjust(3.3, "a") == 3.3
    assert (
        estimate(
            exact({"a": (1, 1), "b": (0, 1)}, {"a": range(6), "b": range(2, 8)}), 10, Settings(minimum=4)
        ).verdict
        is Verdict.ADJUSTED
    )


def test_a_model_that_nothing_links() -> None:
    """Two models are linked well, the third to neither: nobody's scale is known."""
    ratings = [*exact({"a": (1, 1), "b": (0, 1)}, {"a": range(8), "b": range(8)}), Rating("x", "c", 5)]
    assert estimate(ratings, 10).verdict is Verdict.TOO_SMALL


def test_models_that_contradict_each_other() -> None:
    """Large errors are wider limits of agreement; the other way round is no correlation; both are said."""
    turned = [
        Rating(f"w{at}", m, (worth, 11 - worth)[m == "b"]) for at, worth in enumerate(WORTHS) for m in "ab"
    ]
    found = estimate(turned, 11)
    assert (found.verdict, found.adjust(4, "a")) == (Verdict.DISAGREE, 4)
    assert "limits of agreement" in found.why
    found = estimate(turned, 11, Settings(disagreement=1))
    assert found.verdict is Verdict.DISAGREE
    assert found.pairs[0].correlation == pytest.approx(-1)
    assert "correlation -1.00" in found.why
    assert Class(1, 300, error=2.5).found.verdict is Verdict.DISAGREE


def test_a_model_that_gives_everybody_the_same() -> None:
    """The other tells the works apart, so there is nothing to equate with."""
    flat = [Rating(f"w{at}", m, (worth, 7.0)[m == "b"]) for at, worth in enumerate(WORTHS) for m in "ab"]
    found = estimate(flat, 10, Settings(disagreement=1))
    assert (found.verdict, found.pairs[0].correlation) == (Verdict.DISAGREE, 0)


def test_works_that_hardly_differ_are_equated_by_the_mean() -> None:
    """A deviation of a tenth of a mark says nothing about a spread."""
    scores = [(6.0, 7.0), (6.1, 7.0), (6.0, 7.1), (6.1, 7.2), (6.2, 7.1), (6.0, 7.0)]
    found = estimate(
        [Rating(f"w{at}", m, two["ab".index(m)]) for at, two in enumerate(scores) for m in "ab"], 10
    )
    assert (found.verdict, found.method, found.pairs[0].correlation) == (Verdict.ADJUSTED, "mean", None)
    assert [model.spread for model in found.models] == [1, 1]
    assert found.adjust(6, "a") == pytest.approx(6.5, abs=0.01)


def test_a_spread_is_trusted_with_the_works_behind_it() -> None:
    """The same noisy stretch, from few works and from many: few are shrunk towards 1."""
    rng = random.Random(4)
    worths = [rng.gauss(5, 1.5) for _ in range(100)]
    errors = [rng.gauss(0, 0.7) for _ in worths]
    spreads = []
    for n in (6, 100):
        pairs = [
            (5 + 1.2 * (w - 5) + e, 5 + 0.8 * (w - 5) - e) for w, e in zip(worths[:n], errors, strict=False)
        ]
        ratings = [Rating(f"w{at}", m, p["ab".index(m)]) for at, p in enumerate(pairs) for m in "ab"]
        spreads.append(estimate(ratings, 20, Settings(least_deviation=0.01)).models[0])
    few, many = spreads
    assert few.spread_se > 2 * many.spread_se
    assert many.spread_interval[0] < 1.2 < many.spread_interval[1]


def test_adjusted_scores_stay_on_the_scale() -> None:
    """Full marks of a lenient model are lowered, those of a strict one stay full; 0 stays 0 at the least."""
    found = estimate(exact({"a": (1, 1), "b": (-1, 1)}, {"a": range(8), "b": range(8)}), 10)
    assert [found.adjust(score, model) for score, model in ((10, "a"), (10, "b"), (0, "a"), (0, "b"))] == [
        10,
        9,
        1,
        0,
    ]
    assert found.final({"a": 5, "b": 7}) == pytest.approx(6)


@pytest.mark.parametrize("score", [-0.1, 10.1, float("nan")])
def test_a_score_off_the_scale_is_refused(score: float) -> None:
    """With the work and the score."""
    with pytest.raises(AgreementError, match="'w'"):
        estimate([Rating("w", "a", score)], 10)


def test_unknown_models_and_empty_works_are_refused() -> None:
    """There is no severity to take out, and no grade."""
    found = estimate(exact({"a": (1, 1), "b": (-1, 1)}, {"a": range(8), "b": range(8)}), 10)
    with pytest.raises(AgreementError, match="'c'"):
        found.adjust(5, "c")
    with pytest.raises(AgreementError, match="no grade"):
        found.final({})


def test_the_result_survives_json() -> None:
    """What is stored is what was found."""
    found = Class(1, 30).found
    assert Equating.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("degrees", [4, 5, 10, 59])
def test_students_t_is_scipys(degrees: int) -> None:
    """To a thousandth, as its docstring says."""
    assert student_t(0.95, degrees) == pytest.approx(student.ppf(0.975, degrees), abs=1e-3)
