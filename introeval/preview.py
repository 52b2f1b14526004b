"""``Previewer``: what grading a submission would ask of the models, before anything is spent.

The rules:

1. The real grader runs, so the prompt that is shown is the prompt that is sent: there is no second way to make one.
2. Its executor is a ``Recorder``. Requests whose replies are kept are answered from them, so that later stages show
   too. At the first one that somebody would have to be asked, the grader is stopped there.
3. Nothing is asked, no state of a task changes, and what a grader itself keeps (read pages) is what it would keep.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence, Set
from typing import Any, TypeVar

from introeval.assignments import Assignment
from introeval.graders.asked import AskedImage, AskedPrompt, Preview, Window
from introeval.graders.base import Grader, Work
from models.config import ServerConfig, canonical
from models.executor import Executor
from models.outcomes import Outcome
from models.task import LLMTask
from models.tokens import estimate
from models.worker import Generation
from scheduler.errors import RejectedWorkError
from scheduler.ports import Progress, unwatched
from scheduler.task import Task

T = TypeVar("T")


class Recorder:
    """An ``Asks`` that asks nobody. ``asked``: the requests so far, in their order, each with its kept reply or none.

    ``stopped`` is set when a request has no kept reply and no other is being looked up: those that a grader makes at
    once are all recorded.
    """

    def __init__(self, executor: Executor) -> None:
        self.asked: dict[str, tuple[LLMTask[Any], Generation[Any] | None]] = {}
        self.stopped = asyncio.Event()
        self._executor = executor
        self._looking = 0
        self._missed = False

    async def run(
        self,
        task: LLMTask[T],
        *,
        task_id: str,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> Generation[T]:
        """The kept reply; never returns without one (rule 2). Raises ``StateError``."""
        (kept,) = await self._look([task])
        return kept

    async def stream(
        self,
        tasks: Sequence[LLMTask[T]],
        *,
        task_id: str,
        workers: int,
        progress: Progress = unwatched,
        servers: Set[str] | None = None,
    ) -> AsyncGenerator[Outcome[T], None]:
        """The kept replies of all; never goes on when one is missing (rule 2). Raises ``StateError``."""
        for index, kept in enumerate(await self._look(tasks)):
            yield Outcome(index=index, generation=kept)

    async def kept(self, task: LLMTask[T]) -> Generation[T] | None:
        """As ``Executor.kept``: only a look, that is not shown. Raises ``StateError``."""
        return await self._executor.kept(task)

    async def _look(self, tasks: Sequence[LLMTask[T]]) -> list[Generation[T]]:
        self._looking += 1
        try:
            # The places first: what is asked at once is shown in the order in which it was asked.
            for task in tasks:
                self.asked.setdefault(task.key, (task, None))
            found = [await self._executor.kept(task) for task in tasks]
        finally:
            self._looking -= 1
        kept = [generation for generation in found if generation is not None]
        self.asked |= {
            task.key: (task, generation) for task, generation in zip(tasks, found, strict=True) if generation
        }
        self._missed = self._missed or len(kept) < len(tasks)
        if self._missed and not self._looking:
            self.stopped.set()
        if len(kept) < len(tasks):
            await asyncio.Event().wait()
        return kept


class Previewer:
    """``served``: the models that are up, each once. ``servers``: all that are configured."""

    def __init__(
        self,
        executor: Executor,
        graders: Mapping[str, Grader],
        served: Callable[[], tuple[str, ...]],
        servers: Sequence[ServerConfig],
    ) -> None:
        self._executor = executor
        self._graders = graders
        self._served = served
        self._servers = servers

    async def __call__(self, task: Task, assignment: Assignment) -> Preview:
        """What grading ``task`` under ``assignment`` would ask. Raises as a grader does."""
        grader = self._graders.get(assignment.kind)
        if grader is None:
            raise RejectedWorkError(f"this version cannot grade work of the kind '{assignment.kind}'")
        recorder = Recorder(self._executor)
        work = Work(
            task=task,
            assignment=assignment,
            executor=recorder,
            progress=unwatched,
            models=self._served(),
            known=tuple(dict.fromkeys(server.model for server in self._servers)),
        )
        finished = await _until_stopped(grader, work, recorder.stopped)
        prompts = tuple(self._prompt(request, kept) for request, kept in recorder.asked.values())
        return Preview(prompts, finished)

    def _prompt(self, request: LLMTask[Any], kept: Generation[Any] | None) -> AskedPrompt:
        return AskedPrompt(
            stage=request.stage,
            model=request.model,
            attempt=request.attempt,
            system=request.system,
            prompt=request.prompt,
            images=tuple(_image(image) for image in request.images),
            schema=request.schema,
            options=_options(request),
            prompt_hash=request.prompt_hash,
            key=request.key,
            kept=kept is not None,
            estimate=estimate(request.system) + estimate(request.prompt),
            # After a reply that was refused, the sum of several prompts is kept.
            measured=kept.tokens_in if kept is not None and kept.attempts == 1 else None,
            window=self._window(request),
        )

    def _window(self, request: LLMTask[Any]) -> Window | None:
        may = [
            server
            for server in self._servers
            if request.model is None or canonical(server.model) == canonical(request.model)
        ]
        wanted = request.options.num_predict
        rooms = [Window(server.num_ctx, server.num_predict if wanted is None else wanted) for server in may]
        return min(rooms, key=lambda window: window.context - window.reply, default=None)


async def _until_stopped(grader: Grader, work: Work, stopped: asyncio.Event) -> bool:
    """Whether the grader came to its end without asking; else it was ended where it would have asked."""
    grading = asyncio.ensure_future(grader.grade(work))
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait([grading, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        finished = grading.done()
        grading.cancel()
        stopping.cancel()
        await asyncio.gather(grading, stopping, return_exceptions=True)
    if finished:
        grading.result()
    return finished


def _options(request: LLMTask[Any]) -> dict[str, Any]:
    given = dict(request.options.sampling)
    return given if request.options.reasoning is None else given | {"reasoning": request.options.reasoning}


def _image(image: bytes) -> AskedImage:
    kind = "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
    return AskedImage(hashlib.sha256(image).hexdigest(), len(image), kind)
