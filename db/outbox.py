"""The outbox: what the college is to be told, written in the very transaction in which it becomes true.

The rules:

1. ``publish`` writes a message within the result's transaction; ``Outbox`` reads and marks it later, so a dead receiver
   can neither lose a result nor hold one up.
2. Messages of one task leave in their order: only the first one of a task that has not left is ever due.
3. A message has left when it was delivered or given up. Both are marked in a transaction of their own, with an event
   row; a crash before that repeats the message under its old ``event_id``.
"""

import json
import secrets
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from db.database import Database, Transaction
from db.transition import record
from scheduler.ports import Evaluation
from scheduler.snapshot import OutboxStatus
from scheduler.task import Task

GRADED = "submission.graded"
FAILED = "submission.failed"
REGRADE_FAILED = "submission.regrade_failed"
SUBMISSIONS = ("intro_video", "notebook", "pages")
"""The kinds of task that are somebody's work."""

LONGEST_ERROR = 500
"""Characters of an error that are told and kept: a library's may quote whatever it was given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One row that has not left. ``attempts``: tries that failed. Times are seconds since the epoch, UTC."""

    id: int
    event_id: str
    topic: str
    task_id: str
    payload: Mapping[str, Any]
    created_at: float
    attempts: int


async def publish(
    transaction: Transaction, topic: str, task: Task, facts: dict[str, Any], now: float
) -> None:
    """Write one message about a task that ended at ``now``. ``facts``: beside the task's own identity; JSON-able.

    A teacher's own tasks are nobody's result: of them nothing is told.
    """
    if task.kind not in SUBMISSIONS:
        return
    identity = {
        "id": task.id,
        "roll_number": task.roll_number,
        "assignment": task.assignment_id,
        "assignment_version": task.assignment_version,
        "kind": task.kind,
        "completed_at": datetime.fromtimestamp(now, UTC).isoformat(),
    }
    row = {
        "event_id": f"evt_{secrets.token_hex(16)}",
        "topic": topic,
        "task_id": task.id,
        "payload": json.dumps(identity | facts),
        "now": now,
    }
    await transaction.execute("insert_outbox", row)


@dataclass(frozen=True, slots=True)
class Compared:
    """What is known of a grade beside those of other models, in the transaction in which it is told.

    ``pending``: several models grade the assignment, and what their severities are worth is known when enough is
    graded. ``alone``: one model gave this grade.
    """

    pending: bool = False
    alone: bool = False

    def finality(self, report: Mapping[str, Any]) -> dict[str, Any]:
        """Whether a grade with this report is final. One model's is not while it is pending."""
        doubtful = self.pending and self.alone
        fairness = "pending" if self.pending else "none"
        return {"final": not report.get("review") and not doubtful, "fairness": fairness}


async def compared(transaction: Transaction, task: Task, rivals: bool = False) -> Compared:
    """Of the result that the task has under its version. ``rivals``: as ``Evaluation`` has them."""
    where = {"id": task.id, "assignment_id": task.assignment_id, "version": task.assignment_version}
    row = await transaction.one("compared_grade", where) if task.kind in SUBMISSIONS else None
    if row is None or not row["models"]:
        return Compared()
    pending = rivals or bool(row["compares"] and (row["models"] > 1 or row["others"]))
    return Compared(pending, alone=row["models"] == 1)


def graded_facts(result: Evaluation, beside: Compared = Compared()) -> dict[str, Any]:
    """What is told of a grade: the scores, by criterion, and whether it is final. No speech, no reasons, no quotes."""
    return {
        "status": "graded",
        "score": result.score,
        "max_score": result.max_score,
        **beside.finality(result.report),
        "criteria": [
            {key: part.get(key) for key in ("name", "score", "max_score")}
            for part in result.report.get("criteria") or ()
            if isinstance(part, dict)
        ],
    }


def failed_facts(status: str, code: str | None, message: str | None) -> dict[str, Any]:
    """What is told of an end without a grade. ``status``: ``failed`` or ``cancelled``."""
    text = None if message is None else message[:LONGEST_ERROR]
    return {"status": status, "error_code": code, "error_message": text}


def kept_facts(
    failed: dict[str, Any], version: int, score: float, max_score: float, final: Mapping[str, Any]
) -> dict[str, Any]:
    """What is told of a regrade that ended without a grade: how, under which ``version``, and the grade that stays.

    ``failed``: see ``failed_facts``. ``final``: of the grade that stays, see ``Compared.finality``."""
    return {
        **failed,
        "status": f"regrade_{failed['status']}",
        "regrade_version": version,
        "score": score,
        "max_score": max_score,
        **final,
    }


class Outbox:
    """Reads what has not left, and marks what became of it. Each method is one transaction; raises ``StateError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: float, most: int) -> list[Message]:
        """At most so many messages that may be sent now, one per task; those that failed least come first."""
        rows = await self._database.all("open_outbox", {"now": now, "most": most})
        return [_message(row) for row in rows]

    async def next_due(self, now: float) -> float | None:
        """When the next message becomes due after ``now``; ``None`` when none does by itself."""
        row = await self._database.one("next_outbox", {"now": now})
        return None if row is None else row["next_at"]

    async def delivered(self, message: Message, now: float) -> None:
        """The receiver has it."""

        async def body(transaction: Transaction) -> None:
            if await transaction.execute("deliver_outbox", {"id": message.id, "now": now}):
                detail = {"attempts": message.attempts + 1}
                await record(transaction, now, "delivered", task_id=message.task_id, detail=detail)

        await self._database.write(body)

    async def retry(self, message: Message, error: str, next_at: float) -> None:
        """A try failed; the next one is due at ``next_at``."""
        row = {"id": message.id, "error": error[:LONGEST_ERROR], "next_at": next_at}

        async def body(transaction: Transaction) -> None:
            await transaction.execute("retry_outbox", row)

        await self._database.write(body)

    async def give_up(self, message: Message, error: str, now: float) -> None:
        """It is not tried again; later messages of the task may go."""
        row = {"id": message.id, "error": error[:LONGEST_ERROR], "now": now}

        async def body(transaction: Transaction) -> None:
            if await transaction.execute("give_up_outbox", row):
                await _record_given_up(transaction, message.task_id, message.attempts + 1, now)

        await self._database.write(body)

    async def expire(self, before: float, error: str, now: float) -> int:
        """Give up every message written before ``before``: nobody takes them. Returns how many."""
        row = {"before": before, "error": error[:LONGEST_ERROR], "now": now}

        async def body(transaction: Transaction) -> int:
            rows = await transaction.all("expire_outbox", row)
            for each in rows:
                await _record_given_up(transaction, each["task_id"], each["attempts"], now)
            return len(rows)

        return await self._database.write(body)

    async def hurry(self, now: float, ids: Iterable[int] | None = None) -> None:
        """Make these messages due now, ``None``: all that have not left. Their count of attempts stays."""
        row = {"now": now, "ids": None if ids is None else json.dumps(sorted(ids))}

        async def body(transaction: Transaction) -> None:
            await transaction.execute("hurry_outbox", row)

        await self._database.write(body)

    async def purge(self, left_before: float, unsent_before: float | None = None) -> int:
        """Delete what left before a time and, with ``unsent_before``, what nobody wanted. Returns how many."""
        row = {"left_before": left_before, "unsent_before": unsent_before}

        async def body(transaction: Transaction) -> int:
            return await transaction.execute("purge_outbox", row)

        return await self._database.write(body)

    async def status(self, now: float) -> OutboxStatus:
        """What waits and what was given up, as of the last commit."""
        row = await self._database.one("outbox_status")
        assert row is not None
        oldest = row["oldest_at"]
        return OutboxStatus(
            pending=row["pending"],
            failed=row["failed"],
            oldest_seconds=None if oldest is None else max(0.0, now - oldest),
            last_error=row["last_error"],
        )


async def _record_given_up(transaction: Transaction, task_id: str, attempts: int, now: float) -> None:
    await record(transaction, now, "undelivered", task_id=task_id, detail={"attempts": attempts})


def _message(row: sqlite3.Row) -> Message:
    return Message(
        id=row["id"],
        event_id=row["event_id"],
        topic=row["topic"],
        task_id=row["task_id"],
        payload=json.loads(row["payload"]),
        created_at=row["created_at"],
        attempts=row["attempts"],
    )
