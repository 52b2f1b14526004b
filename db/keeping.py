"""How long a submission is kept, and how it is forgotten. Nothing here touches a file.

The rules:

1. The date of a submission is its day of arrival and what the newest version of its assignment says, else the setting.
   A changed assignment changes the dates of all its submissions; a date that a teacher gave one of them stays.
2. A submission is forgotten only when it has ended, and so have the tasks that read its pages: a compare-and-swap.
3. ``begin`` forgets in one transaction all that the tables hold of it, and writes into its row which files are to be
   removed. The row stays, without a name, so that counts and events remain what they were. ``finish`` takes the list
   away when the files and the remains in the state file are gone; until then every round begins with it again.
4. With the last grading of a session goes the session, if a person asked for that; by its date only when nobody has
   touched the session for as long as things are kept: its pages of today may wait for a grading. Then it goes by its
   age, as one that nobody had graded. An event without a task keeps its id, so that backups forget it too.
5. Whoever works on a cancelled submission may write something after it was forgotten: for two days each round
   forgets it again.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.database import Database, Transaction
from db.requests import Requests
from db.transition import record

SECOND_LOOK_SECONDS = 2 * 86400.0
_ENDED = ("completed", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A submission that is to be forgotten. Times: seconds since the epoch, UTC."""

    id: str
    kind: str
    assignment_id: str
    created_at: float
    delete_after: float


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge under way. ``files``: relative to the state directory. ``begun``: its row tells that it is unfinished."""

    id: str
    files: tuple[str, ...]
    begun: bool = True


class Keeping:
    """Reads and writes dates, and forgets. Everything raises ``StateError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def follow_policy(self, days: float | None, task_id: str | None = None) -> int:
        """Rule 1, for all or for one; ``days``: the setting. Returns how many dates changed."""
        values = {"days": days, "id": task_id}
        return await self._database.write(lambda transaction: transaction.execute("follow_retention", values))

    async def set_date(self, task_id: str, at: float | None, now: float) -> bool:
        """A teacher's date for one submission, ``None``: never by itself. ``False``: there is none to be kept."""

        async def body(transaction: Transaction) -> bool:
            found = await transaction.execute("set_deletion_date", {"id": task_id, "at": at}) == 1
            if found:
                await record(transaction, now, "date_set", task_id=task_id, detail={"delete_after": at})
            return found

        return await self._database.write(body)

    async def unset_date(self, task_id: str, days: float | None, now: float) -> bool:
        """Back to what the assignment says; ``days``: the setting. ``False``: there is none to be kept."""

        async def body(transaction: Transaction) -> bool:
            if await transaction.execute("set_deletion_date", {"id": task_id, "at": None}) != 1:
                return False
            await record(transaction, now, "date_unset", task_id=task_id)
            await transaction.execute("follow_retention", {"id": task_id, "days": days})
            return True

        return await self._database.write(body)

    async def due(self, now: float) -> list[Due]:
        """What is to be forgotten by ``now``, the longest overdue first."""
        return [Due(**dict(row)) for row in await self._database.all("due_deletions", {"now": now})]

    async def next_date(self, now: float) -> float | None:
        """The first date after ``now``."""
        row = await self._database.one("next_deletion", {"now": now})
        return None if row is None else row["at"]

    async def newest(self) -> float | None:
        """When a submission was last written; ``None``: there are none."""
        row = await self._database.one("newest_row")
        return None if row is None else row["at"]

    async def begin(self, task_id: str, now: float, spare: float | None = None) -> bool:
        """Rule 3. ``False``, and nothing changed: there is no such submission, or it cannot be forgotten yet.

        ``spare``: rule 4, a session that was touched at this time or later stays; ``None``: a person asked.
        """

        async def body(transaction: Transaction) -> bool:
            row = await transaction.one("task_by_id", {"id": task_id})
            if row is None or row["purged_at"] is not None or row["current_phase"] not in _ENDED:
                return False
            readings = await transaction.all("readings_of", {"id": task_id}) if row["kind"] == "pages" else []
            if any(reading["current_phase"] not in _ENDED for reading in readings):
                return False
            files = [
                row["video_path"],
                row["transcript_path"],
                *await _forget_session(transaction, row, now, spare),
            ]
            for each in readings:
                await _forget(transaction, each["id"], [], now)
            await _forget(transaction, task_id, [name for name in files if name], now)
            return True

        return await self._database.write(body)

    async def begin_anyway(self, task_id: str, now: float) -> bool:
        """As ``begin``, where nobody works (a backup, a restored state): what has not ended is stopped first."""
        rows = await self._database.all("unended_with_readings", {"id": task_id})
        for row in rows:
            await Requests(self._database).cancel(row["id"], now)
        return await self.begin(task_id, now)

    async def again(self, now: float) -> list[Purge]:
        """Rule 5 done, and what is unfinished: each with the files that may still be there."""

        async def body(transaction: Transaction) -> list[Purge]:
            rows = await transaction.all("unfinished_purges", {"since": now - SECOND_LOOK_SECONDS})
            found = []
            for row in rows:
                late = await _forget_tables(transaction, row["id"])
                files = json.loads(row["request"])["files"] if row["request"] else ()
                found.append(Purge(row["id"], tuple(files), begun=bool(row["request"]) or late > 0))
            return found

        return await self._database.write(body)

    async def finish(self, purges: Sequence[Purge]) -> None:
        """The files of these are gone, and so are the remains in the state file."""

        async def body(transaction: Transaction) -> None:
            for purge in purges:
                await transaction.execute("finish_purge", {"id": purge.id})

        await self._database.write(body)

    async def forgotten(self) -> dict[str, float]:
        """All that were forgotten, and when."""
        return {row["id"]: row["purged_at"] for row in await self._database.all("forgotten")}

    async def forgotten_sessions(self) -> frozenset[str]:
        """All sessions that were forgotten."""
        return frozenset(row["id"] for row in await self._database.all("forgotten_sessions"))

    async def session_files(self, session_id: str) -> list[str]:
        """The files of its pages."""
        rows = await self._database.all("images_of_session", {"session_id": session_id})
        return [row["path"] for row in rows]

    async def forget_session(self, session_id: str, now: float) -> None:
        """Forget a session, where nobody works; its files must be gone already."""
        await self._database.write(lambda transaction: _forget_whole_session(transaction, session_id, now))

    async def forget_idle_sessions(self, before: float, now: float) -> list[str]:
        """Forget sessions without a grading that nobody has touched since ``before``; returns their files."""

        async def body(transaction: Transaction) -> list[str]:
            files: list[str] = []
            for row in await transaction.all("idle_sessions", {"before": before}):
                files += await _forget_whole_session(transaction, row["id"], now)
            return files

        return await self._database.write(body)

    async def drop_replies(self, before: float) -> int:
        """Drop the raw replies about all that ended before ``before``; returns how many."""

        async def body(transaction: Transaction) -> int:
            values = {"before": before}
            dropped = await transaction.execute("drop_call_replies", values)
            dropped += await transaction.execute("drop_result_replies", values)
            dropped += await transaction.execute("drop_assessment_replies", values)
            return dropped + await transaction.execute("drop_rubric_replies", values)

        return await self._database.write(body)

    async def compact(self) -> None:
        """Remove what is left in the state file of all that was deleted; see ``Database.compact``."""
        await self._database.compact()


async def _forget(transaction: Transaction, task_id: str, files: list[str], now: float) -> None:
    values = {"id": task_id, "files": json.dumps({"files": files}), "now": now}
    if await transaction.execute("forget_task", values):
        await _forget_tables(transaction, task_id)
        await record(transaction, now, "purged", task_id=task_id)


async def _forget_tables(transaction: Transaction, task_id: str) -> int:
    """All that the other tables hold of it; returns how many rows that were."""
    where = {"id": task_id}
    await transaction.execute("forget_event_details", where)
    return sum(
        [
            await transaction.execute("forget_results", where),
            await transaction.execute("forget_ratings", where),
            await transaction.execute("forget_failures", where),
            await transaction.execute("forget_page_texts", {"task_id": task_id}),
            await transaction.execute("forget_assessments", where),
            await transaction.execute("forget_outbox", where),
            await transaction.execute("forget_uploads", where),
            await transaction.execute("forget_calls", where),
        ]
    )


async def _forget_session(transaction: Transaction, row: Any, now: float, spare: float | None) -> list[str]:
    """Rule 4; returns the files of its pages."""
    if row["kind"] != "session" or row["request"] is None:
        return []
    session_id = json.loads(row["request"]).get("session_id")
    left = await transaction.one("gradings_left", {"id": row["id"], "session_id": session_id})
    if left is None or left["gradings"]:
        return []
    touched = await transaction.one("session_touched", {"session_id": session_id})
    if touched is None or (spare is not None and touched["at"] >= spare):
        return []
    await transaction.execute("forget_assessments", {"id": row["id"]})
    return await _forget_whole_session(transaction, session_id, now)


async def _forget_whole_session(transaction: Transaction, session_id: str, now: float) -> list[str]:
    where = {"session_id": session_id}
    paths = [row["path"] for row in await transaction.all("forget_images", where)]
    await transaction.execute("forget_rubric_results", where)
    await transaction.execute("forget_session_assessments", where)
    await transaction.execute("forget_session", where)
    await record(transaction, now, "session_purged", detail={"session": session_id})
    return paths
