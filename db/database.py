"""``Database``: opens the file, runs write transactions one at a time, and reads.

The rules:

1. One connection writes, each time inside ``BEGIN IMMEDIATE`` ... ``COMMIT``; WAL and ``synchronous=FULL`` make a
   returned commit survive a power cut.
2. A transaction is never half cancelled: the caller may be, the transaction runs to its commit or its rollback.
3. Reads use a second connection, one statement each, and see the last commit.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import aiosqlite

from db.compaction import rewrite
from db.errors import TRANSLATED, UncertainCommitError, result_code
from db.migrations import migrate
from db.statements import STATEMENTS
from scheduler.errors import ConfigurationError, StateError

T = TypeVar("T")
Parameters = Mapping[str, Any]
_Fetch = Callable[[str, Parameters], Awaitable[list[sqlite3.Row]]]

FILE_NAME = "introeval.sqlite3"
_NOTHING: Parameters = {}
_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "busy_timeout = 10000",
    # What is deleted is overwritten in the same transaction (docs/reliability.md: what it costs).
    "secure_delete = ON",
    # Otherwise sorting spills into a file below /var/tmp (db.compaction).
    "temp_store = MEMORY",
)


class Transaction:
    """The statements of one transaction, by name. SQLite's errors are translated where it ends: by ``Database``."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self._fetch = cast(_Fetch, connection.execute_fetchall)  # a list, though it promises less

    async def execute(self, name: str, parameters: Parameters = _NOTHING) -> int:
        """Run a statement; returns how many rows it changed."""
        cursor = await self._connection.execute(STATEMENTS[name], parameters)
        return (
            cursor.rowcount
        )  # it is not closed, a hand-over to the thread: a statement without rows has ended

    def all(self, name: str, parameters: Parameters = _NOTHING) -> Awaitable[list[sqlite3.Row]]:
        """Run a statement; returns its rows."""
        # In one call: a cursor that stays open over an await would hold the connection's snapshot, and with it every
        # other reader's, before the commits that come meanwhile.
        return self._fetch(STATEMENTS[name], parameters)

    async def one(self, name: str, parameters: Parameters = _NOTHING) -> sqlite3.Row | None:
        """Run a statement; returns its first row."""
        rows = await self.all(name, parameters)
        return rows[0] if rows else None


class Database:
    """An open state file. Use ``Database.open``; ``on_commit`` callbacks run after each committed write."""

    def __init__(self, root: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self.root = root
        self._writer = writer
        self._transaction = Transaction(writer)
        self._reader = Transaction(reader)
        self._lock = asyncio.Lock()
        self._open: set[asyncio.Future[Any]] = set()
        self._listeners: list[Callable[[], None]] = []

    @classmethod
    @asynccontextmanager
    async def open(cls, root: Path) -> AsyncIterator["Database"]:
        """Open (and migrate) the state file in ``root``. Raises ``ConfigurationError`` when it cannot be used."""
        path = root / FILE_NAME
        try:
            await asyncio.to_thread(_migrate_file, path)
        except sqlite3.Error as error:
            raise ConfigurationError(f"the state file {path} cannot be used: {error}") from error
        async with _connect(path) as writer, _connect(path) as reader:
            database = cls(root, writer, reader)
            try:
                yield database
            finally:
                # A caller that was cancelled left its transaction running: it may still commit.
                await asyncio.gather(*database._open, return_exceptions=True)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` after each committed write; it must not block."""
        self._listeners.append(listener)

    async def write(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run ``body`` in one write transaction; commits when it returns, rolls back when it raises.

        Raises ``StateError`` when SQLite cannot do it (I/O error), ``NoRoomError`` when the disk is full,
        ``RefusedRowError`` when a constraint or a value is against it: nothing was changed then. Of
        ``UncertainCommitError`` that is only true until a crash: a file that the rows speak of stays.
        """
        running = asyncio.create_task(self._run(body))
        self._open.add(running)
        running.add_done_callback(self._ended)
        return await asyncio.shield(running)

    def _ended(self, running: asyncio.Future[Any]) -> None:
        self._open.discard(running)
        if not running.cancelled():
            # Whoever was cancelled meanwhile does not learn of an error, and asyncio would log it as a forgotten one.
            running.exception()

    async def _run(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        async with self._lock:
            try:
                with TRANSLATED:
                    await self._writer.execute("BEGIN IMMEDIATE")
                    value = await body(self._transaction)
                    await self._commit()
            finally:
                await self._roll_back()
        for listener in self._listeners:
            listener()
        return value

    async def _commit(self) -> None:
        """Raises ``sqlite3.Error`` when it is certain that nothing was committed, else ``UncertainCommitError``.

        A commit whose sync failed has written its frames into the log: undone for this process, but a crash later
        SQLite finds them whole and plays them. Another commit, written over them, makes sure that it does not. Frames
        that had no room need that not: the one that commits comes last (sqlite.org/walformat).
        """
        try:
            await self._writer.execute("COMMIT")
        except sqlite3.Error as error:
            await self._roll_back()
            try:
                if result_code(error) != sqlite3.SQLITE_FULL:
                    await self._overwrite()
            except sqlite3.Error:
                raise UncertainCommitError(f"the state may or may not have been written: {error}") from error
            raise

    async def _overwrite(self) -> None:
        """Commit something that changes nothing. An UPDATE to the same value would write no page; this writes one."""
        ((version,),) = await self._writer.execute_fetchall("PRAGMA user_version")
        await self._writer.execute(f"PRAGMA user_version = {int(version)}")

    async def _roll_back(self) -> None:
        # SQLite ends the transaction itself on some errors, a full disk among them.
        if self._writer.in_transaction:
            with suppress(sqlite3.Error):
                await self._writer.execute("ROLLBACK")

    async def read_together(self, body: Callable[[Transaction], Awaitable[T]]) -> T:
        """Run several reads that must see one and the same commit."""
        async with self._lock:
            with TRANSLATED:
                return await body(self._transaction)

    async def compact(self) -> None:
        """Rewrite the file without a trace of what was deleted, and empty the write-ahead log. Commits wait meanwhile.

        Overwriting what is deleted is not enough: free pages from before ``secure_delete`` hold what was there. Raises
        ``StateError`` when SQLite cannot do it, or when somebody still reads an older commit: nothing is lost then.
        """
        async with self._lock:
            with TRANSLATED:
                emptied = await rewrite(self._writer, self.root)
        if not emptied:
            raise StateError(
                "the write-ahead log cannot be emptied yet: another process reads an older state"
            )

    async def all(self, name: str, parameters: Parameters = _NOTHING) -> list[sqlite3.Row]:
        """The rows of one reading statement, as of the last commit."""
        with TRANSLATED:
            return await self._reader.all(name, parameters)

    async def one(self, name: str, parameters: Parameters = _NOTHING) -> sqlite3.Row | None:
        """The first row of one reading statement, as of the last commit."""
        with TRANSLATED:
            return await self._reader.one(name, parameters)


def _migrate_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        migrate(connection)
    finally:
        connection.close()


@asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    # isolation_level=None: the module would otherwise open transactions of its own.
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        for pragma in _PRAGMAS:
            await connection.execute(f"PRAGMA {pragma}")
        yield connection
