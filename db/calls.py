"""``SqliteCalls``: the scheduler's ``CallStore`` port on SQLite: the replies of language models, each a checkpoint.

A row whose text was dropped by retention keeps its numbers for the tables and is no longer found; a new call of the
same key takes its place. Any other row stays as it came first.

Calls that end while a commit is being synced are written together with the next one (*group commit*): ten replies that
come at once cost two syncs and not ten. Each ``keep`` still returns only after the commit that holds its call.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from db.database import Database, Transaction
from scheduler.calls import ModelCall


@dataclass(slots=True, eq=False)
class _Pending:
    """A call that waits for its commit; then ``kept`` is what stands under its key."""

    call: ModelCall
    now: float
    kept: ModelCall | None = None


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

    async def keep(self, call: ModelCall, now: float) -> ModelCall:
        """See the port."""
        mine = _Pending(call, now)
        self._waiting.append(mine)
        async with self._turn:
            return mine.kept or await self._write_all(mine)

    async def _write_all(self, mine: _Pending) -> ModelCall:
        """Commit all that wait, ``mine`` among them. Whoever it fails for writes again when its turn comes."""
        batch, self._waiting = self._waiting, []
        try:
            kept = await self._database.write(lambda transaction: _write(transaction, batch))
        except BaseException:
            self._waiting[:0] = [other for other in batch if other is not mine]
            raise
        for pending, found in zip(batch, kept, strict=True):
            pending.kept = found
        return kept[batch.index(mine)]


async def _write(transaction: Transaction, batch: Sequence[_Pending]) -> list[ModelCall]:
    """What stands under each call's key afterwards."""
    kept = []
    for pending in batch:
        call, row = pending.call, None
        if await transaction.execute("keep_model_call", asdict(call) | {"now": pending.now}) == 0:
            row = await transaction.one("model_call", {"key": call.key})
        kept.append(call if row is None else _call(row))
    return kept


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
