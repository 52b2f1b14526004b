"""``Purger``: forgets what is due, in the state and in its backups. Each step may be cut off; the next round goes on.

The order, for one round:

1. Dates follow the assignments. For each submission that is due: one transaction forgets it in the tables, and writes
   down which files are to go (``db.keeping``). From then on its address answers 410 and nothing brings it back.
2. The files are removed, and their folders synced.
3. The state file is rewritten without a trace of what was deleted, and the write-ahead log is emptied.
4. The lists of files are taken away: this purge has ended.
5. The same in every backup of the shelf that still holds one of the forgotten (``forget_in_backups``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from db.database import Database
from db.keeping import Keeping
from db.uploads import Uploads
from introeval.keeping.backup_purge import Forgotten, forget_in_backups, forget_sessions
from introeval.keeping.lock import alone
from introeval.keeping.removal import remove
from introeval.keeping.shelf import Shelf
from scheduler.errors import StateError

DAY = 86400.0

Expire = Callable[[], Awaitable[int]]
"""Forgets uploads in pieces whose time is over; returns how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``days``: how long submissions are kept whose assignment says nothing; ``None``: until somebody deletes them.

    ``reply_seconds``: how long after a submission's end its raw replies are kept; ``None``: as long as itself.
    """

    days: float | None = None
    reply_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """What a round did. ``submissions``: forgotten in it. ``files``: removed. ``backups``: in which it forgot too."""

    submissions: int = 0
    files: int = 0
    replies: int = 0
    backups: int = 0


class Purger:
    """Of one state. ``shelf``: its backups. ``expire``: in the daemon, who forgets uploads whose time is over, for
    somebody may be writing to one; ``None``: they are forgotten here.

    Everything raises ``StateError`` (``KeepingBusyError`` among them).
    """

    def __init__(self, database: Database, shelf: Shelf, policy: Policy) -> None:
        self._database = database
        self._shelf = shelf
        self._policy = policy
        self.expire: Expire | None = None
        self.keeping = Keeping(database)

    async def round(self, now: float) -> Purged:
        """Do all that is due."""
        with alone(self._database.root):
            await self.keeping.follow_policy(self._policy.days)
            due = [each.id for each in await self.keeping.due(now)]
            return await self._purge(due, now, spare=self._oldest_kept(now))

    async def go_on(self, now: float) -> Purged:
        """End what was begun, here and in the backups, and begin nothing: ``now`` is not believed."""
        with alone(self._database.root):
            return await self._end_purges(Purged(), now)

    async def forget(self, task_ids: Iterable[str], now: float) -> Purged:
        """Forget these now, whatever their dates; one that has not ended stays."""
        with alone(self._database.root):
            return await self._purge(task_ids, now)

    async def forget_anyway(self, task_ids: Iterable[str], sessions: Iterable[str], now: float) -> Purged:
        """As ``forget``, in a state that nobody works on: what has not ended is stopped first. So with ``sessions``."""
        with alone(self._database.root):
            for task_id in task_ids:
                await self.keeping.begin_anyway(task_id, now)
            await forget_sessions(self.keeping, self._database.root, sessions, now)
            return await self._purge((), now)

    async def _purge(self, task_ids: Iterable[str], now: float, spare: float | None = None) -> Purged:
        begun = [task_id for task_id in task_ids if await self.keeping.begin(task_id, now, spare)]
        loose = await self._idle_sessions(now)
        expired = await self._expired_uploads(now)
        replies = await self._drop_replies(now)
        removed = await asyncio.to_thread(_remove, self._database.root, "", loose)
        done = Purged(submissions=len(begun), files=len(removed), replies=replies)
        return await self._end_purges(done, now, traces=bool(replies or loose or expired))

    async def _end_purges(self, done: Purged, now: float, *, traces: bool = False) -> Purged:
        """Steps 2 to 5. ``traces``: rows were deleted that were no submission's."""
        open_ = await self.keeping.again(now)
        removed = 0
        for purge in open_:
            removed += len(await asyncio.to_thread(_remove, self._database.root, purge.id, purge.files))
        if traces or removed or any(purge.begun for purge in open_):
            await self.keeping.compact()
        await self.keeping.finish([purge for purge in open_ if purge.begun])
        forgotten = Forgotten(
            frozenset(await self.keeping.forgotten()), await self.keeping.forgotten_sessions()
        )
        backups = await forget_in_backups(self._shelf, forgotten, now)
        return replace(done, files=done.files + removed, backups=backups)

    async def _idle_sessions(self, now: float) -> list[str]:
        before = self._oldest_kept(now)
        return [] if before is None else await self.keeping.forget_idle_sessions(before, now)

    def _oldest_kept(self, now: float) -> float | None:
        """The setting, as a time: what was touched since is kept; ``None``: everything is."""
        return None if self._policy.days is None else now - self._policy.days * DAY

    async def _expired_uploads(self, now: float) -> int:
        """Uploads in pieces whose time is over, if nobody has swept them: their rows hold names."""
        if self.expire is not None:
            return await self.expire()
        uploads = Uploads(self._database)
        expired = await uploads.expired(now)
        for upload in expired:
            # The row first, if it still is as it was: it may become a submission in this moment.
            if await uploads.expire(upload.id, now):
                await asyncio.to_thread(_remove, self._database.root, upload.id, ())
        return len(expired)

    async def _drop_replies(self, now: float) -> int:
        seconds = self._policy.reply_seconds
        return 0 if seconds is None else await self.keeping.drop_replies(now - seconds)


def _remove(root: Path, task_id: str, names: Iterable[str]) -> list[str]:
    try:
        return remove(root, task_id, names)
    except OSError as error:
        raise StateError(f"a file of a forgotten submission cannot be removed: {error.strerror}") from error
