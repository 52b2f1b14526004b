"""Writing to the outbox: what the college is to be told, in the very transaction in which it becomes true.

Who delivers it reads the rows later, so a dead receiver can neither lose a result nor hold one up.
"""

import json
import secrets
from typing import Any

from db.database import Transaction
from scheduler.task import Task

GRADED = "submission.graded"
FAILED = "submission.failed"


async def publish(
    transaction: Transaction, topic: str, task: Task, facts: dict[str, Any], now: float
) -> None:
    """Write one message about a task. ``facts``: what is told beside the task's own identity; JSON-able."""
    identity = {
        "id": task.id,
        "roll_number": task.roll_number,
        "assignment": task.assignment_id,
        "assignment_version": task.assignment_version,
        "kind": task.kind,
    }
    row = {
        "event_id": f"evt_{secrets.token_hex(16)}",
        "topic": topic,
        "task_id": task.id,
        "payload": json.dumps(identity | facts),
        "now": now,
    }
    await transaction.execute("insert_outbox", row)
