"""``play``: one script, from the first upload to the last result, through all lives of the daemon.

Clients do what real ones do: they try again, under the same key, until they hear yes. From then on the promise holds.
When the script is over and its faults have ended, everything must end in bounded time.
"""

import asyncio
import hashlib
import logging
from dataclasses import dataclass

from db.intake import Intake, NewTask
from db.requests import Requests
from db.store import SqliteStore
from introeval.clock import SystemClock
from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.errors import IntroevalError
from scheduler.leases import LeaseLimits
from scheduler.policy import PhaseLimits
from scheduler.queues import QueueSettings, ReaderWriterQueueManager
from tests.simulator.loop import VirtualLoop, running
from tests.simulator.machine import Machine
from tests.simulator.oracle import MAX_RETRIES, Oracle
from tests.simulator.script import LLM, STT, Happens, Item, Script
from tests.simulator.sides import Life, Play, SimulatedEvaluator, SimulatedTranscriber
from tests.simulator.starvation import Starvation
from tests.simulator.tables import Disk, Tables, opened

PATIENCE = 4000.0
"""Seconds after the last fault within which all must have ended: ten times what the slowest of 20,000 seeds took."""
MOST_TURNS = 300_000
NO_BEAT = 1e6
WATCHDOG = 60.0
LEASES = LeaseLimits(stt=30.0, llm=40.0, cancel=10.0)
HAND_OVER_LIMIT = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """``wrong``: the law that was broken, or ``None``. ``hash``: of all that was done, in order."""

    wrong: str | None
    hash: str
    turns: int
    seconds: float

    @property
    def law(self) -> str:
        """The law's name."""
        return (self.wrong or "").partition(":")[0]


class _Clock(SystemClock):
    """The daemon's clock on the loop's time; ``jump`` sets the wall clock."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.jump = 2_000_000.0

    def now(self) -> float:
        return self._loop.time() + self.jump

    def monotonic(self) -> float:
        return self._loop.time()


class Process:
    """One life of the daemon."""

    def __init__(self, session: "Session") -> None:
        self.session = session
        script = session.script
        self.life = Life()
        self.last_beat = session.loop.time()
        self.stopping = False
        database, self.writer = opened(session.tables, session.loop)
        self.intake = Intake(database)
        self.requests = Requests(database)
        self.manager = ReaderWriterQueueManager(
            SqliteStore(database),
            SimulatedTranscriber(session.sides, self.life),
            SimulatedEvaluator(session.sides, self.life),
            session.clock,
            batches=BatchCoordinator(BatchLimits(size=script.batch_size, age_seconds=script.age)),
            limits=PhaseLimits(stt_seconds=script.caps[0], llm_seconds=script.caps[1], retry_seconds=1.0),
            settings=QueueSettings(
                max_retries=MAX_RETRIES,
                beat=10.0 if script.beats else NO_BEAT,
                handover=HAND_OVER_LIMIT,
                leases=LEASES,
            ),
            on_beat=self._beat,
        )
        self.running = session.loop.create_task(self.manager.run(), name="queues")

    def kill(self) -> None:
        """Whatever it does from now on changes nothing."""
        self.life.dead = True
        self.writer.kill()

    def _beat(self) -> None:
        self.last_beat = self.session.loop.time()


class Session:
    """A script being played."""

    def __init__(self, script: Script, tables: Tables) -> None:
        tables.clear()
        self.script = script
        self.tables = tables
        self.loop = VirtualLoop(script.seed)
        self.clock = _Clock(self.loop)
        self.machine = Machine(self.loop, script.exclusive)
        self.oracle = Oracle(tables)
        self.sides = Play(script, self.loop, self.machine, self._fault, self.oracle.handed_out)
        caps = {STT: script.caps[0], LLM: script.caps[1]}
        self.starvation = Starvation(self.loop, self.oracle, caps, self.sides.up)
        self.oracle.look = self._look
        self.acknowledged: dict[int, str] = {}
        self.tries = 0
        self.left = len(script.items)
        self.over = False
        self.process: Process | None = None
        tables.on_commit = self._committed

    def play(self) -> Outcome:
        """To the end, or to the first law that is broken."""
        loop, script = self.loop, self.script
        with running(loop):
            for item in script.items:
                loop.lasting(item.at, self._happens, item)
            if script.beats:
                loop.lasting(WATCHDOG / 3, self._watchdog)
            loop.lasting(script.ends + PATIENCE, self._out_of_time)
            loop.pause_at = MOST_TURNS
            self._start()
            while True:
                going = loop.run()
                if not going or loop.turns >= MOST_TURNS:
                    self._out_of_time()
                if self.over:
                    break
                self._die()
            if self.process:
                self.process.kill()
            self.oracle.check_results()
            loop.complain()
            for complaint in loop.complaints:
                self.oracle.broken("no error goes unseen", complaint)
            return Outcome(self.oracle.wrong, self._hash(), loop.turns, loop.time())

    def _start(self) -> None:
        self.process = Process(self)
        self.process.running.add_done_callback(self._loop_ended)

    def _die(self) -> None:
        """SIGKILL, and the service manager's restart two seconds later."""
        process, self.process = self.process, None
        self.loop.pause_at = MOST_TURNS
        if process is not None:
            process.kill()
            self.loop.kill()
            self.machine.orphaned()
            self._fault()
            self.loop.lasting(self.loop.time() + 2.0, self._start)

    def _stop(self) -> None:
        self.over = True
        self.loop.pause_at = self.loop.turns

    def _loop_ended(self, loop: asyncio.Task[None]) -> None:
        if not loop.cancelled() and loop.exception() is not None:
            self.oracle.broken("the loop goes on", repr(loop.exception()))
            self._stop()

    def _fault(self) -> None:
        self.starvation.excuse()

    def _watchdog(self) -> None:
        process = self.process
        if process and not process.stopping and self.loop.time() - process.last_beat > WATCHDOG:
            self.loop.pause_at = self.loop.turns
        self.loop.lasting(self.loop.time() + WATCHDOG / 3, self._watchdog)

    def _out_of_time(self) -> None:
        missing = sorted(set(self.script.uploads) - self.acknowledged.keys())
        held = self.process.manager.last_error if self.process else "no process"
        what = f"{self.oracle.unended()}, not accepted: {missing}, error: {held}, at {self.loop.time():.0f} s"
        self.oracle.broken("everything ends", what)
        self._stop()

    def _committed(self) -> None:
        self.oracle.committed()
        self._check()

    def _look(self) -> None:
        self.starvation.look()

    def _check(self) -> None:
        """After each commit and each answer: are the laws kept, and is all over?"""
        oracle = self.oracle
        if self.machine.wrong:
            oracle.broken("one side at a time", self.machine.wrong[0])
        if self.process and self.process.manager.controller.violations:
            oracle.broken("no violation is recorded", "the lock saw one")
        accepted = len(self.acknowledged) == len(self.script.uploads)
        if oracle.wrong or (self.left == 0 and accepted and not oracle.unended()):
            self._stop()

    def _hash(self) -> str:
        rows = [tuple(row) for row in self.tables.rows("SELECT * FROM events ORDER BY id")]
        done = bytes(self.loop.trace) + repr((rows, self.loop.time(), self.oracle.wrong)).encode()
        return hashlib.sha256(done).hexdigest()[:16]

    def _happens(self, item: Item) -> None:
        self.left -= 1
        process, now = self.process, self.loop.time()
        match item.what:
            case Happens.UPLOAD | Happens.AGAIN:
                self._send(item)
            case Happens.DISK:
                self._disk(Disk(item.how))
                self.loop.lasting(now + item.value, self._disk, Disk.GOOD)
                self.loop.lasting(now + item.value + 6.0, self._fault)
            case Happens.DOWN if item.who < self.script.servers:
                self._server(item.who, False)
                self.loop.lasting(now + item.value, self._server, item.who, True)
            case Happens.CLOCK:
                self.clock.jump += item.value
                self._fault()
            case Happens.KILL if process:
                self.loop.pause_at = self.loop.turns + int(item.value)
            case Happens.TERM if process:
                process.stopping = True
                self.loop.create_task(self._terminate(process, item.value), name="terminate")
                self.loop.lasting(now + 90.0, self._give_up_on, process)
            case Happens.CANCEL | Happens.REGRADE if process and item.who in self.acknowledged:
                self.loop.create_task(self._ask(process, item), name="ask")
        self._check()

    def _disk(self, disk: Disk) -> None:
        self.tables.disk = disk
        self._fault()

    def _server(self, server: int, up: bool) -> None:
        self.sides.up[server] = up
        self.sides.epochs[server] += 1
        self._fault()
        if self.process:
            self.process.manager.wake()

    async def _terminate(self, process: Process, drain: float) -> None:
        await process.manager.stop(drain)
        await asyncio.wait([process.running])
        self._give_up_on(process)

    def _give_up_on(self, process: Process) -> None:
        """The process has ended, or the service manager's patience has."""
        if self.process is process:
            self.loop.pause_at = self.loop.turns

    def _send(self, item: Item) -> None:
        """A client sends; it will look again whether it was told yes."""
        if self.process and not self.process.stopping:
            self.loop.create_task(self._upload(self.process, item), name="upload")
        if item.what is Happens.UPLOAD:
            self.loop.lasting(self.loop.time() + 5.0, self._again, item)

    def _again(self, item: Item) -> None:
        if item.who not in self.acknowledged:
            self._send(item)

    async def _upload(self, process: Process, item: Item) -> None:
        self.tries += 1
        key = f"key {item.who}"
        try:
            found = await process.intake.earlier(key)
            if found is None:
                new = self._new(item, f"t{item.who}.{self.tries}", key)
                found = await process.intake.accept(new, self.clock.now())
        except IntroevalError:
            return  # 507: the client tries again
        process.manager.wake()
        if self.acknowledged.setdefault(item.who, found.task.id) != found.task.id:
            self.oracle.broken("one task for one key", f"{found.task.id} and {self.acknowledged[item.who]}")
        self._check()

    @staticmethod
    def _new(item: Item, name: str, key: str) -> NewTask:
        return NewTask(
            id=name,
            user_id=str(item.who),
            roll_number=str(item.who),
            student_name="",
            file_name="v.mp4",
            video_path=f"videos/{name}",
            size_bytes=1,
            sha256=name,
            media_seconds=None,
            idempotency_key=key,
            priority=int(item.value),
            kind=item.how or "intro_video",
        )

    async def _ask(self, process: Process, item: Item) -> None:
        """A teacher stops a task, or wants it graded anew."""
        name = self.acknowledged[item.who]
        try:
            if item.what is Happens.CANCEL:
                await process.requests.cancel(name, self.clock.now())
                process.manager.cancel(name)
            else:
                await process.requests.regrade(name, self.oracle.tasks[name].version + 1, self.clock.now())
                process.manager.wake()
        except IntroevalError:
            return  # it has ended, or it has not: the teacher is told


def play(script: Script, tables: Tables) -> Outcome:
    """Play a script on tables that are cleared for it."""
    logging.disable(logging.CRITICAL)
    try:
        return Session(script, tables).play()
    finally:
        logging.disable(logging.NOTSET)
        tables.on_commit = lambda: None
