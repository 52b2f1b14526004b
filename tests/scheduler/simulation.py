"""A lab session made of one seed: students, bad weather, shutdowns and kills, against the real drivers and tables."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from random import Random

from db.database import Database
from db.intake import Intake, NewTask
from db.store import SqliteStore
from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.errors import StateError
from scheduler.policy import PhaseLimits
from scheduler.queues import QueueSettings, ReaderWriterQueueManager
from tests.scheduler.inline import InlineConnection, open_file
from tests.scheduler.invariants import MAX_RETRIES, broken, open_tasks
from tests.scheduler.sides import TestClock
from tests.scheduler.weather import BadEvaluator, BadTranscriber, Weather

STEPS_PER_TASK = 100
"""Three times what the slowest of 200 seeds needed for each open task once the weather was calm."""


class BrokenRuleError(AssertionError):
    """A rule does not hold."""


@dataclass(frozen=True)
class Parts:
    """What a session is made of; a test puts a broken one in to see it caught."""

    batches: type[BatchCoordinator] = BatchCoordinator
    manager: type[ReaderWriterQueueManager] = ReaderWriterQueueManager
    store: type[SqliteStore] = SqliteStore


class Process:
    """One life of the daemon on the tables."""

    def __init__(self, session: "Session") -> None:
        self.connection = InlineConnection(session.file, session.random)
        self.database: Database = self.connection.database(session.root)
        self.others = asyncio.all_tasks()
        self.evaluator = BadEvaluator(session.weather, session.tables)
        self.manager = session.parts.manager(
            session.parts.store(self.database),
            BadTranscriber(session.weather, str(session.root), session.tables),
            self.evaluator,
            session.clock,
            batches=session.batches,
            limits=session.limits,
            settings=QueueSettings(max_retries=MAX_RETRIES),
            on_beat=self._beat,
        )
        self.began = False
        self.running = asyncio.create_task(self.manager.run())

    def _beat(self) -> None:
        self.began = True

    def ended(self) -> bool:
        """Whether a full disk kept it from recovering; any other end by itself raises what ended it."""
        if not self.running.done():
            return False
        error = self.running.exception()
        if error and (self.began or not isinstance(error, StateError)):
            raise error
        return error is not None

    async def crash(self) -> None:
        """As SIGKILL: nothing is committed any more, and all that runs is gone."""
        self.connection.kill()
        while left := asyncio.all_tasks() - self.others - {asyncio.current_task()}:
            for task in sorted(left, key=asyncio.Task.get_name):
                task.cancel()
            await asyncio.sleep(0)


class Session:
    """``run`` plays it. A broken rule raises ``BrokenRuleError``."""

    def __init__(self, seed: int, root: Path, parts: Parts) -> None:
        self.random = Random(seed)
        self.root = root
        self.parts = parts
        self.clock = TestClock()
        self.weather = Weather(random=self.random, clock=self.clock)
        self.file = open_file(root)
        self.tables = open_file(root)
        limits = BatchLimits(size=self.random.randint(1, 5), age_seconds=self.random.choice((5.0, 20.0)))
        self.batches = parts.batches(limits)
        caps = (self.random.choice((10.0, 40.0, 1800.0)) for _ in range(2))
        self.limits = PhaseLimits(stt_seconds=next(caps), llm_seconds=next(caps))
        self.accepted: set[str] = set()
        self._seen = 0
        self.process = Process(self)

    async def run(self) -> None:
        """Bad weather, then calm: all must end, in a bounded number of steps."""
        for _ in range(self.random.randint(20, 80)):
            await self._something()
            await self._pass(self.random.uniform(0.0, 4.0))
        await self._calm_down()
        steps, most = 0, STEPS_PER_TASK * len(open_tasks(self.tables))
        while left := open_tasks(self.tables):
            if (steps := steps + 1) > most:
                raise BrokenRuleError(f"a deadlock: {left}, last error: {self.process.manager.last_error}")
            await self._pass(self.random.uniform(0.5, 4.0))
        await self._stop()
        self._check()

    def close(self) -> None:
        """Close the files."""
        self.file.close()
        self.tables.close()

    async def _something(self) -> None:
        """What happens next."""
        roll = self.random.random()
        if roll < 0.35:
            await self._arrive()
        elif roll < 0.42:
            self._servers(self.random.choice((0, 1, 2, 2)))
        elif roll < 0.46:
            await self._stop()
            self.process = Process(self)
        elif roll < 0.50 or self.process.ended():
            await self._restart()
        self.process.connection.fault_rate = 0.05 if self.random.random() < 0.1 else 0.0

    async def _calm_down(self) -> None:
        if self.process.ended():
            await self._restart()
        self.weather.calm = True
        self.process.connection.fault_rate = 0.0
        self._servers(2)

    async def _arrive(self) -> None:
        name = f"t{len(self.accepted)}"
        new = NewTask(
            id=name, user_id=name, roll_number=name, student_name=name, file_name="v.mp4",
            video_path=f"videos/{name}", size_bytes=1, sha256=name, media_seconds=1.0, idempotency_key=None,
            priority=self.random.choice((0, 0, 0, 1, 5)),
        )  # fmt: skip
        try:
            await Intake(self.process.database).accept(new, self.clock.now())
        except StateError:
            return  # 507: the student tries again
        self.accepted.add(name)
        if self.random.random() < 0.8:
            self.process.manager.wake()

    async def _restart(self) -> None:
        """A kill and a new start. A child of the daemon dies with it; the model servers are not its children."""
        await self.process.crash()
        self.weather.loaded.discard("stt")
        self.process = Process(self)

    def _servers(self, up: int) -> None:
        self.weather.servers = up
        self.process.evaluator.follow()
        self.process.manager.wake()

    async def _stop(self) -> None:
        """SIGTERM: at once, or with time to end what runs."""
        drain = self.random.choice((0.0, 3600.0))
        stopping = asyncio.ensure_future(self.process.manager.stop(drain))
        while not (stopping.done() and self.process.running.done()):
            await self._pass(1.0)
        await stopping
        self.weather.loaded.discard("stt")

    async def _pass(self, seconds: float) -> None:
        """Let some turns and some time go by, and look at everything."""
        for _ in range(self.random.randint(1, 12)):
            await asyncio.sleep(0)
        self.clock.advance(seconds)
        self._check()

    def _check(self) -> None:
        self.process.ended()
        wrong = [*self.weather.wrong]
        if self.file.total_changes != self._seen:
            self._seen = self.file.total_changes
            wrong += broken(self.tables, self.accepted)
        if self.weather.met:
            wrong.append("STT and a language model worked at once")
        if violations := self.process.manager.controller.violations:
            wrong.append(f"{violations} violations of the lock")
        if wrong:
            raise BrokenRuleError("; ".join(wrong))


async def play(seed: int, root: Path, parts: Parts) -> list[tuple[object, ...]]:
    """Play a seed's session; returns its event rows. Raises ``BrokenRuleError``, which names the seed."""
    session = Session(seed, root / str(seed), parts)
    try:
        await session.run()
        return [tuple(row) for row in session.tables.execute("SELECT * FROM events ORDER BY id")]
    except BaseException as error:
        await session.process.crash()
        if isinstance(error, BrokenRuleError):
            raise BrokenRuleError(f"seed {seed}: {error}") from error
        error.add_note(f"seed {seed}")
        raise
    finally:
        session.close()
