"""Sessions: their questions and page images, and the prompts that teachers have changed.

An image never changes and is never replaced: who wants another page order makes another session. Its file is on disk,
synced, before its row is written.
"""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from db.database import Database, Transaction

Added = Literal["added", "no_session", "taken", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSession:
    """``questions``: JSON-able, as ``introeval.assignments.Question`` reads them. Times: seconds since 1970, UTC."""

    id: str
    title: str
    questions: tuple[dict[str, Any], ...]
    created_at: float
    updated_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NewImage:
    """``path`` is relative to the state directory. ``sha256``, ``size_bytes``: of what was sent; the stored picture is
    our own, of ``media_type``, ``width`` and ``height``.
    """

    id: str
    session_id: str
    role: str
    order_index: int
    file_name: str
    path: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredImage:
    """``path`` is absolute. ``read_by``, ``confidence``, ``lines`` (JSON): what was read on it; ``None`` before."""

    id: str
    role: str
    order_index: int
    file_name: str
    path: Path
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str
    created_at: float
    read_by: str | None
    confidence: float | None
    lines: str | None


@dataclass(frozen=True, slots=True)
class StoredPrompt:
    """A template that a teacher has stored."""

    name: str
    template: str
    updated_at: float


class Sessions:
    """Reads and writes them. Everything raises ``StateError``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, session_id: str, title: str, now: float) -> StoredSession:
        """A new session."""

        async def body(transaction: Transaction) -> None:
            await transaction.execute("insert_session", {"id": session_id, "title": title, "now": now})

        await self._database.write(body)
        return StoredSession(id=session_id, title=title, questions=(), created_at=now, updated_at=now)

    async def find(self, session_id: str) -> StoredSession | None:
        """One session, or ``None``."""
        row = await self._database.one("session", {"id": session_id})
        return None if row is None else _session(row)

    async def write_questions(
        self, session_id: str, questions: Sequence[dict[str, Any]], now: float
    ) -> StoredSession | None:
        """Put these questions in place of those before; ``None`` when there is no such session."""

        async def body(transaction: Transaction) -> StoredSession | None:
            values = {"id": session_id, "questions": json.dumps(list(questions)), "now": now}
            await transaction.execute("write_questions", values)
            row = await transaction.one("session", {"id": session_id})
            return None if row is None else _session(row)

        return await self._database.write(body)

    async def add_image(self, new: NewImage, most: int, now: float) -> Added:
        """Add a page image. Whatever else than ``added``: nothing was written. ``most``: images of one role."""

        async def body(transaction: Transaction) -> Added:
            if await transaction.one("session", {"id": new.session_id}) is None:
                return "no_session"
            where = {"session_id": new.session_id, "role": new.role}
            row = await transaction.one("count_session_images", where)
            full = row is not None and row["images"] >= most
            if not full and await transaction.execute("insert_image", asdict(new) | {"now": now}):
                return "added"
            return "full" if full else "taken"

        return await self._database.write(body)

    async def images(self, session_id: str) -> tuple[StoredImage, ...]:
        """Its page images, by role, in their order."""
        rows = await self._database.all("session_images", {"session_id": session_id})
        return tuple(self._image(row) for row in rows)

    async def write_lines(self, image_id: str, read_by: str, confidence: float, lines: str) -> None:
        """Keep what was read on an image."""
        values = {"id": image_id, "read_by": read_by, "confidence": confidence, "lines": lines}

        async def body(transaction: Transaction) -> None:
            await transaction.execute("write_image_lines", values)

        await self._database.write(body)

    async def known_files(self) -> set[Path]:
        """Absolute paths of every image that a row accounts for; others in the folder are orphans."""
        return {self._database.root / row["path"] for row in await self._database.all("known_images")}

    async def prompt(self, name: str) -> StoredPrompt | None:
        """A stored template, or ``None``."""
        row = await self._database.one("prompt", {"name": name})
        return None if row is None else StoredPrompt(row["name"], row["template"], row["updated_at"])

    async def write_prompt(self, name: str, template: str | None, now: float) -> None:
        """Store a template; ``None``: have none stored."""

        async def body(transaction: Transaction) -> None:
            if template is None:
                await transaction.execute("delete_prompt", {"name": name})
            else:
                await transaction.execute("write_prompt", {"name": name, "template": template, "now": now})

        await self._database.write(body)

    def _image(self, row: sqlite3.Row) -> StoredImage:
        values = {key: row[key] for key in row.keys() if key not in ("session_id", "path")}  # noqa: SIM118
        return StoredImage(**values, path=self._database.root / row["path"])


def _session(row: sqlite3.Row) -> StoredSession:
    return StoredSession(
        id=row["id"],
        title=row["title"],
        questions=tuple(json.loads(row["questions"])),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
