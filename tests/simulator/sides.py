"""The two sides as the script wants them: they implement the production ports, and their time is the loop's.

What cancels them is what cancels the real ones: a teacher, an end of the lease, a shutdown. They obey it at once, late,
or never, and a request that was let go may run on in its server. ``leave`` does not return while work runs.
"""

import asyncio

from scheduler.errors import (
    AttemptFailedError,
    ConcurrencyViolationError,
    HandoverError,
    NoServerError,
    RejectedWorkError,
    StateError,
)
from scheduler.ports import Evaluation, Progress, Transcription
from scheduler.task import Task
from tests.simulator.direction import Life, Play, evaluation, transcription
from tests.simulator.machine import DURATIONS, RUN_ON, spread
from tests.simulator.script import LLM, STT, Ends, Fails, Item

LEAVE_LIMIT = 20.0
UNTIL_RESTART = 200.0
"""Seconds after which the watchdog has certainly ended a process that hangs."""


class Side:
    """What both have in common: the hand-over, and one piece of work."""

    name = ""

    def __init__(self, play: Play, life: Life) -> None:
        self._play = play
        self._life = life
        self._entered = False

    async def enter(self) -> None:
        play = self._play
        play.hand_overs += 1
        play.machine.load(self.name)
        await self._pass(int(4 * spread(play.script.seed, play.hand_overs, 1)))
        if play.goes_wrong(Fails.ENTER_HANGS):
            play.excuse(UNTIL_RESTART)
            await asyncio.Future()
        if play.goes_wrong(Fails.ENTER):
            play.excuse(0.0)
            if self.name == STT:
                play.machine.unload(STT)  # a child that did not load is ended
            raise HandoverError(f"{self.name} was not loaded in time")
        self._entered = True

    async def leave(self) -> None:
        play = self._play
        if play.goes_wrong(Fails.LEAVE_HANGS):
            play.hand_overs += 1
            play.excuse(UNTIL_RESTART)
            await asyncio.Future()
        if play.goes_wrong(Fails.LEAVE):
            play.hand_overs += 1
            play.excuse(0.0)
            raise HandoverError(f"{self.name} is still in memory")
        waited = 0.0
        while play.machine.working[self.name]:
            play.excuse(0.0)
            if self.name == STT or waited >= LEAVE_LIMIT:
                raise HandoverError(f"{self.name} work still runs")
            waited += 1.0
            await self._pass(1.0)
        self._entered = False
        await self._pass(int(3 * spread(play.script.seed, play.hand_overs, 2)))
        if play.script.exclusive:
            play.machine.unload(self.name)

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _pass(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _work(self, task: Task, progress: Progress) -> None:
        """Compute for a while; ends as the script says."""
        play, name = self._play, self.name
        number = int(task.user_id)
        nth, item = play.next_work(number, name)
        play.handed_out(task, name)
        play.again(task, int(4 * spread(play.script.seed, number, nth, 5)))
        if not self._entered:
            play.machine.wrong.append(f"{name} work was handed out to a side that was not entered")
            raise ConcurrencyViolationError("not entered")
        play.machine.begin(name)
        run_on = 0.0
        chance = spread(play.script.seed, number, nth, len(name))
        try:
            try:
                await self._compute(int(DURATIONS[name] * chance), progress)
                await self._ending(item)
            except asyncio.CancelledError:
                if await self._cancelled(item, int(4 * chance)):
                    return
                run_on = item.value if item and item.how == Ends.RUNS_ON and name == LLM else 0.0
                raise
        finally:
            if self._life.dead and name == LLM:
                run_on = int(RUN_ON * chance)
            if run_on:
                play.loop.lasting(play.loop.now + run_on, play.machine.end, name)
            else:
                play.machine.end(name)

    async def _compute(self, seconds: float, progress: Progress) -> None:
        await self._pass(seconds / 2)
        progress(0.5)
        await self._pass(seconds / 2)

    async def _ending(self, item: Item | None) -> None:
        match item.how if item else None:
            case Ends.FAILS:
                raise AttemptFailedError("it failed")
            case Ends.REJECTS:
                raise RejectedWorkError("no audio track")
            case Ends.BUG:
                raise KeyError("a bug of ours")
            case Ends.DISK_FULL:
                self._play.excuse(0.0)
                raise StateError("the disk is full")
            case Ends.NO_SERVER if self.name == LLM:
                raise NoServerError("the servers failed on it")
            case Ends.HANGS | Ends.LATE | Ends.LOST | Ends.RUNS_ON:
                self._play.excuse(UNTIL_RESTART)
                await asyncio.Future()

    async def _cancelled(self, item: Item | None, seconds: float) -> bool:
        """Clean up, which takes a moment and is not interrupted; returns whether there is a result after all."""
        how = item.how if item else ""
        if how == Ends.LOST:
            seconds = 1e9
        elif how == Ends.LATE and item:
            seconds = item.value
        elif how == Ends.RUNS_ON:
            seconds = 0.0
        self._play.excuse(min(seconds, UNTIL_RESTART))
        until = self._play.loop.now + seconds
        while (left := until - self._play.loop.now) > 0:
            try:
                await self._pass(left)
            except asyncio.CancelledError:
                continue
        self._play.excuse(0.0)
        return how == Ends.LATE


class SimulatedTranscriber(Side):
    """Implements ``scheduler.ports.Transcriber``."""

    name = STT
    model = "simulated"

    @property
    def slots(self) -> int:
        return self._play.script.stt_slots

    async def prepare(self, task: Task) -> None:
        await self._pass(int(3 * spread(self._play.script.seed, int(task.user_id), 9)))

    async def forget(self, task_id: str) -> None:
        pass

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        await self._work(task, progress)
        return transcription(task)


class SimulatedEvaluator(Side):
    """Implements ``scheduler.ports.Evaluator``: a pool that takes a request from a server that died to another."""

    name = LLM

    def __init__(self, play: Play, life: Life) -> None:
        super().__init__(play, life)
        self._taken = [0] * play.script.servers

    @property
    def slots(self) -> int:
        return self._play.script.server_slots * self.servers_up

    @property
    def servers_up(self) -> int:
        return sum(self._play.up)

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        await self._work(task, progress)
        return evaluation(task)

    async def _compute(self, seconds: float, progress: Progress) -> None:
        for _ in self._play.up:
            up = [server for server, is_up in enumerate(self._play.up) if is_up]
            if not up:
                raise NoServerError("no server answers", asked=False)
            server = min(up, key=self._taken.__getitem__)
            epoch = self._play.epochs[server]
            self._taken[server] += 1
            try:
                await super()._compute(seconds, progress)
            finally:
                self._taken[server] -= 1
            if self._play.epochs[server] == epoch:
                return
        raise NoServerError("every server died")
