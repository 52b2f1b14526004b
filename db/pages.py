"""What was read on each page of a submission. A page that is kept is never read again.

``lines`` is JSON as ``introeval.pages.texts`` writes it; nobody here looks into it.
"""

from dataclasses import dataclass
from pathlib import Path

from db.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPage:
    """``page`` counts from 1. ``engine``: who read it. ``confidence``: 0 to 1. ``lines``: JSON."""

    page: int
    engine: str
    confidence: float
    lines: str


class PageTexts:
    """Reads, keeps and forgets the texts of pages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, task_id: str) -> tuple[KeptPage, ...]:
        """The kept pages of a submission, in order. Raises ``StateError``."""
        rows = await self._database.all("page_texts", {"task_id": task_id})
        return tuple(
            KeptPage(page=row["page"], engine=row["engine"], confidence=row["confidence"], lines=row["lines"])
            for row in rows
        )

    async def keep(self, task_id: str, pages: tuple[KeptPage, ...], now: float) -> None:
        """Keep pages, all or none; a page that is there already stays as it is. Raises ``StateError``."""

        async def body(transaction: Transaction) -> None:
            for page in pages:
                values = {
                    "task_id": task_id,
                    "page": page.page,
                    "engine": page.engine,
                    "confidence": page.confidence,
                    "lines": page.lines,
                    "now": now,
                }
                await transaction.execute("keep_page_text", values)

        await self._database.write(body)

    async def forget(self, task_id: str) -> int:
        """Have all pages of a submission read anew; returns how many there were. Raises ``StateError``."""
        return await self._database.write(
            lambda transaction: transaction.execute("forget_page_texts", {"task_id": task_id})
        )

    async def unread(self, assignment_id: str) -> dict[str, str | None]:
        """An assignment's submissions of which no page was read, oldest first, each with the task that waits to read it
        or does, if there is one. Raises ``StateError``.
        """
        rows = await self._database.all("unread_submissions", {"assignment_id": assignment_id})
        return {row["id"]: row["reader"] for row in rows}

    async def file_of(self, task_id: str) -> Path | None:
        """Where the file of a submission of pages is; ``None``: there is no such one. Raises ``StateError``."""
        row = await self._database.one("pages_file", {"id": task_id})
        return None if row is None else self._database.root / row["video_path"]
