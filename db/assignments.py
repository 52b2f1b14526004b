"""Assignments in versions, as the JSON texts that ``introeval.assignments`` reads. A version is never changed."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from db.database import Database, Transaction
from db.regrades import CANCELLED


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAssignment:
    """One version. ``definition``: JSON. ``created_at``: seconds since the epoch, UTC."""

    id: str
    version: int
    kind: str
    title: str
    definition: str
    created_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why ``tasks`` submissions ended without a grade. ``message``: that of one of them."""

    code: str | None
    message: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How far an assignment's submissions are, whichever version grades them.

    ``provisional``: graded ones that a person must confirm. ``reasons``: of the failed ones, the commonest first.
    ``kept_reasons``: of the graded ones whose last regrade ended without a grade, so that an earlier one stays.
    """

    submitted: int
    graded: int
    failed: int
    provisional: int = 0
    reasons: tuple[Reason, ...] = ()
    kept_reasons: tuple[Reason, ...] = ()

    @property
    def kept(self) -> int:
        """Graded ones that have not the grade that was asked for last, but an earlier one."""
        return sum(reason.tasks for reason in self.kept_reasons)

    @property
    def stopped(self) -> int:
        """Of ``kept``, those whose regrade a person stopped: nobody wants another grade of them."""
        return sum(reason.tasks for reason in self.kept_reasons if reason.code == CANCELLED)

    @property
    def waiting(self) -> int:
        """Those that have not ended."""
        return self.submitted - self.graded - self.failed


class Assignments:
    """Reads and adds versions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self, assignment_id: str, version: int) -> StoredAssignment | None:
        """One version, or ``None``."""
        row = await self._database.one("assignment_version", {"id": assignment_id, "version": version})
        return None if row is None else _stored(row)

    async def latest(self, assignment_id: str) -> StoredAssignment | None:
        """The newest version, or ``None`` when there is no such assignment."""
        row = await self._database.one("latest_assignment", {"id": assignment_id})
        return None if row is None else _stored(row)

    async def all(self) -> list[StoredAssignment]:
        """The newest version of each, by id."""
        return [_stored(row) for row in await self._database.all("latest_assignments")]

    async def add(self, new: StoredAssignment) -> StoredAssignment:
        """Add it as the next version, whatever version it names, unless it says what the newest one says already.

        Returns the version that now is the newest.
        """

        async def body(transaction: Transaction) -> StoredAssignment:
            row = await transaction.one("latest_assignment", {"id": new.id})
            if row is not None and row["definition"] == new.definition and row["kind"] == new.kind:
                return _stored(row)
            values = {
                "id": new.id,
                "version": 1 if row is None else row["version"] + 1,
                "kind": new.kind,
                "title": new.title,
                "definition": new.definition,
                "created_at": new.created_at,
            }
            await transaction.execute("insert_assignment", values)
            added = await transaction.one("latest_assignment", {"id": new.id})
            assert added is not None
            return _stored(added)

        return await self._database.write(body)

    async def tally(self, assignment_id: str, doubted: Iterable[tuple[str, int]] = ()) -> Tally:
        """How far its submissions are, at one moment.

        ``doubted``: submissions that a person must confirm beside those whose report says so, each with the version of
        the result that it is about.
        """
        others = json.dumps([f"{task_id} {version}" for task_id, version in doubted])

        async def body(transaction: Transaction) -> Tally:
            row = await transaction.one("assignment_tally", {"id": assignment_id})
            unsure = await transaction.one("assignment_provisional", {"id": assignment_id, "doubted": others})
            reasons = await transaction.all("assignment_reasons", {"id": assignment_id})
            kept = await transaction.all("assignment_kept", {"id": assignment_id})
            assert row is not None
            assert unsure is not None
            return Tally(
                submitted=row["submitted"],
                graded=row["graded"],
                failed=row["failed"],
                provisional=unsure["tasks"],
                reasons=tuple(Reason(**dict(reason)) for reason in reasons),
                kept_reasons=tuple(Reason(**dict(reason)) for reason in kept),
            )

        return await self._database.read_together(body)

    async def graded_versions(self, assignment_id: str) -> list[int]:
        """The versions that gave its submissions their newest results."""
        rows = await self._database.all("graded_versions", {"id": assignment_id})
        return [row["version"] for row in rows]

    async def task_ids(self, assignment_id: str) -> list[str]:
        """The ids of all its submissions, oldest first."""
        return [row["id"] for row in await self._database.all("assignment_tasks", {"id": assignment_id})]


def _stored(row: sqlite3.Row) -> StoredAssignment:
    return StoredAssignment(
        id=row["id"],
        version=row["version"],
        kind=row["kind"],
        title=row["title"],
        definition=row["definition"],
        created_at=row["created_at"],
    )
