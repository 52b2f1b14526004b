"""Which submissions of a round robin two models grade, so that their severities can be compared."""

from db.assignments import Assignments
from introeval.agreement.linked import linked
from introeval.graders.base import Work


class Linking:
    """Answers for one submission; the choice itself is pure (``introeval.agreement``) and the same at every time."""

    def __init__(self, assignments: Assignments) -> None:
        self._assignments = assignments

    async def __call__(self, work: Work) -> bool:
        """Whether two models are to grade this submission."""
        plan = work.assignment.plan
        ids = await self._assignments.task_ids(work.assignment.id)
        return work.task.id in linked(ids, plan.overlap_share, plan.overlap_least)
