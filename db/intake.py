"""``Intake``: the rows of accepted submissions. The file is on disk, synced, before a row is written."""

import sqlite3
from dataclasses import dataclass, fields
from pathlib import Path

from db.database import Database, Transaction
from db.rows import task_from_row
from db.transition import record
from scheduler.errors import StaleWorkError
from scheduler.task import Stage, Status, Task, TaskState


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What the intake knows of a file. ``video_path`` is relative to the state directory. ``upload_id``: the upload in
    pieces that it came through, whose row is settled by the same commit.
    """

    id: str
    user_id: str
    roll_number: str
    student_name: str
    file_name: str
    video_path: str
    size_bytes: int
    sha256: str
    media_seconds: float | None
    idempotency_key: str | None
    priority: int = 0
    kind: str = "intro_video"
    assignment_id: str = "introductions"
    assignment_version: int = 1
    request: str | None = None
    upload_id: str | None = None

    @property
    def phase(self) -> Stage:
        """Where its way begins: only a video has something to transcribe."""
        return Stage.STT if self.kind == "intro_video" else Stage.LLM


_COLUMNS = tuple(field.name for field in fields(NewTask))


@dataclass(frozen=True, slots=True)
class Accepted:
    """The task, whether this call made it (or an earlier one with the same key), and its file's hash."""

    task: Task
    created: bool
    sha256: str


class Intake:
    """Writes accepted submissions. ``keep_days``: how long they are kept when their assignment says nothing; ``None``:
    until somebody deletes them.
    """

    def __init__(self, database: Database, keep_days: float | None = None) -> None:
        self._database = database
        self._keep_days = keep_days
        self._root = database.root

    async def earlier(self, idempotency_key: str) -> Accepted | None:
        """The submission that this key made before, if any."""
        row = await self._database.one("task_by_idempotency_key", {"key": idempotency_key})
        return None if row is None else self._existing(row)

    async def waiting(self) -> int:
        """How many submissions have not ended."""
        row = await self._database.one("waiting_count")
        return int(row["waiting"]) if row else 0

    async def accept(self, new: NewTask, now: float) -> Accepted:
        """Commit a submission; with a key that was used before, return the earlier one and write nothing.

        Raises ``StaleWorkError`` when the upload in pieces that it came through has ended meanwhile.
        """

        async def body(transaction: Transaction) -> Accepted:
            if new.idempotency_key is not None:
                row = await transaction.one("task_by_idempotency_key", {"key": new.idempotency_key})
                if row is not None:
                    return self._existing(row)
            given = {name: getattr(new, name) for name in _COLUMNS}
            made = {"phase": new.phase, "now": now, "keep_days": self._keep_days}
            await transaction.execute("insert_task", given | made)
            target = str(TaskState(new.phase, Status.PENDING))
            if new.upload_id is not None:
                values = {"id": new.upload_id, "task_id": new.id, "now": now}
                if await transaction.execute("settle_upload", values) != 1:
                    # Whoever ended the upload may remove its file.
                    raise StaleWorkError(f"the upload {new.upload_id} has ended meanwhile")
            await record(transaction, now, "accepted", task_id=new.id, target=target)
            task = await transaction.one("task_by_id", {"id": new.id})
            assert task is not None
            return Accepted(task_from_row(task, self._root), created=True, sha256=new.sha256)

        return await self._database.write(body)

    async def known_files(self) -> set[Path]:
        """Absolute paths of every video that a row accounts for; others in the folder are orphans."""
        return {self._root / row["video_path"] for row in await self._database.all("known_files")}

    def _existing(self, row: sqlite3.Row) -> Accepted:
        return Accepted(task_from_row(row, self._root), created=False, sha256=row["sha256"])
