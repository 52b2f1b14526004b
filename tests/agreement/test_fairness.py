"""From kept ratings to the grade that is shown: severity is taken out, luck with it, and doubts are said."""

import random

import pytest

from db.ratings import KeptRating
from introeval.agreement.linked import linked
from introeval.agreement.scale import Verdict
from introeval.fairness import AS_GIVEN, judge

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
    assert fair.equating.verdict is Verdict.NOT_NEEDED, "all were asked of the same model first"


def test_every_opinion_counts_and_the_first_one_asked_is_compared() -> None:
    """``b`` was asked first, ``a`` for the second opinion: the grade is the mean of both, and ``b`` is compared."""
    kept, _ = session(2, severity=1.5)
    flagged = next(each for each in kept if each.task_id not in OVERLAP and each.model == "b")
    at = kept.index(flagged) + 1
    asked = [*kept[:at], rating(flagged.task_id, "a", 3.0), *kept[at:]]
    fair, without = judge(asked, OVERLAP, 0.3), judge(kept, OVERLAP, 0.3)
    assert fair.equating == without.equating
    assert fair.scores[flagged.task_id] == {"b": flagged.score, "a": 3.0}
    both = [fair.equating.adjust(flagged.score, "b"), fair.equating.adjust(3.0, "a")]
    assert fair.standing(flagged.task_id).adjusted == round(sum(both) / 2, 1)


def test_a_model_that_gave_second_opinions_alone_counts_as_it_gave() -> None:
    """Nothing is known of its severity."""
    kept, _ = session(3, severity=1.5)
    first = next(each for each in kept if each.task_id not in OVERLAP)
    fair = judge([*kept, rating(first.task_id, "c", 2.0)], OVERLAP, 0.3)
    mean = (fair.equating.adjust(first.score, first.model) + 2.0) / 2
    assert fair.standing(first.task_id).adjusted == round(mean, 1)


def test_a_second_draw_counts_in_the_grade_and_not_in_the_estimate() -> None:
    """The given grade is the mean of both draws, so the adjusted one is too."""
    kept, _ = session(4, severity=1.5)
    first = next(each for each in kept if each.task_id not in OVERLAP)
    again = rating(first.task_id, first.model, first.score - 1, attempt=2)
    fair = judge([*kept, again], OVERLAP, 0.3)
    assert fair.equating == judge(kept, OVERLAP, 0.3).equating
    shown = fair.standing(first.task_id).adjusted
    assert shown == round(fair.equating.adjust(first.score - 0.5, first.model), 1)


def test_one_model_needs_no_adjusting() -> None:
    """Second draws of the same model change nothing."""
    fair = judge([rating("t", "a", 5.0), rating("t", "a", 6.0, attempt=2)], frozenset(), 0.3)
    assert (fair.equating.verdict, fair.standing("t").adjusted) == (Verdict.NOT_NEEDED, None)
    assert judge([], frozenset(), 0.3).standing("x").adjusted is None


def test_a_plan_of_one_model_compares_nothing() -> None:
    """One flagged work has a second opinion by ``b``: nobody else's grade is in doubt for it, linked or not."""
    kept = [rating(task, "a", 7.0) for task in IDS] + [rating(IDS[0], "b", 4.0)]
    fair = judge(kept, None, 0.3)
    assert fair.equating.verdict is Verdict.NOT_NEEDED
    assert {fair.standing(task) for task in IDS} == {AS_GIVEN}
    assert fair.scores[IDS[0]] == {"a": 7.0, "b": 4.0}


def test_a_second_opinion_on_a_linked_work_brings_no_model_into_the_estimate() -> None:
    """The work was flagged, and linked afterwards; a third model that nobody was given by turn cannot stop the rest."""
    kept, _ = session(5, severity=1.5)
    fair = judge([*kept, rating(next(iter(OVERLAP)), "c", 2.0)], OVERLAP, 0.3)
    assert fair.equating == judge(kept, OVERLAP, 0.3).equating
    assert fair.equating.verdict is Verdict.ADJUSTED


def test_the_first_few_are_all_linked_and_too_few() -> None:
    """``b`` is never asked first there, and still no giver of second opinions."""
    few = sorted(OVERLAP)[:4]
    fair = judge([rating(task, model, 5.0) for task in few for model in ("a", "b")], OVERLAP, 0.3)
    assert fair.equating.verdict is Verdict.TOO_SMALL
