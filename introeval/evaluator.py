"""``GradingEvaluator``: the scheduler's reader side. It finds the assignment and the grader of a task.

The kinds of work differ in what they ask; the phase, the pool, the kept calls and the recovery are the same for all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from introeval.assignments import Assignment, AssignmentError
from introeval.fairness import compares
from introeval.graders.base import Grader, Work
from introeval.library import AssignmentLibrary
from models.executor import Executor
from models.pool import ModelPool
from scheduler.errors import RejectedWorkError
from scheduler.ports import Evaluation, Progress
from scheduler.snapshot import CallStatus
from scheduler.task import Task


class GradingEvaluator:
    """Implements ``scheduler.ports.Evaluator``. ``graders``: by the task's kind."""

    def __init__(
        self,
        pool: ModelPool,
        executor: Executor,
        library: AssignmentLibrary,
        graders: Mapping[str, Grader],
    ) -> None:
        self._pool = pool
        self._executor = executor
        self._library = library
        self._graders = graders

    @property
    def slots(self) -> int:
        """Submissions to be worked on at once: one for each request that the healthy servers take.

        With several models it is one more: a notebook's next role may have to wait for its own model, and without
        another student the one that it has just left would stand idle.
        """
        taken = sum(server.slots for server in self._pool.statuses() if server.healthy)
        return taken + (len(self.served()) > 1)

    def calls(self) -> CallStatus:
        """What the models did in this phase, or in the last one."""
        run = self._executor.metrics()
        total = run.total
        return CallStatus(
            answered=total.answered,
            cached=total.cached,
            failed=total.failed,
            tokens_in=total.tokens_in,
            tokens_out=total.tokens_out,
            throughput=run.throughput,
            success=total.success,
            p50=total.p50,
            p95=total.p95,
            p99=total.p99,
        )

    @property
    def servers_up(self) -> int:
        """Healthy servers."""
        return self._pool.servers_up

    async def enter(self) -> None:
        """Load the models, one server after the other."""
        await self._pool.enter()
        self._executor.begin()

    async def leave(self) -> None:
        """End the phase; see ``ModelPool.leave``."""
        await self._pool.leave()

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        """Grade one submission. Raises as the port says."""
        grader = self._graders.get(task.kind)
        if grader is None:
            raise RejectedWorkError(f"this version cannot grade work of the kind '{task.kind}'")
        try:
            assignment = await self._library.version(task.assignment_id, task.assignment_version)
        except AssignmentError as error:
            raise RejectedWorkError(str(error)) from error
        work = Work(
            task=task,
            assignment=assignment,
            executor=self._executor,
            progress=progress,
            models=self.steady() if task.retry_count else self.served(),
            known=self._configured(),
        )
        configured = self._configured()
        result = _short_of_models(await grader.grade(work), assignment, configured)
        # Whoever is up now: another one may grade the neighbours later.
        return replace(result, rivals=compares(assignment) and len(configured) > 1)

    def _configured(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(server.model for server in self._pool.statuses()))

    def served(self) -> tuple[str, ...]:
        """What the servers that are up serve, each once, in their order."""
        return tuple(dict.fromkeys(server.model for server in self._pool.statuses() if server.healthy))

    def steady(self) -> tuple[str, ...]:
        """As ``served``, without those that only servers on trial serve, while another is well.

        For work that has failed before: it must not be used up on a server that answers probes, and no request.
        """
        closed = [server for server in self._pool.statuses() if server.healthy and server.breaker == "closed"]
        return tuple(dict.fromkeys(server.model for server in closed)) or self.served()


def _short_of_models(result: Evaluation, assignment: Assignment, configured: Sequence[str]) -> Evaluation:
    """A plan for two models that only one could answer gives a grade, but not a final one."""
    asked = {rating.model for rating in result.ratings}
    if assignment.plan.plan != "both" or len(asked) != 1 or len(configured) < 2:
        return result
    why = f"Only {next(iter(asked))} graded this, and the plan asks for two models; the others were away."
    review = [*result.report.get("review", ()), why]
    return replace(result, report={**result.report, "review": review})
