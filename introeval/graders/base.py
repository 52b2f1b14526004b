"""What every grader gets (``Work``) and what it is (``Grader``).

The rules:

1. A grader asks models only through ``Work.ask`` and ``Work.executor``: what was answered is kept, so that a further
   attempt after a crash or a failure asks only for what is missing.
2. It has no retry loop: it raises one of the errors of ``scheduler.ports.Evaluator``, and the scheduler tries again
   within the batch. A part that may fail alone (one try of several) becomes a ``Failure`` beside the result.
3. It writes no task state; its outcome is the returned ``Evaluation``.
"""

from collections.abc import AsyncGenerator, Collection, Sequence, Set
from dataclasses import dataclass
from typing import Protocol, TypeVar

from introeval.assignments import Assignment
from models.outcomes import Outcome
from models.task import LLMTask
from models.worker import Generation
from scheduler.ports import Evaluation, Progress, unwatched
from scheduler.task import Task

T = TypeVar("T")


class Asks(Protocol):
    """Whom a grader asks: ``models.executor.Executor``, or what shows a request instead of sending it."""

    async def run(
        self,
        task: LLMTask[T],
        *,
        task_id: str,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> Generation[T]:
        """As ``Executor.run``."""
        ...

    def stream(
        self,
        tasks: Sequence[LLMTask[T]],
        *,
        task_id: str,
        workers: int,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> AsyncGenerator[Outcome[T], None]:
        """As ``Executor.stream``."""
        ...

    async def kept(self, task: LLMTask[T]) -> Generation[T] | None:
        """As ``Executor.kept``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One submission to be graded. ``models``: what the servers that are up serve, each once, in their order.

    ``known``: what all servers serve that are set up, well or not, in their order: the replies of one that is away may
    be kept. ``task.video_path`` is the file that was handed in, whatever its kind.
    """

    task: Task
    assignment: Assignment
    executor: Asks
    progress: Progress
    models: tuple[str, ...]
    known: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """All models, up or not, each once, in their order."""
        return tuple(dict.fromkeys((*self.known, *self.models)))

    @property
    def version(self) -> str:
        """The assignment and its version, as part of a call's key."""
        return f"{self.assignment.id}/{self.assignment.version}"

    async def ask(
        self, request: LLMTask[T], progress: Progress | None = None, servers: Collection[str] | None = None
    ) -> Generation[T]:
        """One reply: the kept one, or a model's. Raises as ``Executor.run`` does."""
        only = None if servers is None else frozenset(servers)
        return await self.executor.run(
            request, task_id=self.task.id, progress=progress or self.progress, servers=only
        )


class Grader(Protocol):
    """Grades one kind of work."""

    async def grade(self, work: Work) -> Evaluation:
        """Raises ``AttemptFailedError``, ``RejectedWorkError``, ``NoServerError`` or ``StateError``."""
        ...
