"""The daemon's own tables without aiosqlite's thread: every statement runs where the seed says, commits and all.

Only the connection is replaced (three members of aiosqlite's, all that ``db.database`` uses). Around a statement there
may be a turn of the loop, so that others come in between and a kill may hit there; time passes on a slow disk, and a
bad one fails. What was not committed when the process was killed is rolled back, as SQLite's recovery would have it.
"""

import sqlite3
from collections.abc import Callable, Generator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import aiosqlite

from db.database import Database
from db.migrations import migrate
from tests.simulator.loop import VirtualLoop

ROOT = Path("/state")
_USED = ("results", "ratings", "failures", "outbox", "events", "switchovers", "processing_tasks", "batches")
_TURN_RATE = 0.2
"""How often a statement inside a transaction is a turn of the loop of its own; BEGIN and COMMIT always are."""
SLOW = 3.0
"""Seconds that a slow disk takes to begin a transaction, and to commit one."""


class Disk(StrEnum):
    """How the disk behaves. ``COMMIT``: commits fail. ``ROLLBACK``: they fail, and SQLite has rolled back by itself."""

    GOOD = "good"
    BEGIN = "begin"
    WRITE = "write"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SLOW = "slow"


class Tables:
    """One in-memory database for all seeds of this process. ``disk``, ``on_commit``: of the session under way."""

    def __init__(self) -> None:
        self.file = sqlite3.connect(":memory:", isolation_level=None, cached_statements=512)
        self.file.row_factory = sqlite3.Row
        self.file.execute("PRAGMA foreign_keys = ON")
        migrate(self.file)
        self.disk = Disk.GOOD
        self.on_commit: Callable[[], None] = lambda: None

    def clear(self) -> None:
        """As new: no rows, and ids begin at 1."""
        self.disk = Disk.GOOD
        self.file.execute("BEGIN")
        for table in _USED:
            self.file.execute(f"DELETE FROM {table}")
        self.file.execute("DELETE FROM sqlite_sequence")
        self.file.execute("DELETE FROM system_state")
        self.file.execute("INSERT INTO system_state VALUES (1, 'stt', 0, 0, 0, 0)")
        self.file.execute("COMMIT")

    def rows(self, sql: str, parameters: tuple[object, ...] = ()) -> list[sqlite3.Row]:
        """What the last commit left; for whoever looks on. Not while a transaction is open."""
        return self.file.execute(sql, parameters).fetchall()


class _Statement:
    """What ``execute`` and ``execute_fetchall`` return: to be awaited, or used as an asynchronous context."""

    __slots__ = ("_connection", "_fetch", "_parameters", "_sql")

    def __init__(
        self, connection: "_Connection", sql: str, parameters: Mapping[str, Any], fetch: bool
    ) -> None:
        self._connection = connection
        self._sql = sql
        self._parameters = parameters
        self._fetch = fetch

    def __await__(self) -> Generator[Any, None, Any]:
        return self._connection.run(self._sql, self._parameters, self._fetch)

    def __aenter__(self) -> "_Statement":
        return self

    def __aexit__(self, *_error: object) -> "_Nothing":
        return _NOTHING


class _Nothing:
    def __await__(self) -> Generator[Any, None, None]:
        return
        yield


_NOTHING = _Nothing()


class _Connection:
    """One process's connection. ``dead``: killed; whoever still waits for it waits for ever."""

    def __init__(self, tables: Tables, loop: VirtualLoop) -> None:
        self._tables = tables
        self._file = tables.file
        self._loop = loop
        self.dead = False

    @property
    def in_transaction(self) -> bool:
        return self._file.in_transaction and not self.dead

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> _Statement:
        return _Statement(self, sql, parameters or {}, fetch=False)

    def execute_fetchall(self, sql: str, parameters: Mapping[str, Any] | None = None) -> _Statement:
        return _Statement(self, sql, parameters or {}, fetch=True)

    def _pass(self, seconds: float) -> Generator[Any, None, None]:
        done = self._loop.create_future()
        self._loop.call_later(seconds, lambda: None if done.done() else done.set_result(None))
        yield from done

    def run(self, sql: str, parameters: Mapping[str, Any], fetch: bool) -> Generator[Any, None, Any]:
        """One statement; a turn is a bare ``yield``, which is how a task lets others run."""
        raise NotImplementedError


class Writer(_Connection):
    """The writing connection."""

    def run(self, sql: str, parameters: Mapping[str, Any], fetch: bool) -> Generator[Any, None, Any]:
        committing = sql == "COMMIT"
        if committing or sql == "BEGIN IMMEDIATE" or self._loop.chance() < _TURN_RATE:
            yield
        if self._tables.disk is not Disk.GOOD and sql != "ROLLBACK":
            yield from self._trouble(sql, committing)
        cursor = self._file.execute(sql, parameters)
        result = cursor.fetchall() if fetch else cursor
        if committing:
            self._tables.on_commit()
            yield
        return result

    def _trouble(self, sql: str, committing: bool) -> Generator[Any, None, None]:
        disk = self._tables.disk
        if disk is Disk.SLOW and (committing or sql == "BEGIN IMMEDIATE"):
            yield from self._pass(SLOW)
        elif disk is Disk.ROLLBACK and committing:
            self._file.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        elif (disk is Disk.COMMIT and committing) or (disk is Disk.BEGIN and sql == "BEGIN IMMEDIATE"):
            raise sqlite3.OperationalError("disk I/O error")
        elif disk is Disk.WRITE and sql.startswith(("INSERT", "UPDATE")):
            raise sqlite3.OperationalError("database or disk is full")

    def kill(self) -> None:
        """Nothing more is written, and what was not committed is gone."""
        self.dead = True
        if self._file.in_transaction:
            self._file.execute("ROLLBACK")


class Reader(_Connection):
    """The reading connection: it sees the last commit, so here it waits until no transaction is open."""

    def run(self, sql: str, parameters: Mapping[str, Any], fetch: bool) -> Generator[Any, None, Any]:
        yield
        while self._file.in_transaction:
            yield from self._pass(0.1)
        cursor = self._file.execute(sql, parameters)
        return cursor.fetchall() if fetch else cursor


def opened(tables: Tables, loop: VirtualLoop) -> tuple[Database, Writer]:
    """The daemon's ``Database`` for one life of a process, and the connection to kill."""
    writer, reader = Writer(tables, loop), Reader(tables, loop)
    return Database(ROOT, cast(aiosqlite.Connection, writer), cast(aiosqlite.Connection, reader)), writer
