"""Sides that behave as badly as real ones: work takes time and fails, hand-overs fail, servers go and come back."""

import asyncio
import sqlite3
from dataclasses import dataclass, field
from random import Random

from scheduler.errors import AttemptFailedError, HandoverError, NoServerError, RejectedWorkError
from scheduler.ports import Evaluation, Progress, Transcription
from scheduler.task import Task
from tests.scheduler.invariants import wrongly_started
from tests.scheduler.sides import Room, ScriptedEvaluator, ScriptedTranscriber, TestClock


@dataclass
class Weather(Room):
    """The room, and how bad things are. ``loaded``: whose weights are in memory. ``wrong``: rules seen broken."""

    random: Random = field(default_factory=Random)
    clock: TestClock = field(default_factory=TestClock)
    calm: bool = False
    servers: int = 2
    loaded: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def bad(self, rate: float) -> bool:
        """Whether something goes wrong now."""
        return not self.calm and self.random.random() < rate

    async def take(self, most: float) -> None:
        """Some simulated seconds."""
        await self.clock.wait(asyncio.Event(), self.random.uniform(0.0, most))

    def outcome(self, _task: Task, _attempt: int) -> Exception | None:
        """How a piece of work ends. Files go on to be bad in calm weather."""
        roll = self.random.random()
        if roll < 0.10:
            return AttemptFailedError("the child died")
        if roll < 0.14:
            return RejectedWorkError("no audio track")
        return KeyError("a bug of ours") if roll < 0.18 else None

    async def enter(self, side: str) -> None:
        """Load weights; a failure may leave some of them in memory."""
        self.loaded.add(side)
        if len(self.loaded) > 1:
            self.wrong.append(f"{side} enters while {sorted(self.loaded - {side})[0]} is in memory")
        await self.take(3.0)
        if self.bad(0.15):
            raise HandoverError(f"{side} was not loaded in time")

    async def leave(self, side: str) -> None:
        """Unload; a failure leaves all in memory."""
        await self.take(2.0)
        if self.bad(0.15):
            raise HandoverError(f"{side} is still in memory")
        self.loaded.discard(side)

    def begin(self, tables: sqlite3.Connection, task: Task) -> None:
        """Look at a piece of work that was just handed out."""
        wrong = wrongly_started(tables, task)
        if self.loaded != {str(task.state.stage)}:
            wrong = f"{task.state.stage} work with {sorted(self.loaded)} in memory"
        if wrong:
            self.wrong.append(wrong)


class BadTranscriber(ScriptedTranscriber):
    """A transcriber in bad weather."""

    def __init__(self, weather: Weather, root: str, tables: sqlite3.Connection) -> None:
        super().__init__(weather, root, weather.outcome)
        self._weather = weather
        self._tables = tables

    async def enter(self) -> None:
        await self._weather.enter("stt")

    async def leave(self) -> None:
        await self._weather.leave("stt")

    async def prepare(self, task: Task) -> None:
        await self._weather.take(3.0)
        if self._weather.bad(0.1):
            raise AttemptFailedError("ffmpeg died")

    async def work(self) -> None:
        await self._weather.take(8.0)

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        self._weather.begin(self._tables, task)
        return await super().transcribe(task, progress)


class BadEvaluator(ScriptedEvaluator):
    """A pool in bad weather: two slots for each server that is up."""

    def __init__(self, weather: Weather, tables: sqlite3.Connection) -> None:
        super().__init__(weather, weather.outcome)
        self._weather = weather
        self._tables = tables
        self.follow()

    def follow(self) -> None:
        """See which servers are up."""
        self.servers_up, self.slots = self._weather.servers, 2 * self._weather.servers

    async def enter(self) -> None:
        await self._weather.enter("llm")

    async def leave(self) -> None:
        await self._weather.leave("llm")

    async def work(self) -> None:
        await self._weather.take(12.0)
        if self._weather.servers == 0 or self._weather.bad(0.02):
            raise NoServerError("no model server answers")

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        self._weather.begin(self._tables, task)
        return await super().evaluate(task, progress)
