"""``SqliteCalls``: the scheduler's ``CallStore`` port on SQLite: the replies of language models, each a checkpoint.

A row whose text was dropped by retention keeps its numbers for the tables and is no longer found; a new call of the
same key takes its place, as it takes that of a row that its caller names. Any other row stays as it came first.

Calls that end while a commit is being synced are written together with the next one (*group commit*): ten replies that
come at once cost two syncs and not ten. Each ``keep`` still returns only after the commit that holds its call. A call
whose values are refused (by a constraint, or as text that is none) is left out of the commit and fails its own caller;
what fails the commit fails whoever wrote it, and the others write again.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from db.database import Database, Transaction
from db.errors import refusal
from scheduler.calls import ModelCall
from scheduler.errors import RefusedRowError


@dataclass(slots=True, eq=False)
class _Pending:
    """A call that waits for its commit; then ``found`` is what stands under its key, or why nothing does."""

    call: ModelCall
    now: float
    instead_of: str | None
    found: ModelCall | RefusedRowError | None = None


class SqliteCalls:
    """Implements ``scheduler.calls.CallStore``. Create and use it in one event loop."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[_Pending] = []
        self._turn = asyncio.Lock()

    async def find(self, key: str) -> ModelCall | None:
        """See the port."""
        row = await self._database.one("model_call", {"key": key})
        return None if row is None else _call(row)

    async def keep(self, call: ModelCall, now: float, *, instead_of: ModelCall | None = None) -> ModelCall:
        """See the port."""
        mine = _Pending(call, now, None if instead_of is None else instead_of.raw_reply)
        self._waiting.append(mine)
        async with self._turn:
            found = mine.found or await self._write_all(mine)
        if isinstance(found, ModelCall):
            return found
        raise found

    async def _write_all(self, mine: _Pending) -> ModelCall | RefusedRowError:
        """Commit all that wait, ``mine`` among them. Whoever it fails for writes again when its turn comes."""
        batch, self._waiting = self._waiting, []
        try:
            ended = await self._database.write(lambda transaction: _write(transaction, batch))
        except BaseException:
            self._waiting[:0] = [other for other in batch if other is not mine]
            raise
        for pending, found in zip(batch, ended, strict=True):
            pending.found = found
        return ended[batch.index(mine)]


async def _write(transaction: Transaction, batch: Sequence[_Pending]) -> list[ModelCall | RefusedRowError]:
    """What stands under each call's key afterwards, or why it was left out."""
    ended: list[ModelCall | RefusedRowError] = []
    for pending in batch:
        try:
            ended.append(await _write_one(transaction, pending))
        except (sqlite3.Error, UnicodeError, OverflowError) as error:
            # A statement that its values fail changes nothing, and the transaction goes on (sqlite.org/lang_conflict).
            refused = refusal(error)
            if refused is None:
                raise
            ended.append(refused)
    return ended


async def _write_one(transaction: Transaction, pending: _Pending) -> ModelCall:
    call, row = pending.call, None
    values = asdict(call) | {"now": pending.now, "instead_of": pending.instead_of}
    if await transaction.execute("keep_model_call", values) == 0:
        row = await transaction.one("model_call", {"key": call.key})
    return call if row is None else _call(row)


def _call(row: sqlite3.Row) -> ModelCall:
    """A row of ``model_calls`` that still has its text."""
    return ModelCall(
        key=row["key"],
        task_id=row["task_id"],
        stage=row["stage"],
        model=row["model"],
        server=row["server"],
        prompt_hash=row["prompt_hash"],
        tokens_in=row["tokens_in"],
        tokens_out=row["tokens_out"],
        latency_ms=row["latency_ms"],
        load_ms=row["load_ms"],
        attempts=row["attempts"],
        raw_reply=row["raw_reply"],
    )
