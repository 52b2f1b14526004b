"""``play``: one script, from the first upload to the last result, through all lives of the daemon.

Clients do what real ones do: they try again, under the same key, until they hear yes. From then on the promise holds.
When the script is over and its faults have ended, everything must end in bounded time.
"""

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.simulator.clients import Clients
from tests.simulator.direction import Play
from tests.simulator.loop import VirtualLoop, running
from tests.simulator.machine import Machine
from tests.simulator.oracle import Oracle
from tests.simulator.process import Process
from tests.simulator.script import LLM, STT, Happens, Item, Script
from tests.simulator.starvation import Starvation
from tests.simulator.tables import Disk, Tables

PATIENCE = 4000.0
"""Seconds after the last fault within which all must have ended: ten times what the slowest of 20,000 seeds took."""
MOST_TURNS = 300_000
WATCHDOG = 60.0
_RANGE, _CHECKED = 250, 8
"""The schema's CHECKs are on in one of so many ranges of so many seeds. The oracle's laws are, too, and in all."""


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


class Session:
    """A script being played."""

    def __init__(self, script: Script, tables: Tables) -> None:
        tables.clear(checked=script.seed // _RANGE % _CHECKED == 0)
        self.script = script
        self.tables = tables
        self.loop = VirtualLoop(script.seed)
        self.jump = 2_000_000.0
        self.machine = Machine(self.loop, script.exclusive)
        self.oracle = Oracle(tables)
        self.sides = Play(script, self.loop, self.machine, self._fault, self.oracle.handed_out)
        caps = {STT: script.caps[0], LLM: script.caps[1]}
        self.starvation = Starvation(self.loop, self.oracle, caps, self.sides.up)
        self.clients = Clients(self.loop, self.oracle, lambda: self.process, self.now, self._check)
        self.sides.answers = self.clients.answers
        self.oracle.look = self.starvation.look
        self.loop.before_time_passes = self._before_time_passes
        self.left = len(script.items)
        self.uploads = len(script.uploads)
        self.over = False
        self.process: Process | None = None
        tables.on_commit = self._committed

    def now(self) -> float:
        """The wall clock."""
        return self.loop.now + self.jump

    def play(self) -> Outcome:
        """To the end, or to the first law that is broken."""
        loop, script = self.loop, self.script
        with running(loop):
            for item in script.items:
                loop.lasting(item.at, self._happens, item)
            if script.beats:
                loop.lasting(WATCHDOG / 3, self._watchdog)
            loop.lasting(script.ends + PATIENCE, self._out_of_time)
            self._start()
            while not self.over:
                going = loop.run(MOST_TURNS)
                if not going or loop.turns >= MOST_TURNS:
                    self._out_of_time()
                if not self.over:
                    self._die()
            if self.process:
                self.process.kill()
            self.oracle.check_tasks()
            self.oracle.check_results()
            loop.complain()
            for complaint in loop.complaints:
                self.oracle.broken("no error goes unseen", complaint)
            return Outcome(self.oracle.wrong, self._hash(), loop.turns, loop.time())

    def _start(self) -> None:
        self.process = Process(self.script, self.tables, self.sides, self.now)
        self.process.running.add_done_callback(self._loop_ended)

    def _die(self) -> None:
        """SIGKILL, and the service manager's restart two seconds later."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            self.loop.kill()
            self.machine.orphaned()
            self.starvation.restarted()
            self.loop.lasting(self.loop.now + 2.0, self._start)

    def _stop(self) -> None:
        self.over = True
        self.loop.pause()

    def _loop_ended(self, loop: asyncio.Task[None]) -> None:
        if not loop.cancelled() and loop.exception() is not None:
            self.oracle.broken("the loop goes on", repr(loop.exception()))
            self._stop()

    def _fault(self, seconds: float = 0.0) -> None:
        self.starvation.excuse(seconds)

    def _watchdog(self) -> None:
        process = self.process
        if process and not process.stopping and process.silent_for > WATCHDOG:
            self.loop.pause()
        self.loop.lasting(self.loop.now + WATCHDOG / 3, self._watchdog)

    def _out_of_time(self) -> None:
        missing = sorted(set(self.script.uploads) - self.clients.acknowledged.keys())
        held = self.process.manager.last_error if self.process else "no process"
        what = f"{self.oracle.unended()}, not accepted: {missing}, error: {held}, at {self.loop.now:.0f} s"
        self.oracle.broken("everything ends", what)
        self._stop()

    def _committed(self) -> None:
        if self.machine.wrong:
            self.oracle.broken("one side at a time", self.machine.wrong[0])
        self.oracle.committed()
        self._check()

    def _before_time_passes(self) -> None:
        if self.machine.wrong:
            self.oracle.broken("one side at a time", self.machine.wrong[0])
            self._stop()
        if self.process and self.process.overslept:
            self.oracle.broken("a wake-up leads to a look at the tables", f"at {self.loop.now:.0f} s")
            self._stop()

    def _check(self) -> None:
        """After each commit and each answer: are the laws kept, and is all over?"""
        oracle = self.oracle
        if self.process and self.process.manager.controller.violations:
            oracle.broken("no violation is recorded", "the lock saw one")
        accepted = len(self.clients.acknowledged) == self.uploads
        if oracle.wrong or (self.left == 0 and accepted and not oracle.unended()):
            self._stop()

    def _hash(self) -> str:
        done = bytes(self.loop.trace) + repr((self.oracle.events, self.loop.now, self.oracle.wrong)).encode()
        return hashlib.sha256(done).hexdigest()[:16]

    def _happens(self, item: Item) -> None:
        self.left -= 1
        process, now = self.process, self.loop.now
        match item.what:
            case Happens.UPLOAD | Happens.AGAIN:
                self.clients.send(item)
            case Happens.DISK:
                self._disk(Disk(item.how))
                self.loop.lasting(now + item.value, self._disk, Disk.GOOD)
                self.loop.lasting(now + item.value + 6.0, self._fault)
            case Happens.DOWN if item.who < self.script.servers:
                self._server(item.who, False)
                self.loop.lasting(now + item.value, self._server, item.who, True)
            case Happens.CLOCK:
                self.jump += item.value
                self._fault()
            case Happens.KILL if process:
                self.loop.pause(int(item.value))
            case Happens.TERM if process:
                process.stopping = True
                self.loop.create_task(self._terminate(process, item.value), name="terminate")
                self.loop.lasting(now + 90.0, self._give_up_on, process)
            case Happens.CANCEL | Happens.REGRADE:
                self.clients.ask(item)
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
            self.loop.pause()


def play(script: Script, tables: Tables) -> Outcome:
    """Play a script on tables that are cleared for it."""
    with quiet():
        try:
            return Session(script, tables).play()
        finally:
            tables.on_commit = lambda: None


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged. Every logger is told, which takes a while: within another one nothing is switched."""
    before = logging.root.manager.disable
    if before < logging.CRITICAL:
        logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        if before < logging.CRITICAL:
            logging.disable(before)
