"""``JobRunner``: one piece of work from its hand-out to its committed outcome.

The rules:

1. A task is committed as ``processing`` before it is handed out, and its outcome before its slot is free again.
2. Whatever the work ends with becomes one event (``outcome`` has the table); nothing is dropped.
3. A cancelled piece of work is released: the daemon stops, and the next one takes it up.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from scheduler.controller import SemaphoreController
from scheduler.errors import StaleWorkError, StateError
from scheduler.outcome import event_for, translated
from scheduler.ports import Clock, Evaluation, Progress, Store, Transcription
from scheduler.snapshot import RunningTask
from scheduler.task import Stage, Task
from scheduler.transitions import TaskEvent

log = logging.getLogger(__name__)
R = TypeVar("R", Transcription, Evaluation)


@dataclass(slots=True)
class _Job:
    """A task in somebody's hands, and how far it is (0 to 1, or unknown)."""

    task: Task
    began: float
    runner: asyncio.Task[None] | None = None
    progress: float | None = None
    server: str | None = None


class JobRunner:
    """Runs tasks beside the loop.

    ``on_end`` is called when one has ended and its slot is free again, ``on_state_error`` each time that an outcome
    could not be committed (it is tried again after ``error_pause`` seconds).
    """

    def __init__(
        self,
        store: Store,
        controller: SemaphoreController,
        clock: Clock,
        *,
        max_retries: int,
        error_pause: float,
        on_end: Callable[[], None],
        on_state_error: Callable[[Exception], object],
    ) -> None:
        self._store = store
        self._controller = controller
        self._clock = clock
        self._max_retries = max_retries
        self._error_pause = error_pause
        self._on_end = on_end
        self._on_state_error = on_state_error
        self._jobs: dict[str, _Job] = {}
        self._stopping = False

    def count(self, stage: Stage) -> int:
        """How many tasks are being worked on in ``stage``."""
        return sum(job.task.state.stage is stage for job in self._jobs.values())

    def running(self) -> tuple[RunningTask, ...]:
        """What is being worked on at this moment."""
        return tuple(
            RunningTask(
                task_id=job.task.id,
                roll_number=job.task.roll_number,
                stage=job.task.state.stage,
                started_at=job.began,
                progress=job.progress,
                server=job.server,
            )
            for job in self._jobs.values()
        )

    async def start(self, task: Task) -> None:
        """Hand a task out. Raises ``StaleWorkError`` or ``StateError``; nothing was started then."""
        job = _Job(await self._store.start(task, self._clock.now()), self._clock.now())
        if self._stopping:
            return await self._store.unfinished(job.task, TaskEvent.RELEASED, None, self._clock.now())
        self._jobs[task.id] = job
        job.runner = asyncio.create_task(self._run(job), name=f"{job.task.state.stage}-{task.id}")

    def cancel(self, task_id: str) -> None:
        """Stop the work on a task, if there is any; the tables know already what became of it."""
        job = self._jobs.get(task_id)
        if job is not None and job.runner is not None:
            job.runner.cancel()

    async def stop(self, drain_seconds: float) -> None:
        """Wait ``drain_seconds`` for what runs, then cancel and release it."""
        self._stopping = True
        runners = [job.runner for job in self._jobs.values() if job.runner]
        if runners:
            _, late = await asyncio.wait(runners, timeout=drain_seconds)
            for runner in late:
                runner.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, job: _Job) -> None:
        try:
            if job.task.state.stage is Stage.STT:
                await self._finish(job, self._controller.transcribe, self._store.transcribed)
            else:
                await self._finish(job, self._controller.evaluate, self._store.evaluated)
        finally:
            del self._jobs[job.task.id]
            self._on_end()

    async def _finish(
        self,
        job: _Job,
        work: Callable[[Task, Progress], Awaitable[R]],
        record: Callable[[Task, R, float], Coroutine[Any, Any, None]],
    ) -> None:
        task = job.task

        def progress(fraction: float, server: str | None = None) -> None:
            job.progress = fraction
            job.server = server or job.server

        try:
            result = await work(task, progress)
        except asyncio.CancelledError:
            await self._commit(lambda now: self._store.unfinished(task, TaskEvent.RELEASED, None, now))
            raise
        except Exception as raised:  # everything is translated, reported and recorded: see ``outcome``
            error = translated(raised)
            unknown = None if error is raised else raised
            log.warning(
                "attempt without a result", extra=_facts(task) | {"code": error.code}, exc_info=unknown
            )
            if isinstance(error, StateError):
                self._on_state_error(error)
            event = event_for(task, error, self._max_retries)
            await self._commit(lambda now: self._store.unfinished(task, event, error, now))
        else:
            await self._commit(lambda now: record(task, result, now))
            log.info("attempt finished", extra=_facts(task) | result.facts())

    async def _commit(self, write: Callable[[float], Awaitable[None]]) -> None:
        """Commit an outcome, however long the disk refuses; a lost compare-and-swap means it is not ours any more."""
        while True:
            try:
                return await write(self._clock.now())
            except StaleWorkError as error:
                return log.warning("a late result changed nothing", extra={"code": error.code})
            except Exception as error:  # reported; giving up would leave the row in nobody's hands
                self._on_state_error(error)
                if self._stopping:
                    # The table still says ``processing``: the next start gives it back.
                    return None
                await self._clock.wait(asyncio.Event(), self._error_pause)


def _facts(task: Task) -> dict[str, Any]:
    """A task's log fields; never a name."""
    return {
        "task_id": task.id,
        "batch_id": task.batch_id,
        "phase": str(task.state.stage),
        "retry_count": task.retry_count,
    }
