"""``Fairness``: what the round robin's luck was worth in one assignment, from the ratings in the tables.

The rules:

1. The overlap is the linked share alone: what was flagged and so graded twice was not chosen at random, and of it only
   the model that was asked first counts in the estimate. Second draws of one model never count there.
2. A model that was never asked first, and that too few linked works show, gave second opinions only: it is no part of
   the estimate. A plan that has one model grade everybody (``compares``) leaves nothing to luck, and to estimate.
3. The estimate is made anew from the tables when something in them that it rests on has changed (``Ratings.mark``), in
   a thread, one at a time; whoever asks meanwhile waits for it, and the next ones get the one that is kept.
4. ``adjusted``: the grade that is shown is the mean of the adjusted scores, of every opinion that the given grade is
   made of. ``too_small``, ``disagree``: nothing is adjusted; what one model alone graded needs a teacher's eye, and
   what is still to be graded goes to both.
5. Adjusting never lifts a grade over what a guard allowed it.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from db.assignments import Assignments
from db.ratings import KeptRating, Mark, Ratings
from introeval.agreement.linked import linked
from introeval.agreement.scale import Equating, Rating, Settings, Verdict
from introeval.agreement.severity import estimate
from introeval.assignments import Assignment, Kind
from introeval.grading.rounding import kept_grade

REMEMBERED = 32
"""Versions of assignments whose last estimate is kept."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One submission's grade on the common scale. ``adjusted``: ``None`` when nothing is to be adjusted.

    ``review``: why one model's grade is not enough here; empty when it is.
    """

    adjusted: float | None
    review: str = ""


AS_GIVEN = Standing(None)


@dataclass(frozen=True, slots=True)
class Fair:
    """The finding for one version of an assignment. ``scores``: by submission, by model; its tries as their mean.

    ``caps``: by submission, the most that its guards allow; not there: no guard bounds it.
    """

    equating: Equating
    scores: Mapping[str, Mapping[str, float]]
    caps: Mapping[str, float] = field(default_factory=dict)

    def standing(self, task_id: str) -> Standing:
        """Where one submission stands."""
        scores = self.scores.get(task_id, {})
        if not scores or self.equating.verdict is Verdict.NOT_NEEDED:
            return Standing(None)
        if self.equating.verdict is Verdict.ADJUSTED:
            cap = self.caps.get(task_id, self.equating.max_score)
            # A cap such as 2.45 must not be passed by rounding either.
            return Standing(kept_grade(self.equating.final(scores, cap), cap))
        return Standing(None, "" if len(scores) > 1 else f"One model alone graded this. {self.equating.why}")

    def doubted(self) -> tuple[str, ...]:
        """The submissions that a teacher must look at for where they stand."""
        return tuple(task_id for task_id in self.scores if self.standing(task_id).review)


class Fairness:
    """Answers for the assignments of a lab."""

    def __init__(self, assignments: Assignments, ratings: Ratings) -> None:
        self._assignments = assignments
        self._ratings = ratings
        self._lock = asyncio.Lock()
        self._kept: dict[tuple[str, int], tuple[Mark, Fair]] = {}

    async def of(self, assignment: Assignment) -> Fair:
        """The finding for this version. Raises ``StateError``."""
        key = (assignment.id, assignment.version)
        async with self._lock:
            # Before what it stands for: what is committed in between is found by the next mark.
            mark = await self._ratings.mark(*key)
            kept = self._kept.pop(key, None)
            if kept is None or kept[0] != mark:
                kept = mark, await self._found(assignment)
            self._kept[key] = kept
            if len(self._kept) > REMEMBERED:
                self._kept.pop(next(iter(self._kept)))
            return kept[1]

    async def _found(self, assignment: Assignment) -> Fair:
        kept = await self._ratings.of(assignment.id, assignment.version)
        caps = await self._ratings.caps(assignment.id, assignment.version)
        ids = await self._assignments.task_ids(assignment.id) if compares(assignment) else []
        return await asyncio.to_thread(_judged, assignment, kept, caps, ids)

    async def ratings(self, assignment: Assignment) -> tuple[KeptRating, ...]:
        """What each model gave under this version. Raises ``StateError``."""
        return await self._ratings.of(assignment.id, assignment.version)

    async def both(self, assignment: Assignment, task_id: str) -> bool:
        """Whether two models are to grade this submission: it is linked, or the models disagree too much for one."""
        if not compares(assignment):
            return False
        plan = assignment.plan
        ids = await self._assignments.task_ids(assignment.id)
        if task_id in linked(ids, plan.overlap_share, plan.overlap_least):
            return True
        return (await self.of(assignment)).equating.verdict is Verdict.DISAGREE


def compares(assignment: Assignment) -> bool:
    """Whether its plan lets several models grade, so that there is luck to take out.

    The code of all notebooks is one model's to judge, unless ``both`` asks two (``introeval.notebooks.opinions``).
    """
    plan = assignment.plan.plan
    return plan == "both" or (plan == "round_robin" and assignment.kind is not Kind.NOTEBOOK)


def _judged(
    assignment: Assignment, kept: Sequence[KeptRating], caps: Mapping[str, float], ids: Sequence[str]
) -> Fair:
    plan, overlap = assignment.plan, None
    if compares(assignment):
        both = plan.plan == "both"
        overlap = frozenset(ids) if both else linked(ids, plan.overlap_share, plan.overlap_least)
    return judge(kept, overlap, plan.disagreement, caps)


def judge(
    kept: Sequence[KeptRating],
    overlap: frozenset[str] | None,
    disagreement: float,
    caps: Mapping[str, float] | None = None,
) -> Fair:
    """The finding from the ratings in the order in which they were asked for (rules 1, 2 and 4). Pure.

    ``overlap``: the linked works; ``None`` when the plan has one model grade everybody. ``caps``: as ``Fair`` has them.
    """
    tries: dict[str, dict[str, list[float]]] = {}
    for rating in kept:
        tries.setdefault(rating.task_id, {}).setdefault(rating.model, []).append(rating.score)
    highest = max((rating.max_score for rating in kept), default=1.0)
    compared = [] if overlap is None else _compared(kept, overlap)
    equating = estimate(compared, highest, Settings(disagreement=disagreement))
    return Fair(
        equating,
        {task: {model: fmean(scores) for model, scores in by.items()} for task, by in tries.items()},
        caps or {},
    )


def _compared(kept: Sequence[KeptRating], overlap: frozenset[str]) -> list[Rating]:
    """What says something about the models' severities (rules 1 and 2)."""
    works: dict[str, list[Rating]] = {}
    for rating in kept:
        of_work = works.setdefault(rating.task_id, [])
        if rating.attempt == 1 and (rating.task_id in overlap or not of_work):
            of_work.append(Rating(rating.task_id, rating.model, rating.score))
    regular = {each[0].model for each in works.values() if each}
    linking = Counter(rating.model for each in works.values() if len(each) > 1 for rating in each)
    regular |= {model for model, count in linking.items() if count >= Settings().minimum}
    found = [rating for each in works.values() for rating in each]
    # Of the first few works all are linked: there the second model was asked as regularly as the first.
    return [rating for rating in found if rating.model in regular] if len(regular) > 1 else found
