"""What people ask of tasks that exist: grade one again, or stop working on it."""

from pathlib import Path

from db.database import Database, Transaction
from db.regrades import STOPPED, end_without_result
from db.rows import task_from_row
from db.transition import follow_batch, record_transition, require, swap
from scheduler.errors import IllegalTransitionError
from scheduler.task import Task
from scheduler.transitions import TaskEvent, next_task_state


class Requests:
    """Writes them. Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._root: Path = database.root

    async def regrade(self, task_id: str, version: int, now: float) -> Task | None:
        """Queue an ended task again, under ``version`` of its assignment; ``None`` when there is no such task.

        Raises ``IllegalTransitionError`` when it has not ended, has a result under that version already (results are
        never overwritten), never got a transcript, or was deleted.
        """

        async def body(transaction: Transaction) -> Task | None:
            row = await transaction.one("task_by_id", {"id": task_id})
            if row is None:
                return None
            if row["purged_at"] is not None:
                raise IllegalTransitionError("it was deleted, as its retention says")
            task = task_from_row(row, self._root)
            target = next_task_state(task.state, TaskEvent.REGRADED)
            if task.kind == "intro_video" and task.transcript_path is None:
                raise IllegalTransitionError("this video was never transcribed: it must be handed in again")
            if await transaction.one("has_result", {"id": task_id, "version": version}):
                raise IllegalTransitionError(
                    f"version {version} has graded this submission already: change the assignment first"
                )
            await transaction.execute("forget_regrade", {"id": task_id})
            values = swap(task, target, now) | {"version": version, "next_life": task.next_life}
            require(await transaction.execute("regrade_task", values), task)
            await record_transition(transaction, task, TaskEvent.REGRADED, target, now, {"version": version})
            row = await transaction.one("task_by_id", {"id": task_id})
            return None if row is None else task_from_row(row, self._root)

        return await self._database.write(body)

    async def cancel(self, task_id: str, now: float) -> Task | None:
        """End a task that has not ended, without a result; ``None`` when there is no such task.

        One that an earlier version has graded keeps that grade (``db.regrades``). Whoever works on it finds its lease
        gone: a late result changes nothing. Raises ``IllegalTransitionError`` when it has ended.
        """

        async def body(transaction: Transaction) -> Task | None:
            row = await transaction.one("task_by_id", {"id": task_id})
            if row is None:
                return None
            task = task_from_row(row, self._root)
            await end_without_result(transaction, task, TaskEvent.CANCELLED, STOPPED, now)
            await follow_batch(transaction, task.batch_id, now)
            return task

        return await self._database.write(body)
