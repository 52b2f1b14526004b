"""A dispatcher on real tables, a real receiver and a clock that only the test moves."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from db.database import FILE_NAME, Database
from db.intake import Intake
from db.outbox import GRADED, Outbox, publish
from db.views import Views
from introeval.outbox.breaker import ReceiverBreaker
from introeval.outbox.decision import Patience
from introeval.outbox.dispatcher import Dispatcher
from introeval.outbox.receiver import Receiver
from introeval.outbox.sender import Sender
from tests.db.test_store import new_task
from tests.outbox.college import SECRET, College
from tests.scheduler.sides import TestClock

SEED = 7
DAY = 86_400.0


class WatchedClock(TestClock):
    """Begins now, because a receiver refuses signatures of another time; tells who waits for how long."""

    def __init__(self) -> None:
        super().__init__()
        self.advance(int(time.time()) - self.now())
        self._waits: list[float | None] = []
        self._news = asyncio.Event()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        self._waits.append(seconds)
        self._news.set()
        return await super().wait(event, seconds)

    async def waited_for(self, seconds: float, times: int = 1) -> None:
        """Return once somebody has begun to wait for exactly so long, so many times."""
        while self._waits.count(seconds) < times:
            self._news.clear()
            await self._news.wait()


async def tell(database: Database, task: str, now: float, facts: dict[str, Any] | None = None) -> None:
    """Write one message about a task."""
    found = await Views(database).submission(task)
    assert found is not None
    submission = found.task
    await database.write(
        lambda transaction: publish(transaction, GRADED, submission, facts or {"score": 5.0}, now)
    )


@dataclass
class Rig:
    """``clock``: only ``advance`` moves it."""

    database: Database
    college: College
    clock: WatchedClock = field(default_factory=WatchedClock)

    def __post_init__(self) -> None:
        self._committed = asyncio.Event()
        self.database.on_commit(self._committed.set)
        self.outbox = Outbox(self.database)

    def receiver(self, **fields: Any) -> Receiver:
        """The college, on this machine."""
        values: dict[str, Any] = {"url": self.college.url, "secrets": (SECRET,), "allow_private": True}
        return Receiver(**(values | fields))

    async def accept(self, *tasks: str) -> None:
        """Submissions to tell of."""
        for name in tasks:
            await Intake(self.database).accept(new_task(name), self.clock.now())

    async def tell(self, task: str, times: int = 1, **facts: Any) -> None:
        """Write messages about a task, numbered by ``assignment_version``, as a result's transaction does."""
        for number in range(1, times + 1):
            told = {"status": "graded", "score": 5.0, "assignment_version": number} | facts
            await tell(self.database, task, self.clock.now(), told)

    @asynccontextmanager
    async def sending(
        self,
        sender: Sender | None = None,
        patience: Patience | None = None,
        breaker: ReceiverBreaker | None = None,
    ) -> AsyncIterator[Dispatcher]:
        """A running dispatcher; cancelled at the end, as at a stop of the daemon."""
        print("seed", SEED)
        dispatcher = Dispatcher(
            self.outbox,
            sender or Sender(self.receiver(), self.clock),
            self.clock,
            Random(SEED),
            patience=patience,
            breaker=breaker,
        )
        self.database.on_commit(dispatcher.wake)
        running = asyncio.create_task(dispatcher.run())
        try:
            yield dispatcher
            assert not running.done(), running
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def rows(self) -> list[sqlite3.Row]:
        """The outbox, as another process sees it."""
        connection = sqlite3.connect(self.database.root / FILE_NAME)
        connection.row_factory = sqlite3.Row
        try:
            return connection.execute("SELECT * FROM outbox ORDER BY id").fetchall()
        finally:
            connection.close()

    async def until(self, met: Callable[[list[sqlite3.Row]], bool]) -> list[sqlite3.Row]:
        """Wait for commits until the outbox is as said."""
        while True:
            self._committed.clear()
            rows = self.rows()
            if met(rows):
                return rows
            await self._committed.wait()

    async def all_left(self) -> list[sqlite3.Row]:
        """Wait until everything is delivered or given up."""
        return await self.until(lambda rows: all(row["delivered_at"] or row["gave_up_at"] for row in rows))

    async def failed(self, tries: int) -> list[sqlite3.Row]:
        """Wait until so many tries are marked, over all messages."""
        return await self.until(lambda rows: sum(row["attempts"] for row in rows) >= tries)


@asynccontextmanager
async def rig(root: Path, college: College) -> AsyncIterator[Rig]:
    """Open tables with two submissions, ``a`` and ``b``."""
    async with Database.open(root) as database:
        made = Rig(database, college)
        await made.accept("a", "b")
        yield made
