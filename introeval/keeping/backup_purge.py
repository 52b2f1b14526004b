"""What was forgotten is forgotten in the backups too, so that none of them brings it back.

The rules:

1. A backup is opened for writing only when its database still holds one of the forgotten; its files' SHA-256 stay those
   of the day when it was made, and only its database gets a new one, after SQLite has found it whole.
2. While it is rewritten its manifest says ``changing``; one that was cut off is gone on with in the next round.
3. A backup that is damaged, or cannot be read or written, holds up no other one. Its files of the forgotten are removed
   by their names, which need no database; what its database holds stays. So the round ends with an error that names
   each such backup, and so does every later one, until a person has removed or mended it.
4. Sessions go by the list of those that were forgotten, not because the state has them no more: a state that was
   restored has none of the newer ones, and they are only in the backups then.
5. What unfinished backups left is removed first: nobody looks into them.
"""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from db.database import FILE_NAME, Database
from db.keeping import Keeping
from introeval.keeping import files
from introeval.keeping.check import read_only
from introeval.keeping.errors import RestoreError
from introeval.keeping.integrity import damage
from introeval.keeping.manifest import KeptFile, Manifest, read_manifest
from introeval.keeping.removal import remove, remove_all
from introeval.keeping.shelf import Shelf
from introeval.keeping.tables import named_files
from scheduler.errors import ConfigurationError, StateError


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Ids of what must not be in a backup any more."""

    submissions: frozenset[str]
    sessions: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.submissions or self.sessions)


async def forget_in_backups(shelf: Shelf, forgotten: Forgotten, now: float) -> int:
    """Forget these in every backup. Call it only while you are ``alone``. Returns in how many they were.

    Raises ``StateError`` when all have been gone through, and names those in which something may be left.
    """
    if not forgotten:
        return 0
    changed, wrong = 0, list[str]()
    try:
        await asyncio.to_thread(shelf.sweep)
    except StateError as error:
        wrong.append(str(error))
    for backup in await asyncio.to_thread(shelf.backups):
        try:
            changed += await _forget_in(backup, forgotten, now)
        except (RestoreError, StateError) as error:
            wrong += [str(error), *await asyncio.to_thread(_remove_by_name, backup, forgotten.submissions)]
    if wrong:
        raise StateError(
            f"What was forgotten may still be in backups: {' '.join(wrong)} Mend the reason, or remove these backups."
        )
    return changed


async def forget_sessions(keeping: Keeping, root: Path, sessions: Iterable[str], now: float) -> None:
    """Forget these where nobody works: the files first, for without its row nobody would know a file again."""
    for session_id in sorted(sessions):
        paths = await keeping.session_files(session_id)
        await asyncio.to_thread(remove, root, "", paths)
        await keeping.forget_session(session_id, now)


async def _forget_in(backup: Path, forgotten: Forgotten, now: float) -> bool:
    """Whether there was something to do. Raises ``RestoreError`` and ``StateError``."""
    manifest = await asyncio.to_thread(read_manifest, backup)
    held = await asyncio.to_thread(_held, backup, forgotten)
    if not held and not manifest.changing:
        return False
    await asyncio.to_thread(_require_whole, backup)
    try:
        await _forget(backup, manifest, held, now)
    except (ConfigurationError, StateError, sqlite3.Error) as error:
        raise StateError(f"The backup {backup} cannot be rewritten: {str(error).rstrip('.')}.") from error
    except OSError as error:
        raise StateError(f"The backup {backup} cannot be rewritten: {error.strerror}.") from error
    return True


def _held(backup: Path, forgotten: Forgotten) -> Forgotten:
    """Which of them its database still holds."""
    wal = backup / f"{FILE_NAME}-wal"
    try:
        # Somebody's write-ahead log (a purge that was cut off) is read by an ordinary connection only.
        opened = sqlite3.connect(backup / FILE_NAME) if wal.exists() else read_only(backup / FILE_NAME)
        with closing(opened) as connection:
            columns = [row[1] for row in connection.execute("PRAGMA table_info(processing_tasks)")]
            left = "purged_at IS NULL" if "purged_at" in columns else "1"
            tasks = connection.execute(f"SELECT id FROM processing_tasks WHERE {left}").fetchall()
            has = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'sessions'")
            sessions = connection.execute("SELECT id FROM sessions").fetchall() if has.fetchone() else []
    except (sqlite3.Error, OSError) as error:
        raise StateError(f"The database of the backup {backup} cannot be read: {error}.") from error
    return Forgotten(
        forgotten.submissions & {str(row[0]) for row in tasks},
        forgotten.sessions & {str(row[0]) for row in sessions},
    )


def _require_whole(backup: Path) -> None:
    """Before anything of it is changed: a rewriting that fails in the middle would leave it ``changing``."""
    reason = damage(backup / FILE_NAME)
    if reason is not None:
        raise StateError(f"The backup {backup} is damaged ({reason}).")


async def _forget(backup: Path, manifest: Manifest, held: Forgotten, now: float) -> None:
    await asyncio.to_thread(replace(manifest, changing=True).write, backup)
    async with Database.open(backup) as database:
        keeping = Keeping(database)
        for task_id in sorted(held.submissions):
            await keeping.begin_anyway(task_id, now)
        await forget_sessions(keeping, backup, held.sessions, now)
        purges = await keeping.again(now)
        for purge in purges:
            await asyncio.to_thread(remove, backup, purge.id, purge.files)
        await keeping.compact()
        await keeping.finish(purges)
        await keeping.compact()
    await asyncio.to_thread(_seal, backup, manifest)


def _seal(backup: Path, manifest: Manifest) -> None:
    """The manifest of the backup as it is now."""
    database = backup / FILE_NAME
    _require_whole(backup)
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        named = named_files(connection)
    files.sync(database)
    # What no row names any more is gone, by this purge or by one that was cut off.
    left = manifest.only(set(named))
    kept = {**left.files, FILE_NAME: KeptFile(database.stat().st_size, files.digest(database))}
    replace(left, files=kept, schema=schema, changing=False).write(backup)


def _remove_by_name(backup: Path, forgotten: frozenset[str]) -> list[str]:
    """Rule 3; returns why that was not possible either."""
    try:
        remove_all(backup, forgotten)
    except OSError as error:
        return [f"Nor can files be removed from it: {error.strerror}."]
    return []
