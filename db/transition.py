"""The parts that every transition is made of: the compare-and-swap, its event row, and what follows for the batch."""

import json
from collections.abc import Mapping
from typing import Any

from db.database import Transaction
from scheduler.batches import batch_event
from scheduler.errors import StaleWorkError
from scheduler.task import BatchState, Task, TaskState
from scheduler.transitions import TaskEvent, next_batch_state


def swap(task: Task, target: TaskState, now: float) -> dict[str, Any]:
    """The parameters of a compare-and-swap from the task as it was read to ``target``."""
    return {
        "id": task.id,
        "old_phase": task.state.stage,
        "old_status": task.state.status,
        "lease": task.lease,
        "phase": target.stage,
        "status": target.status,
        "now": now,
    }


def require(changed: int, task: Task) -> None:
    """Raise ``StaleWorkError`` unless the swap changed exactly one row."""
    if changed != 1:
        message = f"task {task.id} is no longer {task.state} under lease {task.lease}"
        raise StaleWorkError(message)


async def record(
    transaction: Transaction,
    now: float,
    kind: str,
    *,
    task_id: str | None = None,
    batch_id: int | None = None,
    source: str | None = None,
    target: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write an event row. ``detail``: JSON-able."""
    row = {
        "at": now,
        "kind": kind,
        "task_id": task_id,
        "batch_id": batch_id,
        "source": source,
        "target": target,
        "detail": json.dumps(detail) if detail else None,
    }
    await transaction.execute("insert_event", row)


async def record_transition(
    transaction: Transaction,
    task: Task,
    event: TaskEvent,
    target: TaskState,
    now: float,
    detail: dict[str, Any],
) -> None:
    """Write a task's transition as an event row."""
    await record(
        transaction,
        now,
        event,
        task_id=task.id,
        batch_id=task.batch_id,
        source=str(task.state),
        target=str(target),
        detail=detail,
    )


async def follow_batch(transaction: Transaction, batch_id: int | None, now: float) -> None:
    """Move a batch on as far as its tasks' states say."""
    row = None if batch_id is None else await transaction.one("batch_progress", {"id": batch_id})
    if row is None:
        return
    state, counts = BatchState(row["state"]), (row["in_stt"], row["in_llm"], bool(row["begun"]))
    while (event := batch_event(state, *counts)) is not None:
        target = next_batch_state(state, event)
        await transaction.execute(
            "move_batch", {"id": batch_id, "source": state, "target": target, "now": now}
        )
        await record(transaction, now, "batch", batch_id=batch_id, source=state, target=target)
        state = target
