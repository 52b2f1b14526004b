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


def result_code(error: Exception) -> int:
    """SQLite's primary result code; 0 for errors of the sqlite3 module itself (a closed connection, an odd value)."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def refusal(error: sqlite3.Error | UnicodeError | OverflowError) -> RefusedRowError | None:
    """``error`` as ours when the statement or its values are at fault; ``None`` when the disk is.

    Python's own errors are of a text that holds half a character, or of a number that is too large.
    """
    of_python = not isinstance(error, sqlite3.Error)
    of_the_module = isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError)
    if of_python or of_the_module or result_code(error) in _OF_THE_STATEMENT:
        return RefusedRowError(f"the state refuses what was to be read or written: {error}")
    return None


def _ours(error: sqlite3.Error) -> StateError:
    kind = NoRoomError if result_code(error) == sqlite3.SQLITE_FULL else StateError
    return refusal(error) or kind(f"the state could not be read or written: {error}")


class _Translated:
    """A context in which SQLite's errors become ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, sqlite3.Error):
            raise _ours(error) from error


TRANSLATED = _Translated()
