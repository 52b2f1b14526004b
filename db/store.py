"""``SqliteStore``: the scheduler's ``Store`` port on SQLite, the only writer of task, batch and phase states.

The rules:

1. A new state is computed by ``scheduler.transitions``, never here.
2. Each transition is a compare-and-swap on the old state and the lease; who comes late changes nothing.
3. A transition, its event row, its result and what it means for the batch are one transaction.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from db.database import Database, Transaction
from db.outbox import GRADED, compared, graded_facts, publish
from db.regrades import Reason, end_without_result
from db.results import keep_evaluation
from db.rows import batch_from_row, task_from_row
from db.transition import follow_batch, record, record_transition, require, swap
from scheduler.errors import IntroevalError
from scheduler.ports import Evaluation, Transcription
from scheduler.snapshot import QueueSnapshot
from scheduler.task import Phase, Stage, Task
from scheduler.transitions import PhaseEvent, TaskEvent, next_phase, next_task_state

_PHASE_EVENTS = {
    Phase.SWITCHING: PhaseEvent.LEAVING,
    Phase.STT: PhaseEvent.STT_READY,
    Phase.LLM: PhaseEvent.LLM_READY,
}


class SqliteStore:
    """Implements ``scheduler.ports.Store``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._root = database.root

    async def snapshot(self, batch_size: int) -> QueueSnapshot:
        """See the port."""

        async def read(transaction: Transaction) -> QueueSnapshot:
            (state,) = await transaction.all("queue_state")
            batches = await transaction.all("open_batches")
            tasks = await transaction.all("open_batch_tasks") if batches else ()
            most = {"most": batch_size}
            unbatched = await transaction.all("unbatched_tasks", most) if state["waiting"] else ()
            unbatched_llm = await transaction.all("unbatched_llm_tasks", most) if state["others_wait"] else ()
            return QueueSnapshot(
                phase=Phase(state["current_phase"]),
                phase_since=state["last_phase_switch"],
                batches=tuple(batch_from_row(row) for row in batches),
                tasks=tuple(self._task(row) for row in tasks),
                unbatched=tuple(self._task(row) for row in unbatched),
                unbatched_count=state["waiting"],
                oldest_unbatched_at=state["oldest"],
                unbatched_llm=tuple(self._task(row) for row in unbatched_llm),
            )

        return await self._database.read_together(read)

    async def recover(self, now: float) -> int:
        """See the port."""

        async def body(transaction: Transaction) -> int:
            await transaction.execute("begin_clock", {"now": now})
            held = await transaction.all("processing_tasks")
            for row in held:
                await self._put_back(transaction, self._task(row), TaskEvent.RELEASED, None, now)
            return len(held)

        return await self._database.write(body)

    async def close_batch(self, tasks: Sequence[Task], now: float) -> int:
        """See the port."""

        async def body(transaction: Transaction) -> int:
            rows = await transaction.all("insert_batch", {"size": len(tasks), "now": now})
            batch_id = int(rows[0]["id"])
            for task in tasks:
                joined = await transaction.execute(
                    "join_batch", {"batch_id": batch_id, "id": task.id, "now": now}
                )
                require(joined, task)
            await record(transaction, now, "batch_closed", batch_id=batch_id, detail={"size": len(tasks)})
            await follow_batch(transaction, batch_id, now)
            return batch_id

        return await self._database.write(body)

    async def start(self, task: Task, now: float) -> Task:
        """See the port."""
        target = next_task_state(task.state, TaskEvent.STARTED)

        async def body(transaction: Transaction) -> Task:
            rows = await transaction.all("start_task", swap(task, target, now))
            require(len(rows), task)
            started = self._task(rows[0])
            await record_transition(
                transaction, task, TaskEvent.STARTED, target, now, {"lease": started.lease}
            )
            await follow_batch(transaction, task.batch_id, now)
            return started

        return await self._database.write(body)

    async def transcribed(self, task: Task, result: Transcription, now: float) -> None:
        """See the port."""
        target = next_task_state(task.state, TaskEvent.TRANSCRIBED)
        facts = {
            "transcript_path": str(Path(result.transcript_path).relative_to(self._root)),
            "media_seconds": result.media_seconds,
        }
        detail = {
            "media_seconds": result.media_seconds,
            "compute_seconds": result.compute_seconds,
            "segments": result.segments,
            "model": result.model,
        }

        async def body(transaction: Transaction) -> None:
            require(await transaction.execute("finish_stt", swap(task, target, now) | facts), task)
            await record_transition(transaction, task, TaskEvent.TRANSCRIBED, target, now, detail)
            await follow_batch(transaction, task.batch_id, now)

        await self._database.write(body)

    async def evaluated(self, task: Task, result: Evaluation, now: float) -> None:
        """See the port."""
        target = next_task_state(task.state, TaskEvent.EVALUATED)

        async def body(transaction: Transaction) -> None:
            require(await transaction.execute("finish_llm", swap(task, target, now)), task)
            await keep_evaluation(transaction, task, result, now)
            detail = result.facts()
            await record_transition(transaction, task, TaskEvent.EVALUATED, target, now, detail)
            beside = await compared(transaction, task, result.rivals)
            await publish(transaction, GRADED, task, graded_facts(result, beside), now)
            await follow_batch(transaction, task.batch_id, now)

        await self._database.write(body)

    async def unfinished(self, task: Task, event: TaskEvent, error: Exception | None, now: float) -> None:
        """See the port."""

        async def body(transaction: Transaction) -> None:
            await self._put_back(transaction, task, event, error, now)
            await follow_batch(transaction, task.batch_id, now)

        await self._database.write(body)

    async def set_phase(self, phase: Phase, now: float) -> None:
        """See the port."""

        async def body(transaction: Transaction) -> None:
            row = await transaction.one("read_phase")
            source = Phase(row["current_phase"]) if row else Phase.SWITCHING
            target = next_phase(source, _PHASE_EVENTS[phase])
            await transaction.execute("write_phase", {"source": source, "target": target, "now": now})
            await record(transaction, now, "phase", source=source, target=target)

        await self._database.write(body)

    async def record_violation(self, what: str, now: float) -> None:
        """See the port."""
        await self._database.write(
            lambda transaction: record(transaction, now, "violation", detail={"what": what})
        )

    async def record_switchover(
        self, source: Phase, target: Phase, began: float, leave: float, enter: float
    ) -> None:
        """See the port."""
        row = {
            "source": source,
            "target": target,
            "began_at": began,
            "leave_seconds": leave,
            "enter_seconds": enter,
        }

        async def body(transaction: Transaction) -> None:
            await transaction.execute("insert_switchover", row)

        await self._database.write(body)

    def _task(self, row: sqlite3.Row) -> Task:
        return task_from_row(row, self._root)

    @staticmethod
    async def _put_back(
        transaction: Transaction, task: Task, event: TaskEvent, error: Exception | None, now: float
    ) -> None:
        target = next_task_state(task.state, event)
        if target.stage is Stage.FAILED:
            await end_without_result(transaction, task, event, Reason.of(error), now)
            return
        code = error.code if isinstance(error, IntroevalError) else None
        facts = {
            "completed_at": None,
            "retries": int(event is TaskEvent.ATTEMPT_FAILED),
            "error_code": code,
            "error_message": None if error is None else str(error),
        }
        require(await transaction.execute("put_back", swap(task, target, now) | facts), task)
        await record_transition(transaction, task, event, target, now, {"error": code})
