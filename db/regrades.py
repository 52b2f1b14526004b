"""How a task ends without a result: as failed or, when an earlier version has graded it, with that grade.

The rules:

1. A grade that was given stays. A regrade that fails for good, or is stopped, leads back to ``completed``, under the
   version that gave the newest result; the task can be regraded again, under the same version too.
2. What became of the regrade is one row of ``failures`` under the version that was asked for. That version has no
   result, which is how the row is told from the failed parts of a result. The next regrade takes it away.
3. State, row, event and message are one transaction, and the state is a compare-and-swap: a crash leaves all or none.
"""

import json
import sqlite3
from dataclasses import dataclass, replace

from db.database import Transaction
from db.outbox import FAILED, REGRADE_FAILED, compared, failed_facts, kept_facts, publish
from db.transition import record_transition, require, swap
from scheduler.errors import IntroevalError, RejectedWorkError
from scheduler.ratings import Failure
from scheduler.task import Task
from scheduler.transitions import TaskEvent, ending, next_task_state

STAGE = "regrade"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a task ended without a result. ``advice``: what a teacher can do about a regrade; ``None`` is not known."""

    code: str | None
    message: str | None
    advice: str

    @classmethod
    def of(cls, error: Exception | None) -> "Reason":
        """Of what the work ended with."""
        advice = "See what `introeval doctor` says of the servers, then grade again."
        if isinstance(error, RejectedWorkError):
            advice = "Another attempt under this version ends the same way: remove the reason first."
        code = error.code if isinstance(error, IntroevalError) else None
        return cls(code, None if error is None else str(error), advice)


STOPPED = Reason(
    CANCELLED, "A teacher has stopped this.", "Grade again when the new grade is wanted after all."
)
"""Of a task that somebody cancelled."""

REGRADE_STOPPED = "The regrade was stopped before it had a grade; nobody logs in, so who did it is not known."


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrade:
    """A regrade that ended without a result, under ``version``, at ``at`` (seconds since the epoch, UTC)."""

    version: int
    at: float
    failure: Failure

    @property
    def cancelled(self) -> bool:
        """Whether somebody stopped it."""
        return self.failure.code == CANCELLED


async def end_without_result(
    transaction: Transaction, task: Task, event: TaskEvent, reason: Reason, now: float
) -> None:
    """``event``: ``GAVE_UP`` or ``CANCELLED``. The batch is the caller's to follow.

    Raises ``IllegalTransitionError`` and ``StaleWorkError``: nothing was changed.
    """
    next_task_state(task.state, event)
    grade = await transaction.one("newest_result", {"id": task.id})
    happened = ending(event, graded=grade is not None)
    target = next_task_state(task.state, happened)
    told = failed_facts(CANCELLED if event is TaskEvent.CANCELLED else "failed", reason.code, reason.message)
    detail = {"error": reason.code}
    if grade is None:
        facts = {
            "completed_at": now,
            "retries": 0,
            "error_code": reason.code,
            "error_message": reason.message,
        }
        require(await transaction.execute("put_back", swap(task, target, now) | facts), task)
        await publish(transaction, FAILED, task, told, now)
        return await record_transition(transaction, task, happened, target, now, detail)
    tried, kept = task.assignment_version, int(grade["assignment_version"])
    values = swap(task, target, now) | {"version": kept}
    require(await transaction.execute("keep_grade", values), task)
    await transaction.execute("insert_failure", _note(task, kept, reason) | {"now": now})
    stays = replace(task, assignment_version=kept)
    final = (await compared(transaction, stays)).finality(json.loads(grade["report"]))
    told = kept_facts(told, tried, grade["score"], grade["max_score"], final)
    await publish(transaction, REGRADE_FAILED, stays, told, now)
    await record_transition(
        transaction, task, happened, target, now, detail | {"version": tried, "kept": kept}
    )


def _note(task: Task, kept: int, reason: Reason) -> dict[str, object]:
    failure = Failure(
        code=reason.code or "unexpected",
        stage=STAGE,
        place=f"version {task.assignment_version}",
        message=REGRADE_STOPPED if reason is STOPPED else reason.message or "No reason was given.",
        advice=f"The grade under version {kept} stays. {reason.advice}",
    )
    return {"task_id": task.id, "assignment_version": task.assignment_version, **failure.as_dict()}


def regrade_from_row(row: sqlite3.Row) -> Regrade | None:
    """The last regrade of a row that names it (``regrade_...``); ``None``: none ended without a result."""
    if row["regrade_version"] is None:
        return None
    parts = ("code", "stage", "place", "message", "advice")
    return Regrade(
        version=row["regrade_version"],
        at=row["regrade_at"],
        failure=Failure(**{part: row[f"regrade_{part}"] for part in parts}),
    )
