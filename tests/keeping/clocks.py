"""A clock that a test turns by hand, for the daemon's own rounds."""

import asyncio
from pathlib import Path

from db.database import Database
from introeval.keeping.purge import Policy
from introeval.keeping.schedule import Keeper


class HandClock:
    """``wall``: seconds since the epoch. ``run``: seconds since the machine was started. Nobody waits by himself."""

    def __init__(self, wall: float, run: float = 1000.0) -> None:
        self.wall, self.run = wall, run
        self.pauses: asyncio.Queue[float | None] = asyncio.Queue()
        self._turns: asyncio.Queue[None] = asyncio.Queue()

    def now(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.run

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        await self.pauses.put(seconds)
        await self._turns.get()
        return event.is_set()

    def turn(self, seconds: float) -> None:
        """Let so much time pass, and end the pause."""
        self.wall, self.run = self.wall + seconds, self.run + seconds
        self._turns.put_nowait(None)


class Rounds:
    """A ``Keeper`` that works, round by round; as long as the ``async with`` lasts."""

    def __init__(self, database: Database, backups: Path, policy: Policy, clock: HandClock) -> None:
        self.clock = clock
        self.keeper = Keeper(database, backups, policy, clock)
        self._running = asyncio.create_task(self.keeper.run())

    async def __aenter__(self) -> "Rounds":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def ended(self) -> float | None:
        """Wait for the end of a round; returns the pause that follows. Raises what ended the keeper."""
        pause = asyncio.create_task(self.clock.pauses.get())
        await asyncio.wait([pause, self._running], return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            pause.cancel()
            self._running.result()
        return await pause

    async def next(self, seconds: float) -> float | None:
        """The next round, so much later."""
        self.clock.turn(seconds)
        return await self.ended()
