"""``Process``: one life of the daemon's controller, made of the production parts on simulated tables, sides and time.

The subclasses only take notes (when it was woken, when it looked); what it does is the production code's.
"""

import asyncio
from collections.abc import Callable

from db.database import Database
from db.intake import Intake
from db.requests import Requests
from db.store import SqliteStore
from introeval.clock import SystemClock
from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.leases import LeaseLimits
from scheduler.policy import PhaseLimits
from scheduler.queues import QueueSettings, ReaderWriterQueueManager
from scheduler.snapshot import QueueSnapshot
from tests.simulator.direction import Life, Play
from tests.simulator.laws import MAX_RETRIES
from tests.simulator.loop import VirtualLoop
from tests.simulator.script import Script
from tests.simulator.sides import SimulatedEvaluator, SimulatedTranscriber
from tests.simulator.tables import Tables, opened

BEAT, NO_BEAT = 10.0, 1e6
LEASES = LeaseLimits(stt=30.0, llm=40.0, cancel=10.0)
HAND_OVER_LIMIT = 60.0


class Clock(SystemClock):
    """The daemon's clock on the loop's time; it also notes whether the queues' loop waits."""

    def __init__(self, process: "Process", now: Callable[[], float]) -> None:
        self._process = process
        self._now = now

    def now(self) -> float:
        return self._now()

    def monotonic(self) -> float:
        return self._process.loop.now

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        if event.is_set():
            return True
        process = self._process
        if event is not process.manager._wake:
            return await super().wait(event, seconds)
        process.waits = True
        try:
            return await super().wait(event, seconds)
        finally:
            process.waits = False


class Manager(ReaderWriterQueueManager):
    """It notes when it was woken, in turns of the loop."""

    loop: VirtualLoop
    woken = 0

    def wake(self) -> None:
        self.woken = self.loop.turns
        super().wake()


class Store(SqliteStore):
    """It notes when the queues' loop last looked at the tables."""

    def __init__(self, database: Database, process: "Process") -> None:
        super().__init__(database)
        self._process = process

    async def snapshot(self, batch_size: int) -> QueueSnapshot:
        self._process.looked = self._process.loop.turns
        return await super().snapshot(batch_size)

    async def recover(self, now: float) -> int:
        self._process.looked = self._process.loop.turns
        return await super().recover(now)


class Process:
    """One life of the daemon. ``last_beat``: seconds. ``stopping``: it was told to; nobody is let in any more."""

    def __init__(self, script: Script, tables: Tables, sides: Play, now: Callable[[], float]) -> None:
        self.loop = sides.loop
        self.life = Life()
        self.last_beat = self.loop.now
        self.stopping = False
        self.looked = 0
        self.waits = False
        database, self._writer = opened(tables, self.loop)
        self.intake = Intake(database)
        self.requests = Requests(database)
        self.store = Store(database, self)
        self.manager = Manager(
            self.store,
            SimulatedTranscriber(sides, self.life),
            SimulatedEvaluator(sides, self.life),
            Clock(self, now),
            batches=BatchCoordinator(BatchLimits(size=script.batch_size, age_seconds=script.age)),
            limits=PhaseLimits(stt_seconds=script.caps[0], llm_seconds=script.caps[1], retry_seconds=1.0),
            settings=QueueSettings(
                max_retries=MAX_RETRIES,
                beat=BEAT if script.beats else NO_BEAT,
                handover=HAND_OVER_LIMIT,
                leases=LEASES,
            ),
            on_beat=self._beat,
        )
        self.manager.loop = self.loop
        self.running = self.loop.create_task(self.manager.run(), name="queues")

    @property
    def overslept(self) -> bool:
        """Its loop waits, though it was woken after it looked."""
        return self.waits and self.manager.woken > self.looked

    @property
    def silent_for(self) -> float:
        """Seconds since its last sign of life."""
        return self.loop.now - self.last_beat

    def kill(self) -> None:
        """Whatever it does from now on changes nothing."""
        self.life.dead = True
        self._writer.kill()

    def _beat(self) -> None:
        self.last_beat = self.loop.now
