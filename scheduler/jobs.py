"""``JobRunner``: one piece of work from its hand-out to its committed outcome.

The rules:

1. A task is committed as ``processing`` before it is handed out, and its outcome before its slot is free again.
2. Whatever the work ends with becomes one event (``outcome`` has the table); nothing is dropped.
3. A cancelled piece of work is released: the daemon stops, and the next one takes it up.
4. When its lease is over (``leases``) an attempt has failed, and the work is cancelled.
5. The outcome of lost work is committed, so that nobody waits for it; its slot is not free before it has ended.
6. What the disk refuses is committed again until it is taken. What the tables refuse (text that is none, a constraint)
   they would refuse for ever: such an outcome is a bug of ours, and the attempt has failed.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from scheduler.controller import SemaphoreController
from scheduler.errors import LeaseExpiredError, StaleWorkError, StateError
from scheduler.leases import Lease, LeaseLimits
from scheduler.outcome import event_for, may_pass, translated
from scheduler.ports import Clock, Evaluation, Store, Transcription
from scheduler.snapshot import RunningTask
from scheduler.task import Stage, Task
from scheduler.transitions import TaskEvent

log = logging.getLogger(__name__)
Result = Transcription | Evaluation
Write = Callable[[float], Awaitable[None]]
"""Commits an outcome, at a time."""


@dataclass(slots=True)
class _Job:
    """A task in somebody's hands, and how far it is (0 to 1, or unknown)."""

    task: Task
    began: float
    lease: Lease[Result] = field(init=False)
    watcher: asyncio.Task[None] = field(init=False)
    progress: float | None = None
    server: str | None = None


class JobRunner:
    """Runs tasks beside the loop.

    ``on_change`` is called when one has ended and its slot is free again, or when one is lost; ``on_state_error`` each
    time that an outcome could not be committed (it is tried again after ``error_pause`` seconds).
    """

    def __init__(
        self,
        store: Store,
        controller: SemaphoreController,
        clock: Clock,
        *,
        max_retries: int,
        error_pause: float,
        leases: LeaseLimits,
        on_change: Callable[[], None],
        on_state_error: Callable[[Exception], object],
    ) -> None:
        self._store = store
        self._controller = controller
        self._clock = clock
        self._max_retries = max_retries
        self._error_pause = error_pause
        self._leases = leases
        self._on_change = on_change
        self._on_state_error = on_state_error
        self._jobs: dict[str, _Job] = {}
        self._stopping = False

    def count(self, stage: Stage) -> int:
        """How many tasks are being worked on in ``stage``."""
        return sum(job.task.state.stage is stage for job in self._jobs.values())

    def in_hand(self) -> frozenset[str]:
        """The tasks that somebody works on, whatever their rows say: a cancelled one's work takes a moment to end."""
        return frozenset(self._jobs)

    def lost(self) -> tuple[str, ...]:
        """The tasks whose work was cancelled and does not end."""
        return tuple(job.task.id for job in self._jobs.values() if job.lease.lost)

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
        """Hand out a task that is not in hand. Raises ``StaleWorkError`` or ``StateError``: nothing was started."""
        started = await self._store.start(task, self._clock.now())
        if self._stopping:
            return await self._store.unfinished(started, TaskEvent.RELEASED, None, self._clock.now())
        job = _Job(started, self._clock.now())
        name = f"{task.state.stage}-{task.id}"
        work = asyncio.create_task(self._do(job), name=name)
        job.lease = Lease(work, self._leases.of(task.state.stage), self._leases.cancel, self._clock)
        self._jobs[task.id] = job
        job.watcher = asyncio.create_task(self._watch(job), name=f"watch-{name}")

    def cancel(self, task_id: str) -> None:
        """Stop the work on a task, if there is any; the tables know already what became of it."""
        job = self._jobs.get(task_id)
        if job is not None:
            job.lease.end()

    async def stop(self, drain_seconds: float) -> None:
        """Wait ``drain_seconds`` for what runs, then cancel and release it; the next start gives back what is lost."""
        self._stopping = True
        await self._ended(drain_seconds)
        for job in self._jobs.values():
            job.lease.end()
        await self._ended(self._leases.cancel)

    async def _ended(self, seconds: float) -> None:
        if self._jobs:
            await asyncio.wait([job.watcher for job in self._jobs.values()], timeout=seconds)

    def _do(self, job: _Job) -> Coroutine[Any, Any, Result]:
        furthest = 0.0

        def progress(fraction: float, server: str | None = None) -> None:
            nonlocal furthest
            if fraction > furthest or (server or job.server) != job.server:
                job.lease.renew()
            furthest = max(furthest, fraction)
            job.progress = fraction
            job.server = server or job.server

        if job.task.state.stage is Stage.STT:
            return self._controller.transcribe(job.task, progress)
        return self._controller.evaluate(job.task, progress)

    async def _watch(self, job: _Job) -> None:
        try:
            await job.lease.until_over()
            await self._settle(job, job.lease)
            if job.lease.lost:
                log.error("cancelled work does not end", extra=_facts(job.task))
                self._on_change()
                await asyncio.wait([job.lease.work])
        finally:
            del self._jobs[job.task.id]
            self._on_change()

    async def _settle(self, job: _Job, lease: Lease[Result]) -> None:
        """Commit what the work came to; what comes after the end of its lease is no result."""
        task, work = job.task, lease.work
        if lease.expired:
            message = f"the work showed no progress for {lease.seconds:.0f} seconds and was stopped"
            await self._failed(task, LeaseExpiredError(message))
        elif not work.done() or work.cancelled():
            await self._commit(task, lambda now: self._store.unfinished(task, TaskEvent.RELEASED, None, now))
        elif (raised := work.exception()) is not None:
            await self._failed(task, raised)
        else:
            result = work.result()
            if await self._commit(task, lambda now: self._record(task, result, now)):
                log.info("attempt finished", extra=_facts(task) | result.facts())

    def _record(self, task: Task, result: Result, now: float) -> Awaitable[None]:
        if isinstance(result, Transcription):
            return self._store.transcribed(task, result, now)
        return self._store.evaluated(task, result, now)

    async def _failed(self, task: Task, raised: BaseException) -> None:
        """Commit an attempt without a result."""
        await self._commit(task, self._failure(task, raised))

    def _failure(self, task: Task, raised: BaseException) -> Write:
        """What commits that: everything is translated, reported and recorded, see ``outcome``."""
        error = translated(raised)
        unknown = None if error is raised else raised
        log.warning("attempt without a result", extra=_facts(task) | {"code": error.code}, exc_info=unknown)
        if isinstance(error, StateError):
            self._on_state_error(error)
        event = event_for(task, error, self._max_retries)
        return lambda now: self._store.unfinished(task, event, error, now)

    async def _commit(self, task: Task, write: Write) -> bool:
        """Commit an outcome, however long the disk refuses it. ``False``: it is not what the tables say now.

        What they refuse for good is replaced, once, by the failure that it is (rule 6); a lost compare-and-swap means
        that it is not ours any more.
        """
        replaced = False
        while True:
            try:
                await write(self._clock.now())
            except StaleWorkError as error:
                log.warning("a late result changed nothing", extra={"code": error.code})
                return False
            except Exception as error:  # reported; giving up would leave the row in nobody's hands
                if not replaced and not may_pass(error):
                    replaced, write = True, self._failure(task, error)
                    continue
                self._on_state_error(error)
                if self._stopping:
                    # The table still says ``processing``: the next start gives it back.
                    return False
                await self._clock.wait(asyncio.Event(), self._error_pause)
            else:
                return not replaced


def _facts(task: Task) -> dict[str, Any]:
    """A task's log fields; never a name."""
    return {
        "task_id": task.id,
        "batch_id": task.batch_id,
        "phase": str(task.state.stage),
        "retry_count": task.retry_count,
    }
