"""``SqliteCalls``: the scheduler's ``CallStore`` port on SQLite: the replies of language models, each a checkpoint.

A row whose text was dropped by retention keeps its numbers for the tables and is no longer found; a new call of the
same key takes its place. Any other row stays as it came first.

Calls that end while a commit is being synced are written together with the next one (*group commit*): ten replies that
come at once cost two syncs and not ten. Each ``keep`` still returns only after the commit that holds its call.
"""

import sqlite3
from dataclasses import asdict

from db.database import Database, Transaction
from scheduler.calls import ModelCall


class SqliteCalls:
    """Implements ``scheduler.calls.CallStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: dict[str, tuple[ModelCall, float]] = {}

    async def find(self, key: str) -> ModelCall | None:
        """See the port."""
        row = await self._database.one("model_call", {"key": key})
        return None if row is None else _call(row)

    async def keep(self, call: ModelCall, now: float) -> ModelCall:
        """See the port."""
        self._waiting.setdefault(call.key, (call, now))

        async def body(transaction: Transaction) -> ModelCall:
            # Whoever gets the connection first writes for all who wait. Who comes after finds its row, or, when that
            # transaction failed, writes its own.
            waiting, self._waiting = self._waiting, {}
            if call.key not in waiting and await transaction.one("model_call", {"key": call.key}) is None:
                waiting[call.key] = (call, now)
            for other, at in waiting.values():
                await transaction.execute("keep_model_call", asdict(other) | {"now": at})
            row = await transaction.one("model_call", {"key": call.key})
            return call if row is None else _call(row)

        return await self._database.write(body)


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
