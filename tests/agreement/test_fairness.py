"""From kept ratings to the grade that is shown: severity is taken out, luck with it, and doubts are said."""

import random

import pytest

from db.ratings import KeptRating
from introeval.agreement.linked import linked
from introeval.agreement.scale import Verdict
from introeval.fairness import judge

IDS = [f"task{n}" for n in range(40)]
OVERLAP = linked(IDS, 0.25)


def rating(task: str, model: str, score: float, attempt: int = 1) -> KeptRating:
    """A grade out of 10."""
    score = min(10.0, max(0.0, score))
    return KeptRating(
        task_id=task, model=model, attempt=attempt, server="s", score=score, max_score=10.0, marks={}
    )


def session(seed: int, severity: float, noise: float = 0.3) -> tuple[list[KeptRating], dict[str, float]]:
    """A round robin of two models, of which ``b`` is stricter; with the true scores."""
    rng = random.Random(seed)
    truth = {task: rng.uniform(3.0, 8.0) for task in IDS}
    kept = []
    for turn, task in enumerate(IDS):
        for model, shift in (("a", severity / 2), ("b", -severity / 2)):
            if task in OVERLAP or (turn % 2 == 0) == (model == "a"):
                kept.append(rating(task, model, truth[task] + shift + rng.gauss(0, noise)))
    return kept, truth


@pytest.mark.parametrize("seed", range(5))
def test_a_strict_model_costs_nobody_a_mark(seed: int) -> None:
    """The group that drew the strict model comes out level with the other, which before it did not."""
    kept, truth = session(seed, severity=1.5)
    fair = judge(kept, OVERLAP, 0.3)
    assert fair.equating.verdict is Verdict.ADJUSTED, fair.equating.why
    alone = {each.task_id: each for each in kept if each.task_id not in OVERLAP}

    def unfair(shown: dict[str, float]) -> float:
        left = {model: list[float]() for model in ("a", "b")}
        for task, each in alone.items():
            left[each.model].append(shown[task] - truth[task])
        return abs(sum(left["a"]) / len(left["a"]) - sum(left["b"]) / len(left["b"]))

    before = unfair({task: each.score for task, each in alone.items()})
    after = unfair({task: fair.standing(task).adjusted or 0.0 for task in alone})
    assert after < before / 2, f"seed {seed}: {before:.2f} before, {after:.2f} after"


def test_models_that_disagree_leave_single_grades_to_the_teacher() -> None:
    """Nothing is adjusted; who had one model needs a person, who had both does not."""
    fair = judge(session(1, severity=0.0, noise=4.0)[0][:], OVERLAP, 0.1)
    assert fair.equating.verdict is Verdict.DISAGREE
    alone, both = next(task for task in IDS if task not in OVERLAP), next(iter(OVERLAP))
    assert fair.standing(alone).adjusted is None
    assert "One model alone" in fair.standing(alone).review
    assert fair.standing(both).review == ""


def test_a_second_opinion_on_the_flagged_is_no_overlap() -> None:
    """What was flagged was not chosen at random: it must not say how severe a model is."""
    flagged = [task for task in IDS if task not in OVERLAP]
    kept = [rating(task, model, 5.0) for task in flagged for model in ("a", "b")]
    fair = judge(kept, OVERLAP, 0.3)
    assert fair.equating.n_overlap == 0
    assert {len(scores) for scores in fair.scores.values()} == {1}


def test_one_model_needs_no_adjusting() -> None:
    """Second draws of the same model change nothing."""
    fair = judge([rating("t", "a", 5.0), rating("t", "a", 6.0, attempt=2)], frozenset(), 0.3)
    assert (fair.equating.verdict, fair.standing("t").adjusted) == (Verdict.NOT_NEEDED, None)
    assert judge([], frozenset(), 0.3).standing("x").adjusted is None
