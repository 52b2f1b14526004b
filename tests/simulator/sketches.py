"""Parts of the scheduler as somebody might have written them, wrongly (see ``mutants``)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from db.database import Transaction
from db.outbox import GRADED, graded_facts, publish
from db.results import keep_evaluation
from db.store import SqliteStore
from db.transition import follow_batch, record_transition, require, swap
from scheduler import policy
from scheduler.jobs import JobRunner
from scheduler.lock import PhaseLock
from scheduler.policy import Command, PhaseLimits
from scheduler.ports import Evaluation
from scheduler.snapshot import Machine, QueueSnapshot
from scheduler.task import Batch, Phase, Stage, Status, Task
from scheduler.transitions import TaskEvent, next_task_state

TRUSTING = (
    "recovered = True; held = (await self._store.snapshot(1)).phase; "
    "self.controller._lock.owner = Phase.STT if held is Phase.SWITCHING else held"
)
EARLY = (
    "self._lock.acquire(target); await self._store.set_phase(target, began); await entering.enter(); return"
)


def two_semaphores(
    snapshot: QueueSnapshot, machine: Machine, limits: PhaseLimits, view: Any, now: float
) -> list[Command]:
    """The source's sketch: whoever has work starts it when its own semaphore has room."""
    stt = policy._start(Phase.STT, machine, limits, view, now)
    return [*stt, *policy._start(Phase.LLM, machine, limits, view, now)]


@contextmanager
def own_semaphore(lock: PhaseLock, side: Phase) -> Iterator[None]:
    """A semaphore of that side alone: it never sees the other one."""
    yield


_GONE: set[str] = set()


def clearing(close: Callable[..., Awaitable[int]]) -> Callable[..., Awaitable[int]]:
    """``waiting.clear()`` after the batch was gathered from it."""

    async def close_batch(store: SqliteStore, tasks: Sequence[Task], now: float) -> int:
        batch = await close(store, tasks, now)
        rows = await store._database.all("unbatched_tasks", {"most": 1000})
        _GONE.update(row["id"] for row in rows)
        return batch

    return close_batch


def cleared(read: Callable[..., Awaitable[QueueSnapshot]]) -> Callable[..., Awaitable[QueueSnapshot]]:
    """What is left in memory of the queue."""

    async def snapshot(store: SqliteStore, size: int) -> QueueSnapshot:
        found = await read(store, size)
        left = tuple(task for task in found.unbatched if task.id not in _GONE)
        oldest = min((task.created_at for task in left), default=None)
        return replace(found, unbatched=left, unbatched_count=len(left), oldest_unbatched_at=oldest)

    return snapshot


async def start_before_commit(store: SqliteStore, task: Task, now: float) -> Task:
    """The work begins while its row is still being written."""
    target = next_task_state(task.state, TaskEvent.STARTED)
    started = replace(task, state=target, lease=task.lease + 1, updated_at=now)

    async def body(transaction: Transaction) -> None:
        require(len(await transaction.all("start_task", swap(task, target, now))), task)
        await record_transition(transaction, task, TaskEvent.STARTED, target, now, {"lease": started.lease})
        await follow_batch(transaction, task.batch_id, now)

    writing = asyncio.ensure_future(store._database.write(body))
    writing.add_done_callback(lambda done: done.cancelled() or done.exception())
    return started


async def evaluated_in_two(store: SqliteStore, task: Task, result: Evaluation, now: float) -> None:
    """First the result, then, in a transaction of its own, that the task has one."""
    target = next_task_state(task.state, TaskEvent.EVALUATED)
    await store._database.write(lambda transaction: keep_evaluation(transaction, task, result, now))

    async def body(transaction: Transaction) -> None:
        require(await transaction.execute("finish_llm", swap(task, target, now)), task)
        await record_transition(transaction, task, TaskEvent.EVALUATED, target, now, {})
        await publish(transaction, GRADED, task, graded_facts(result), now)
        await follow_batch(transaction, task.batch_id, now)

    await store._database.write(body)


def one_more_retry(failed: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """``<=`` where ``<`` belongs."""

    async def wrong(jobs: JobRunner, task: Task, raised: BaseException) -> None:
        jobs._max_retries += 1
        try:
            await failed(jobs, task, raised)
        finally:
            jobs._max_retries -= 1

    return wrong


def barrier_off_by_one(snapshot: QueueSnapshot) -> tuple[Task, ...]:
    """A batch is evaluated when no more than one of its tasks is left in STT."""
    in_stt = [task.batch_id for task in snapshot.tasks if task.state.stage is Stage.STT]
    ready = (task for task in snapshot.tasks if task.state.stage is Stage.LLM and task.waiting)
    return tuple(task for task in ready if in_stt.count(task.batch_id) <= 1)


def newest_in_stt(snapshot: QueueSnapshot) -> Batch | None:
    """The newest batch first."""
    left = {task.batch_id for task in snapshot.tasks if task.state.stage is Stage.STT}
    return next((batch for batch in reversed(snapshot.batches) if batch.id in left), None)


def retries_later(view: type[Any]) -> type[Any]:
    """What failed is not wanted while the other side wants the machine."""

    class Wrong(view):  # type: ignore[misc]
        @classmethod
        def of(cls, *given: Any) -> Any:
            right = view.of(*given)
            fresh = tuple(task for task in right.llm_waiting if task.state.status is not Status.RETRY)
            if not right.stt_wants:
                return right
            return replace(right, llm_waiting=fresh, llm_wants=bool(fresh) or right.llm_running > 0)

    return Wrong
