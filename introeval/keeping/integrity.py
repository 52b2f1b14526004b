"""Whether a state folder can be trusted, asked before a daemon works on it. A damaged one is refused, never mended.

The rules:

1. A state whose restore was interrupted is neither the old nor the new one: the restore must be repeated.
2. A folder with files of submissions or sessions and without a database (or with one of no bytes, or of no tables)
   has lost it, and so has one with a write-ahead log and without a database. A daemon that went on would make an empty
   one and sweep the files away as orphans; SQLite would throw the log away, and with it the last commits.
3. A database that SQLite finds damaged is refused with its reason. SQLite's quick check reads the whole file: 0.02 s of
   CPU for 1,000 submissions, 0.2 s for 10,000. A file beyond ``AT_ONCE_BYTES`` is looked at after the start.
4. A write-ahead log that lost its end is no damage that SQLite could see: what it holds before the cut counts.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from introeval.keeping.errors import DamagedStateError
from introeval.paths import StateLayout

AT_ONCE_BYTES = 256 * 1024 * 1024
"""About 15,000 submissions."""

UNFINISHED = "restore.unfinished"
"""A file in the state folder while a restore is under way."""

WHAT_TO_DO = (
    "Nothing was changed. `introeval restore --check` says which backup is good, and `introeval restore --replace` "
    "puts it in place and moves what is there aside."
)


def require_whole(state: StateLayout, *, at_once: int | None = AT_ONCE_BYTES) -> None:
    """Raise ``DamagedStateError`` unless the state can be worked on. ``at_once``: rule 3; ``None``: of any size."""
    if (state.root / UNFINISHED).exists():
        raise DamagedStateError(
            f"A restore of {state.root} was interrupted: repeat it with `introeval restore --replace`."
        )
    if _size(state.database) == 0:
        _require_no_files(state, "missing")
        wal = state.database.with_name(f"{state.database.name}-wal")
        if _size(wal) > 0:
            raise DamagedStateError(
                f"The database {state.database} is missing, and its write-ahead log is there. {WHAT_TO_DO}"
            )
        return
    if at_once is None or state.database.stat().st_size <= at_once:
        reason = damage(state.database)
        if reason is not None:
            raise DamagedStateError(f"The database {state.database} is damaged ({reason}). {WHAT_TO_DO}")
    if not _has_tables(state.database):
        _require_no_files(state, "empty")


def _require_no_files(state: StateLayout, what: str) -> None:
    if any(map(_has_files, (state.videos, state.transcripts, state.images))):
        raise DamagedStateError(
            f"The database {state.database} is {what}, and the files of submissions are there. {WHAT_TO_DO}"
        )


def damage(database: Path) -> str | None:
    """What is wrong with a database, in SQLite's words; ``None``: nothing."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA busy_timeout = 10000")
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        # A permission, a lock: no word about the content. Whoever opens it next tells what it is.
        return str(error) if "malformed" in str(error) else None
    except sqlite3.DatabaseError as error:
        return str(error)
    return None if found == "ok" else found.splitlines()[-1]


def _has_tables(database: Path) -> bool:
    """As far as can be seen: whoever opens it next tells why it cannot be read."""
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA busy_timeout = 10000")
            return connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone() is not None
    except sqlite3.OperationalError:
        return True


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _has_files(folder: Path) -> bool:
    return folder.is_dir() and any(not path.name.endswith(".part") for path in folder.iterdir())
