"""A running scheduler on the real store, with scripted sides: uploads go in, and the test waits for what it wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from db.database import Database
from db.intake import Intake, NewTask
from db.store import SqliteStore
from db.views import Filter, Views
from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.policy import PhaseLimits
from scheduler.queues import QueueSettings, ReaderWriterQueueManager
from scheduler.task import Task
from tests.scheduler.sides import Room, ScriptedEvaluator, ScriptedTranscriber, TestClock


@dataclass
class Lab:
    """A running lab: uploads go in, ``until`` waits for results. ``beats``: signs of life."""

    database: Database
    size: int = 2
    clock: TestClock = field(default_factory=TestClock)
    room: Room = field(default_factory=Room)
    beats: int = 0

    def __post_init__(self) -> None:
        self.views = Views(self.database)
        self.store = SqliteStore(self.database)
        self.transcriber = ScriptedTranscriber(self.room, str(self.database.root))
        self.evaluator = ScriptedEvaluator(self.room)

    async def upload(self, *names: str) -> None:
        """Students hand in."""
        for name in names:
            await self.accepted(name)

    async def accepted(self, name: str) -> Task:
        """One student hands in."""
        new = NewTask(
            id=f"t{name}",
            user_id=name,
            roll_number=name,
            student_name=name,
            file_name="v.mp4",
            video_path=f"videos/{name}",
            size_bytes=1,
            sha256=name,
            media_seconds=1.0,
            idempotency_key=None,
        )
        return (await Intake(self.database).accept(new, self.clock.now())).task

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[ReaderWriterQueueManager]:
        """The loop, running."""
        manager = ReaderWriterQueueManager(
            self.store,
            self.transcriber,
            self.evaluator,
            self.clock,
            batches=BatchCoordinator(BatchLimits(size=self.size, age_seconds=20.0)),
            limits=PhaseLimits(),
            settings=QueueSettings(max_retries=2),
            on_beat=self._beat,
        )
        running = asyncio.create_task(manager.run())
        try:
            yield manager
        finally:
            await manager.stop(0.0)
            await running

    def _beat(self) -> None:
        self.beats += 1

    async def until(self, condition: Callable[[], object]) -> None:
        """Let the daemon work, a turn of the event loop at a time, until the condition holds."""
        while True:
            value = condition()
            if await value if asyncio.iscoroutine(value) else value:
                return
            await asyncio.sleep(0)

    async def states(self) -> dict[str, str]:
        """Roll number to state."""
        rows = await self.views.submissions(Filter(), 100, 0)
        return {row.task.roll_number: str(row.task.state) for row in rows}

    async def all_ended(self) -> bool:
        return all(
            state in ("completed/completed", "failed/failed") for state in (await self.states()).values()
        )
