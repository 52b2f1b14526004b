"""The real tables without aiosqlite's thread: every statement runs in the event loop, so that a seed replays exactly.

Only the connection is replaced (three members of aiosqlite's); the statements, the triggers, the transactions and the
store are the daemon's own. It can also do what a real disk and a real kill do: fail, and never answer again.
"""

import asyncio
import sqlite3
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

import aiosqlite

from db.database import FILE_NAME, Database
from db.migrations import migrate


def open_file(root: Path) -> sqlite3.Connection:
    """A migrated state file. Not synced: no power fails in a simulation."""
    root.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(root / FILE_NAME, isolation_level=None)
    connection.row_factory = sqlite3.Row
    for pragma in ("journal_mode = WAL", "synchronous = OFF", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    migrate(connection)
    return connection


@dataclass
class _Cursor:
    rows: list[sqlite3.Row]
    rowcount: int


@dataclass
class _Statement:
    """What ``execute`` returns: it can be awaited, or used as an asynchronous context, as aiosqlite's."""

    connection: "InlineConnection"
    sql: str
    parameters: Mapping[str, Any]

    def __await__(self) -> Generator[Any, None, _Cursor]:
        return self.connection.run(self.sql, self.parameters).__await__()

    async def __aenter__(self) -> _Cursor:
        return await self

    async def __aexit__(self, *_error: object) -> None:
        pass


class InlineConnection:
    """One process's connection. ``fault_rate``: how often a statement fails. ``dead``: killed."""

    def __init__(self, file: sqlite3.Connection, random: Random) -> None:
        self._file = file
        self._random = random
        self.fault_rate = 0.0
        self.dead = False

    @property
    def in_transaction(self) -> bool:
        return self._file.in_transaction and not self.dead

    def execute(self, sql: str, parameters: Mapping[str, Any] | None = None) -> _Statement:
        return _Statement(self, sql, parameters or {})

    async def execute_fetchall(
        self, sql: str, parameters: Mapping[str, Any] | None = None
    ) -> list[sqlite3.Row]:
        return (await self.run(sql, parameters or {})).rows

    async def run(self, sql: str, parameters: Mapping[str, Any]) -> _Cursor:
        """Run a statement some turns of the event loop later, so that others come in between."""
        for _ in range(self._random.choice((0, 0, 0, 1, 2))):
            await asyncio.sleep(0)
        if self.dead:
            await asyncio.Future()
        if sql != "ROLLBACK" and self._random.random() < self.fault_rate:
            raise sqlite3.OperationalError("disk I/O error")
        cursor = self._file.execute(sql, parameters)
        rows = cursor.fetchall()
        return _Cursor(rows, cursor.rowcount)

    def kill(self) -> None:
        """Nothing more is written; what was not committed is gone, as SQLite's recovery would have it."""
        self.dead = True
        if self._file.in_transaction:
            self._file.execute("ROLLBACK")

    def database(self, root: Path) -> Database:
        """The daemon's ``Database`` on this connection."""
        connection = cast(aiosqlite.Connection, self)
        return Database(root, connection, connection)
