"""``Views``: what people are shown, read from the tables. Nothing here writes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.database import Database
from db.regrades import Regrade, regrade_from_row
from db.results import StoredResult
from db.rows import task_from_row
from scheduler.ratings import Failure
from scheduler.snapshot import BatchStatus
from scheduler.task import Phase, Stage, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A task with its newest result. ``ahead``: waiting tasks before it in its stage (``None``: it does not wait).

    ``report``: the grade report as the grader made it; ``None`` until there is one. ``graded_version``: the version of
    the assignment that gave the result; the task's own is newer in a regrade. ``regrade``: the last one, if it ended
    without a result. ``delete_after``: when it is to be forgotten (``None``: never by itself); ``purged_at``: was."""

    task: Task
    ahead: int | None = None
    score: float | None = None
    max_score: float | None = None
    report: Mapping[str, Any] | None = None
    model: str | None = None
    server: str | None = None
    graded_version: int | None = None
    regrade: Regrade | None = None
    delete_after: float | None = None
    purged_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One row of ``events``. ``source`` and ``target`` are states; ``at`` is in seconds since the epoch, UTC."""

    id: int
    at: float
    kind: str
    task_id: str | None
    batch_id: int | None
    source: str | None
    target: str | None
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRow:
    """``system_state``: the phase and since when, what waits in each queue, and what is being worked on."""

    phase: Phase
    since: float
    stt_queue: int
    llm_queue: int
    active: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Means of recent work in seconds, ``None`` before there is any. STT is per second of media."""

    stt_per_media_second: float | None
    llm_seconds: float | None
    switchover_seconds: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTotals:
    """What a model was asked for in one stage, ever. ``requests``: with those that were asked again."""

    stage: str
    model: str
    calls: int
    requests: int
    tokens_in: int
    tokens_out: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which submissions a list shows; ``None`` means any."""

    roll_number: str | None = None
    stage: str | None = None
    status: str | None = None
    assignment_id: str | None = None
    kind: str | None = None

    def parameters(self) -> dict[str, str | None]:
        """As statement parameters."""
        return {
            "roll_number": self.roll_number,
            "stage": self.stage,
            "status": self.status,
            "assignment_id": self.assignment_id,
            "kind": self.kind,
        }


class Views:
    """Reads for pages, the API and the metrics; each sees the last commit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submission(self, task_id: str) -> Submission | None:
        """One submission, or ``None``."""
        row = await self._database.one("submission", {"id": task_id})
        return None if row is None else self._submission(row, row["ahead"])

    async def submissions(self, where: Filter, limit: int, offset: int) -> list[Submission]:
        """A page of submissions, newest first."""
        rows = await self._database.all(
            "submissions", where.parameters() | {"limit": limit, "offset": offset}
        )
        return [self._submission(row, None) for row in rows]

    async def graded(self, assignment_id: str, version: int, limit: int) -> list[Submission]:
        """Submissions of an assignment with the result that this version of it gave, newest first."""
        where = {"assignment_id": assignment_id, "version": version, "limit": limit}
        return [self._submission(row, None) for row in await self._database.all("graded_submissions", where)]

    async def count(self, where: Filter) -> int:
        """How many submissions the filter finds."""
        row = await self._database.one("count_submissions", where.parameters())
        return int(row["found"]) if row else 0

    async def results(self, task_id: str) -> list[StoredResult]:
        """Every result of a submission, oldest version first."""
        fields = StoredResult.__dataclass_fields__
        rows = await self._database.all("results_of_task", {"id": task_id})
        read = [{name: row[name] for name in fields} for row in rows]
        return [StoredResult(**row | {"report": json.loads(row["report"])}) for row in read]

    async def failures(self, task_id: str, version: int) -> list[Failure]:
        """The parts of a submission that ended without a result under one version, in order."""
        rows = await self._database.all("task_failures", {"id": task_id, "version": version})
        return [Failure(**dict(row)) for row in rows]

    async def newest_failures(self, task_ids: Sequence[str]) -> dict[str, list[Failure]]:
        """The same of several submissions, under the version that gave each its newest result; none: no entry."""
        found: dict[str, list[Failure]] = {}
        for row in await self._database.all("newest_failures", {"ids": json.dumps(list(task_ids))}):
            fields = dict(row)
            found.setdefault(fields.pop("task_id"), []).append(Failure(**fields))
        return found

    async def totals(self) -> dict[str, int]:
        """Tasks per stage; every stage is there."""
        rows = await self._database.all("totals")
        return {stage.value: 0 for stage in Stage} | {row["current_phase"]: row["tasks"] for row in rows}

    async def batches(self, most: int) -> tuple[BatchStatus, ...]:
        """The newest batches, newest first."""
        return tuple(
            BatchStatus(
                id=row["id"],
                state=row["state"],
                created_at=row["created_at"],
                size=row["size"],
                counts={stage.value: row[stage.value] for stage in Stage},
            )
            for row in await self._database.all("recent_batches", {"most": most})
        )

    async def events_after(self, event_id: int, most: int = 500) -> list[Event]:
        """Events after ``event_id``, oldest first."""
        return [
            _event(row) for row in await self._database.all("events_after", {"after": event_id, "most": most})
        ]

    async def last_event(self) -> int:
        """The newest event's id, 0 before the first."""
        row = await self._database.one("last_event")
        return int(row["id"]) if row else 0

    async def task_events(self, task_id: str) -> list[Event]:
        """A task's history, oldest first."""
        return [_event(row) for row in await self._database.all("task_events", {"id": task_id})]

    async def machine(self) -> MachineRow:
        """The row of ``system_state``."""
        row = await self._database.one("read_phase")
        assert row is not None
        return MachineRow(
            phase=Phase(row["current_phase"]),
            since=row["last_phase_switch"],
            stt_queue=row["stt_queue_count"],
            llm_queue=row["llm_queue_count"],
            active=row["active_workers"],
        )

    async def seconds_per_phase(self, now: float) -> dict[str, float]:
        """Seconds spent in each phase since the first hand-over, up to ``now``."""
        rows = await self._database.all("phase_seconds", {"now": now})
        return {phase.value: 0.0 for phase in Phase} | {row["phase"]: row["seconds"] for row in rows}

    async def violations(self) -> int:
        """Breaches of the exclusion, those before a restart included."""
        row = await self._database.one("violations")
        return int(row["breaches"]) if row else 0

    async def switchovers(self) -> tuple[int, float | None]:
        """How many hand-overs there were, and how long the newest took in seconds."""
        row = await self._database.one("switchover_summary")
        assert row is not None
        return row["hand_overs"], row["last_seconds"]

    async def call_totals(self) -> list[CallTotals]:
        """All kept model calls, by stage and model."""
        return [CallTotals(**dict(row)) for row in await self._database.all("call_totals")]

    async def pace(self) -> Pace:
        """How fast work went lately."""
        row = await self._database.one("pace")
        assert row is not None
        return Pace(**dict(row))

    def _submission(self, row: Any, ahead: int | None) -> Submission:
        return Submission(
            task=task_from_row(row, self._database.root),
            ahead=ahead,
            score=row["score"],
            max_score=row["max_score"],
            report=None if row["report"] is None else json.loads(row["report"]),
            model=row["model"],
            server=row["server"],
            graded_version=row["graded_version"],
            regrade=regrade_from_row(row),
            delete_after=row["delete_after"],
            purged_at=row["purged_at"],
        )


def _event(row: Any) -> Event:
    detail = None if row["detail"] is None else json.loads(row["detail"])
    return Event(**dict(row) | {"detail": detail})
