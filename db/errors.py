"""SQLite's errors as ours (https://sqlite.org/rescode.html)."""

import sqlite3

from scheduler.errors import NoRoomError, RefusedRowError, StateError

_OF_THE_STATEMENT = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_TOOBIG,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
}
"""Not the disk, but the statement or its values are at fault."""


class UncertainCommitError(StateError):
    """A commit failed, and what it wrote may still be found after a crash; retried and shown as any ``StateError``."""

    code = "uncertain_commit"


def result_code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; 0 for errors of the sqlite3 module itself (a closed connection, an odd value)."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _ours(error: sqlite3.Error) -> StateError:
    code = result_code(error)
    if code in _OF_THE_STATEMENT or isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return RefusedRowError(f"the state refuses what was to be read or written: {error}")
    kind = NoRoomError if code == sqlite3.SQLITE_FULL else StateError
    return kind(f"the state could not be read or written: {error}")


class _Translated:
    """A context in which SQLite's errors become ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise _ours(error) from error


TRANSLATED = _Translated()
