"""``Fairness``: what the round robin's luck was worth in one assignment, from the ratings in the tables.

The rules:

1. The overlap is the linked share alone: what was flagged and so graded twice was not chosen at random, and only its
   first rating counts here. Second draws of one model never count.
2. The estimate is made anew from the tables whenever it is asked for: no state of its own that could be wrong.
3. ``adjusted``: the grade that is shown is the mean of the adjusted scores. ``too_small``, ``disagree``: nothing is
   adjusted; what one model alone graded needs a teacher's eye, and what is still to be graded goes to both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from db.assignments import Assignments
from db.ratings import KeptRating, Ratings
from introeval.agreement.linked import linked
from introeval.agreement.scale import Equating, Rating, Settings, Verdict
from introeval.agreement.severity import estimate
from introeval.assignments import Assignment


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
    """The finding for one version of an assignment. ``scores``: by submission, by model."""

    equating: Equating
    scores: Mapping[str, Mapping[str, float]]

    def standing(self, task_id: str) -> Standing:
        """Where one submission stands."""
        scores = self.scores.get(task_id, {})
        if not scores or self.equating.verdict is Verdict.NOT_NEEDED:
            return Standing(None)
        if self.equating.verdict is Verdict.ADJUSTED:
            return Standing(round(self.equating.final(scores), 1))
        return Standing(None, "" if len(scores) > 1 else f"One model alone graded this. {self.equating.why}")


class Fairness:
    """Answers for the assignments of a lab."""

    def __init__(self, assignments: Assignments, ratings: Ratings) -> None:
        self._assignments = assignments
        self._ratings = ratings

    async def of(self, assignment: Assignment) -> Fair:
        """The finding for this version. Raises ``StateError``."""
        kept = await self._ratings.of(assignment.id, assignment.version)
        ids = await self._assignments.task_ids(assignment.id)
        plan = assignment.plan
        overlap = (
            frozenset(ids) if plan.plan == "both" else linked(ids, plan.overlap_share, plan.overlap_least)
        )
        return judge(kept, overlap, plan.disagreement)

    async def ratings(self, assignment: Assignment) -> tuple[KeptRating, ...]:
        """What each model gave under this version. Raises ``StateError``."""
        return await self._ratings.of(assignment.id, assignment.version)

    async def both(self, assignment: Assignment, task_id: str) -> bool:
        """Whether two models are to grade this submission: it is linked, or the models disagree too much for one."""
        plan = assignment.plan
        ids = await self._assignments.task_ids(assignment.id)
        if task_id in linked(ids, plan.overlap_share, plan.overlap_least):
            return True
        return (await self.of(assignment)).equating.verdict is Verdict.DISAGREE


def judge(kept: Sequence[KeptRating], overlap: frozenset[str], disagreement: float) -> Fair:
    """The finding from the ratings (rule 1). Pure."""
    scores: dict[str, dict[str, float]] = {}
    # In the order in which they were asked for: the first draw of each model, and of what is not linked one model only.
    for rating in sorted(kept, key=lambda each: each.attempt):
        of_task = scores.setdefault(rating.task_id, {})
        if rating.attempt == 1 and (rating.task_id in overlap or not of_task):
            of_task[rating.model] = rating.score
    highest = max((rating.max_score for rating in kept), default=1.0)
    ratings = [Rating(task, model, score) for task, each in scores.items() for model, score in each.items()]
    settings = Settings(disagreement=disagreement)
    return Fair(estimate(ratings, highest, settings), {task: each for task, each in scores.items() if each})
