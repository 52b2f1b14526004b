"""What the gradings of sessions leave: how each reading of a rubric and each try of a pair ended, and what it cost."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from db.database import Database, Transaction

_JSON = ("marks", "validation_errors", "warnings", "failure")
MOST_GRADINGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricResult:
    """One reading of a rubric by a model. ``rubric_response``: what went into prompts; ``None``: it failed.

    ``raw_output``: the whole reply. ``failure``: as ``scheduler.ratings.Failure.as_dict``. ``call_key``: of the kept
    call. ``read_from``: ``images`` or ``text``. Tokens and times: of the call, whoever had it made.
    """

    session_id: str
    model: str
    attempt: int
    rubric_response: str | None = None
    raw_output: str | None = None
    validation_errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    failure: Mapping[str, Any] | None = None
    read_from: str | None = None
    call_key: str | None = None
    server: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    latency_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentResult:
    """How one try of one pair ended. ``state``: ``done``, ``failed`` or ``rubric_failed``; the ``failure`` of the last
    has that of the reading in its member ``rubric``. ``marks``: JSON-able; the rest as in ``RubricResult``. Nobody was
    asked when ``call_key`` is ``None`` and it is ``done``.
    """

    session_id: str
    task_id: str
    pair_index: int
    attempt: int
    instance_id: str | None
    rubric_model: str | None
    assessment_model: str
    state: str
    marks: tuple[Mapping[str, Any], ...] = ()
    raw_output: str | None = None
    validation_errors: tuple[str, ...] = ()
    failure: Mapping[str, Any] | None = None
    read_from: str | None = None
    call_key: str | None = None
    server: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    latency_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StageUsage:
    """What was asked for in one stage of one model. ``requests``: with those that were asked again."""

    stage: str
    model: str
    calls: int
    requests: int
    tokens_in: int
    tokens_out: int
    latency_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskUsage:
    """What one task had made, in all its calls."""

    tokens_in: int
    tokens_out: int
    latency_ms: int
    load_ms: int


class SessionResults:
    """Reads and writes them. Everything raises ``StateError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep_rubric(self, result: RubricResult, now: float) -> None:
        """Keep a reading in place of an earlier one of this session, model and try, if that is not the better one."""

        async def body(transaction: Transaction) -> None:
            await transaction.execute("keep_rubric_result", _values(result, now))

        await self._database.write(body)

    async def rubrics(self, session_id: str) -> tuple[RubricResult, ...]:
        """The readings of a session's rubric, by model and try."""
        rows = await self._database.all("rubric_results", {"session_id": session_id})
        return tuple(RubricResult(**_read(row)) for row in rows)

    async def keep_assessment(self, result: AssessmentResult, now: float) -> None:
        """Keep how a try ended, in place of how it ended before."""

        async def body(transaction: Transaction) -> None:
            await transaction.execute("keep_assessment_result", _values(result, now))

        await self._database.write(body)

    async def assessments(self, task_id: str) -> tuple[AssessmentResult, ...]:
        """The tries of a grading that have ended, by pair and number."""
        rows = await self._database.all("assessment_results", {"task_id": task_id})
        return tuple(AssessmentResult(**_read(row)) for row in rows)

    async def gradings(self, session_id: str) -> tuple[str, ...]:
        """The ids of a session's tasks, newest first; at most ``MOST_GRADINGS``."""
        rows = await self._database.all("session_tasks", {"session_id": session_id, "most": MOST_GRADINGS})
        return tuple(row["id"] for row in rows)

    async def usage(self, session_id: str) -> tuple[StageUsage, ...]:
        """What all gradings of a session had made, by stage and model."""
        rows = await self._database.all("session_usage", {"session_id": session_id})
        return tuple(StageUsage(**dict(row)) for row in rows)

    async def task_usage(self, task_id: str) -> TaskUsage:
        """What a task had made; a call that another task had made before costs it nothing."""
        row = await self._database.one("task_usage", {"task_id": task_id})
        assert row is not None
        return TaskUsage(**dict(row))


def _values(result: RubricResult | AssessmentResult, now: float) -> dict[str, Any]:
    values = asdict(result)
    texts = {name: json.dumps(values[name]) for name in _JSON if values.get(name) is not None}
    return values | texts | {"now": now}


def _read(row: sqlite3.Row) -> dict[str, Any]:
    values = dict(row)
    del values["created_at"]
    for name in _JSON:
        if values.get(name) is not None:
            found = json.loads(values[name])
            values[name] = tuple(found) if isinstance(found, list) else found
    return values
