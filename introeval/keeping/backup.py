"""``make_backup``: a consistent pair of database and files, made while the daemon works.

The rules:

1. The database first, as of one commit, then the files that its rows name: files are on the disk before their rows, and
   nobody changes them afterwards, so the pair is whole whatever is committed meanwhile.
2. SQLite's online backup copies a few pages at a time, with pauses, from one snapshot: commits never wait for it
   (https://www.sqlite.org/backup.html; without the snapshot each commit of another process would start it anew).
3. It grows under a name ending in ``.part``; the manifest and then the final name come last, all synced. A crash or a
   full disk leaves nothing that looks like a backup.
4. A file that is in the state folder's file system, or in the last backup, is linked and not copied.
5. Uploads that have not ended are left out: their senders begin anew.
6. A file that the state has lost is taken from the newest earlier backup that has it whole. When none has, the backup
   is made without it, and no backup that holds a file of that name is removed: it may be the only copy.
7. A state whose restore was interrupted is not backed up: it would push good backups off the shelf.
"""

import errno
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from db.database import FILE_NAME
from introeval.keeping import files
from introeval.keeping.earlier import Earlier
from introeval.keeping.errors import BackupError
from introeval.keeping.integrity import UNFINISHED
from introeval.keeping.lock import alone
from introeval.keeping.manifest import KeptFile, Manifest
from introeval.keeping.shelf import Shelf
from introeval.keeping.tables import named_files, wrong_tables

PAUSE_SECONDS = 0.01
RESERVE_BYTES = 64 * 1024 * 1024
NO_ROOM_BYTES = 64 * 1024
_FULL = {errno.ENOSPC, errno.EDQUOT}


@dataclass(frozen=True, slots=True)
class Pace:
    """How the database is copied: so many pages at a time (512 are 2 MB at SQLite's usual 4 KiB), then a pause."""

    pages: int = 512
    pause: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """``rescued``: files that the state has lost, taken from an earlier backup. ``missing``: those that none has.
    ``removed``: older backups that had to go.
    """

    folder: Path
    submissions: int
    files: int
    bytes: int
    rescued: tuple[str, ...]
    missing: tuple[str, ...]
    removed: tuple[Path, ...]


def make_backup(
    state_dir: Path,
    shelf: Shelf,
    *,
    keep: int,
    now: float,
    pace: Pace = Pace(),
    reserve_bytes: int = RESERVE_BYTES,
) -> Made:
    """Make one, then remove all but the newest ``keep``. ``reserve_bytes`` of the shelf's disk stay free.

    Raises ``BackupError`` and ``KeepingBusyError``.
    """
    database = state_dir / FILE_NAME
    if not database.is_file():
        raise BackupError(f"There is no state in {state_dir}: nothing to back up. Check --state-dir.")
    with alone(state_dir), _told(shelf.folder):
        if (state_dir / UNFINISHED).exists():
            raise BackupError(
                f"A restore of {state_dir} was interrupted: repeat it (`introeval restore --replace`), then back up."
            )
        if not shelf.folder.is_dir():
            shelf.folder.mkdir(parents=True, mode=0o700)
            files.give(shelf.folder, state_dir)
        shelf.sweep()
        _require_room(shelf.folder, database, reserve_bytes)
        place = shelf.place(now)
        part = place.with_name(place.name + ".part")
        try:
            part.mkdir(mode=0o700)
            manifest, rescued = _fill(part, state_dir, shelf, now, pace)
            files.give(part, state_dir)
            part.rename(place)
            files.sync_folder(shelf.folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        removed = shelf.rotate(keep, spare=manifest.missing)
    return Made(
        folder=place,
        submissions=manifest.submissions,
        files=len(manifest.files),
        bytes=sum(kept.size for kept in manifest.files.values()),
        rescued=rescued,
        missing=manifest.missing,
        removed=tuple(removed),
    )


def _fill(
    part: Path, state_dir: Path, shelf: Shelf, now: float, pace: Pace
) -> tuple[Manifest, tuple[str, ...]]:
    """The manifest, and the files that were taken from earlier backups because the state has lost them."""
    copy = part / FILE_NAME
    _copy_database(state_dir / FILE_NAME, copy, pace)
    with closing(sqlite3.connect(copy)) as connection:
        wrong = wrong_tables(connection)
        if wrong:
            raise BackupError(
                f"The database of {state_dir} is damaged ({wrong[0]}): no backup was made of it, and the earlier ones "
                "stay. See `introeval restore --check`."
            )
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        named = named_files(connection)
        submissions = int(connection.execute("SELECT count(*) FROM processing_tasks").fetchone()[0])
    kept = {FILE_NAME: KeptFile(copy.stat().st_size, files.digest(copy))}
    missing, rescued, earlier = list[str](), list[str](), Earlier(shelf)
    for name, sha256 in named.items():
        (part / name).parent.mkdir(exist_ok=True, mode=0o700)
        try:
            kept[name] = _take(state_dir / name, part / name, sha256, earlier)
        except FileNotFoundError:
            found = earlier.last(name, sha256)
            if found is None:
                missing.append(name)
            else:
                kept[name] = _have(*found, part / name)
                rescued.append(name)
    manifest = Manifest(
        made_at=now, schema=schema, submissions=submissions, files=kept, missing=tuple(missing)
    )
    manifest.write(part)
    files.sync_tree(part)
    return manifest, tuple(rescued)


def _copy_database(source: Path, target: Path, pace: Pace) -> None:
    with (
        closing(sqlite3.connect(source, isolation_level=None)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        target.chmod(0o600)
        live.execute("PRAGMA busy_timeout = 10000")
        # Nobody else opens the copy, so it needs no shared memory beside it.
        copy.execute("PRAGMA locking_mode = EXCLUSIVE")
        # The snapshot of rule 2.
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        live.backup(copy, pages=pace.pages, progress=lambda status, left, total: pace.pause(PAUSE_SECONDS))
        live.execute("ROLLBACK")
        # One file, whole by itself.
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("PRAGMA secure_delete = ON")
        if _has_uploads(copy):
            copy.execute("DELETE FROM uploads WHERE task_id IS NULL")
        copy.commit()
    files.sync(target)


def _has_uploads(connection: sqlite3.Connection) -> bool:
    rows = connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'uploads'")
    return rows.fetchone() is not None


def _take(source: Path, target: Path, sha256: str | None, earlier: Earlier) -> KeptFile:
    """Have a file in the backup, by the cheapest way. ``sha256``: what its row says, if it says that of this file."""
    size = source.stat().st_size
    if files.link(source, target):
        return KeptFile(size, sha256 or files.digest(target))
    before = earlier.same(str(target.relative_to(target.parents[1])), size, sha256)
    if before is not None and files.link(before[0], target):
        return before[1]
    return KeptFile(size, files.copy(source, target))


def _have(source: Path, kept: KeptFile, target: Path) -> KeptFile:
    """Have a file of an earlier backup in this one."""
    if not files.link(source, target):
        files.copy(source, target)
    return kept


def _require_room(folder: Path, database: Path, reserve_bytes: int) -> None:
    wal = database.with_name(database.name + "-wal")
    size = sum(path.stat().st_size for path in (database, wal) if path.exists())
    if shutil.disk_usage(folder).free < size + reserve_bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Errors of the disk and of SQLite, as sentences."""
    try:
        yield
    except sqlite3.Error as error:
        # SQLite calls a disk without room for its own small files an I/O error.
        full = "full" in str(error) or shutil.disk_usage(folder).free < NO_ROOM_BYTES
        raise BackupError(_FULL_DISK.format(folder) if full else f"No backup was made: {error}.") from error
    except OSError as error:
        full = error.errno in _FULL
        reason = f"No backup was made in {folder}: {error.strerror}."
        raise BackupError(_FULL_DISK.format(folder) if full else reason) from error


_FULL_DISK = (
    "The disk of {} is full: no backup was made, nothing of it was left, and the earlier ones are as they were. Free "
    "some space, keep fewer (--keep), or put backups on another disk (--to)."
)
