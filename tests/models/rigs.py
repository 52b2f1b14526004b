"""An executor on real parts: fakes of Ollama on real ports, a pool in its phase, and SQLite on disk."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

from db.calls import SqliteCalls
from db.database import FILE_NAME, Database
from models.executor import Executor
from models.limits import RateLimits
from models.pool import ModelPool
from tests.models.clocks import EagerClock
from tests.models.fake_ollama import FakeOllama, fake_ollama
from tests.models.test_pool import configs

_REFUSE = """CREATE TRIGGER refused BEFORE INSERT ON model_calls
BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"""


class ExecutorRig:
    """Two servers (mistral, llama3) and what stands on them. ``asked``: prompts that either was sent."""

    def __init__(
        self, fakes: Sequence[FakeOllama], database: Database, slots: int, rate: RateLimits | None
    ) -> None:
        self.first, self.second = fakes
        self.database, self.calls = database, SqliteCalls(database)
        self._change = asyncio.Event()
        clock = EagerClock()
        self.pool = ModelPool(configs(fakes, slots), clock, on_change=self._change.set)
        self.executor = Executor(self.pool, self.calls, clock, rate=rate)

    def break_state(self) -> None:
        """From now on no call can be written, as when the disk is full."""
        with closing(sqlite3.connect(self.database.root / FILE_NAME)) as connection:
            connection.execute(_REFUSE)

    @property
    def asked(self) -> list[str]:
        return self.first.prompts + self.second.prompts

    async def until_asked(self, count: int) -> None:
        """Wait until the servers have been sent so many prompts."""
        while len(self.asked) < count:
            self.first.asked.clear()
            self.second.asked.clear()
            waits = [asyncio.create_task(fake.asked.wait()) for fake in (self.first, self.second)]
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def until_idle(self) -> None:
        """Wait until no server is at work on a request."""
        while any(status.in_flight for status in self.pool.statuses()):
            self._change.clear()
            await self._change.wait()


@asynccontextmanager
async def executor_rig(
    root: Path, *, slots: int = 4, rate: RateLimits | None = None
) -> AsyncIterator[ExecutorRig]:
    """A rig in its phase on the state in ``root``; everything is closed at the end."""
    async with (
        fake_ollama("mistral") as first,
        fake_ollama("llama3") as second,
        Database.open(root) as database,
    ):
        it = ExecutorRig((first, second), database, slots, rate)
        await it.pool.enter()
        try:
            yield it
        finally:
            await it.pool.close()
