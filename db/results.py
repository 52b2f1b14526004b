"""What an evaluation leaves in the tables: the result, what each model made of it, and the parts that failed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from db.database import Transaction
from scheduler.ports import Evaluation
from scheduler.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """What one version of its assignment gave a submission. ``created_at``: seconds since the epoch, UTC."""

    assignment_version: int
    score: float
    max_score: float
    report: Mapping[str, Any]
    model: str | None
    server: str | None
    prompt_hash: str
    tokens_in: int
    tokens_out: int
    latency_ms: int
    created_at: float


async def keep_evaluation(transaction: Transaction, task: Task, result: Evaluation, now: float) -> None:
    """Write it under the version of the assignment that the task has. Raises ``StateError`` for a second result."""
    where = {"task_id": task.id, "assignment_version": task.assignment_version, "now": now}
    row = {
        "score": result.score,
        "max_score": result.max_score,
        "report": json.dumps(result.report),
        "model": result.model,
        "server": result.server,
        "prompt_hash": result.prompt_hash,
        "tokens_in": result.tokens_in,
        "tokens_out": result.tokens_out,
        "latency_ms": result.latency_ms,
        "raw_reply": result.raw_reply,
    }
    await transaction.execute("insert_result", where | row)
    for rating in result.ratings:
        marks = json.dumps(dict(rating.marks))
        values = {
            "model": rating.model,
            "attempt": rating.attempt,
            "server": rating.server,
            "score": rating.score,
            "max_score": rating.max_score,
            "marks": marks,
        }
        await transaction.execute("insert_rating", where | values)
    for failure in result.failures:
        await transaction.execute("insert_failure", where | failure.as_dict())
