"""The daemon's own tables without aiosqlite's thread: every statement runs where the seed says, commits and all.

Only the connection is replaced (three members of aiosqlite's, all that ``db.database`` uses). Around a statement there
may be a turn of the loop, so that others come in between and a kill may hit there; time passes on a slow disk, and a
bad one fails. What was not committed when the process was killed is rolled back, as SQLite's recovery would have it.
"""

import re
import sqlite3
from collections.abc import Callable, Generator, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import coroutine
from typing import Any, cast

import aiosqlite

from db.database import Database
from db.migrations import migrate
from scheduler.task import BatchState, Phase, Stage, Status
from scheduler.transitions import TaskEvent
from tests.simulator.loop import VirtualLoop

ROOT = Path("/state")
_USED = ("results", "ratings", "failures", "outbox", "events", "switchovers", "processing_tasks", "batches")
_TURN_RATE = 0.2
"""How often a statement inside a transaction is a turn of the loop of its own; BEGIN and COMMIT always are."""
_NO_WRITES = ("SELECT", "BEGIN", "COMMIT", "ROLLBACK", "PRAGMA")
SLOW = 3.0
"""Seconds that a slow disk takes to begin a transaction, and to commit one."""


# The sqlite3 module looks long for how to store what is no plain string or number, None among it.
sqlite3.register_adapter(type(None), cast(Any, {}.get))  # which is None of None, and no function of ours
for _kind in (Phase, Stage, Status, BatchState, TaskEvent):
    sqlite3.register_adapter(_kind, str.__str__)


class Disk(StrEnum):
    """How the disk behaves. ``COMMIT``: commits fail. ``ROLLBACK``: they fail, and SQLite has rolled back by itself."""

    GOOD = "good"
    BEGIN = "begin"
    WRITE = "write"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SLOW = "slow"


_GOOD = Disk.GOOD  # Python 3.11 takes long to find a member in its class


@cache
def _written(sql: str) -> str:
    """The table that a statement writes; nothing for one that reads. No trigger writes another than the counters."""
    found = re.match(r"(?:INSERT(?: OR IGNORE)? INTO|UPDATE|DELETE FROM) (\w+)", sql)
    if found is None and not sql.startswith(_NO_WRITES):
        raise LookupError(f"which table does this write? {sql}")
    return found[1] if found else ""


def _failure(words: str, code: int) -> sqlite3.OperationalError:
    """As SQLite's own: the module gives each of its errors the result code."""
    error = sqlite3.OperationalError(words)
    error.sqlite_errorcode = code
    return error


class Tables:
    """One in-memory database for all seeds of this process. ``disk``, ``on_commit``: of the session under way.

    ``written``: the names of the tables that were written since somebody cleared it, and what was rolled back.
    """

    def __init__(self) -> None:
        self.file = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        self.file.row_factory = sqlite3.Row
        self.file.execute("PRAGMA foreign_keys = ON")
        migrate(self.file)
        self._checked = True
        self.disk = Disk.GOOD
        self.written: set[str] = set()
        self.on_commit: Callable[[], None] = lambda: None

    def clear(self, checked: bool) -> None:
        """As new: no rows, and ids begin at 1. ``checked``: whether the schema's CHECKs are; for each that lists states
        SQLite builds a tree at each write."""
        if checked != self._checked:
            self.file.execute(f"PRAGMA ignore_check_constraints = {not checked}")
            self._checked = checked
        self.disk = Disk.GOOD
        self.written.clear()
        self.file.execute("BEGIN")
        for table in _USED:
            self.file.execute(f"DELETE FROM {table}")
        self.file.execute("DELETE FROM sqlite_sequence")
        self.file.execute("DELETE FROM system_state")
        self.file.execute("INSERT INTO system_state VALUES (1, 'stt', 0, 0, 0, 0)")
        self.file.execute("COMMIT")


Parameters = Mapping[str, Any]
_NOTHING: Parameters = {}


class _Connection:
    """One process's connection. A turn is a bare ``yield``, which is how a task lets others run; if there are any."""

    def __init__(self, tables: Tables, loop: VirtualLoop) -> None:
        self._tables = tables
        self._file = tables.file
        self._loop = loop
        self._chance = loop.chance

    def _pass(self, seconds: float) -> Generator[Any, None, None]:
        done = self._loop.create_future()
        self._loop.call_later(seconds, lambda: None if done.done() else done.set_result(None))
        yield from done


class Writer(_Connection):
    """The writing connection. ``dead``: killed; whoever still waits for it waits for ever."""

    dead = False

    @property
    def in_transaction(self) -> bool:
        return self._file.in_transaction and not self.dead

    @coroutine
    def execute(self, sql: str, parameters: Parameters = _NOTHING) -> Generator[Any, None, sqlite3.Cursor]:
        committing = sql == "COMMIT"
        turn = committing or sql == "BEGIN IMMEDIATE" or self._chance() < _TURN_RATE
        if turn and self._loop.others_may_come:
            yield
        tables = self._tables
        if tables.disk is not _GOOD and sql != "ROLLBACK":
            yield from self._trouble(sql, committing)
        cursor = self._file.execute(sql, parameters)
        tables.written.add(_written(sql))
        if committing:
            tables.on_commit()
            if self._loop.others_may_come:
                yield
        return cursor

    @coroutine
    def execute_fetchall(
        self, sql: str, parameters: Parameters = _NOTHING
    ) -> Generator[Any, None, list[sqlite3.Row]]:
        if self._chance() < _TURN_RATE and self._loop.others_may_come:
            yield
        tables = self._tables
        if tables.disk is not _GOOD:
            yield from self._trouble(sql, committing=False)
        rows = self._file.execute(sql, parameters).fetchall()
        tables.written.add(_written(sql))
        return rows

    def _trouble(self, sql: str, committing: bool) -> Generator[Any, None, None]:
        disk = self._tables.disk
        if disk is Disk.SLOW and (committing or sql == "BEGIN IMMEDIATE"):
            yield from self._pass(SLOW)
        elif disk is Disk.ROLLBACK and committing:
            self._file.execute("ROLLBACK")
            raise _failure("database or disk is full", sqlite3.SQLITE_FULL)
        elif disk is Disk.COMMIT and (committing or sql.startswith("PRAGMA user_version =")):
            raise _failure("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC)
        elif disk is Disk.BEGIN and sql == "BEGIN IMMEDIATE":
            raise _failure("disk I/O error", sqlite3.SQLITE_IOERR)
        elif disk is Disk.WRITE and sql.startswith(("INSERT", "UPDATE")):
            raise _failure("database or disk is full", sqlite3.SQLITE_FULL)

    def kill(self) -> None:
        """Nothing more is written, and what was not committed is gone."""
        self.dead = True
        if self._file.in_transaction:
            self._file.execute("ROLLBACK")


class Reader(_Connection):
    """The reading connection: it sees the last commit, so here it waits until no transaction is open."""

    @coroutine
    def execute_fetchall(
        self, sql: str, parameters: Parameters = _NOTHING
    ) -> Generator[Any, None, list[sqlite3.Row]]:
        if self._loop.others_may_come:
            yield
        while self._file.in_transaction:
            yield from self._pass(0.1)
        return self._file.execute(sql, parameters).fetchall()


def opened(tables: Tables, loop: VirtualLoop) -> tuple[Database, Writer]:
    """The daemon's ``Database`` for one life of a process, and the connection to kill."""
    writer, reader = Writer(tables, loop), Reader(tables, loop)
    return Database(ROOT, cast(aiosqlite.Connection, writer), cast(aiosqlite.Connection, reader)), writer
