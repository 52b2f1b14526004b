"""A transcriber and an evaluator that do what a test scripts: in-memory implementations of the ports.

They check the exclusion themselves, apart from the lock: ``Stage.active`` names who works at this moment.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler.ports import Evaluation, Progress, Transcription
from scheduler.task import Task


class TestClock:
    """Time that only a test moves; waiting is real waiting for the event, and time-outs come by ``advance``."""

    __test__ = False

    def __init__(self) -> None:
        self._now = 1_000.0
        self._off = 0.0
        self._sleepers: list[tuple[float, asyncio.Event]] = []

    def now(self) -> float:
        return self._now + self._off

    def monotonic(self) -> float:
        return self._now

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        over = asyncio.Event()
        if seconds is not None:
            self._sleepers.append((self._now + seconds, over))
        waiting = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(over.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waiting:
                future.cancel()
        return event.is_set()

    def set_on(self, seconds: float) -> None:
        """Somebody sets the wall clock on, or back: nobody's waiting is over by that."""
        self._off += seconds

    def advance(self, seconds: float) -> None:
        """Move time; whoever waited for it goes on."""
        self._now += seconds
        due = [sleeper for sleeper in self._sleepers if sleeper[0] <= self._now]
        self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[0] > self._now]
        for _, over in due:
            over.set()


@dataclass
class Room:
    """The machine as the sides see it: what each is doing, and a log of what happened."""

    log: list[str] = field(default_factory=list)
    stt_active: int = 0
    llm_active: int = 0
    met: bool = False
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def check(self) -> None:
        """Remember if both sides ever work at once."""
        self.met = self.met or (self.stt_active > 0 and self.llm_active > 0)


Script = Callable[[Task, int], Exception | None]
"""What a piece of work ends with: the task and the number of the attempt, to an error or ``None``."""

Result = Callable[[Task, int, Evaluation], Evaluation]
"""What a piece of grading comes to: the task, the number of the attempt, the usual result, to the result."""


class ScriptedTranscriber:
    """Implements ``scheduler.ports.Transcriber``."""

    slots = 1
    model = "scripted"

    def __init__(self, room: Room, root: str, script: Script = lambda _task, _attempt: None) -> None:
        self._room = room
        self._root = root
        self._script = script
        self.attempts: dict[str, int] = defaultdict(int)
        self.prepared: list[str] = []
        self.audio: set[str] = set()
        self.preparing: asyncio.Event | None = None
        self.unprepared: list[str] = []
        self.gate: asyncio.Event | None = None
        self.leave_errors: list[Exception] = []

    async def enter(self) -> None:
        self._room.log.append("stt enters")

    async def leave(self) -> None:
        if self.leave_errors:
            raise self.leave_errors.pop()
        self._room.log.append("stt leaves")

    async def close(self) -> None:
        pass

    async def prepare(self, task: Task) -> None:
        self.prepared.append(task.roll_number)
        self.audio.add(task.id)
        if self.preparing:
            try:
                await self.preparing.wait()
            except asyncio.CancelledError:
                self.unprepared.append(task.roll_number)
                raise

    async def forget(self, task_id: str) -> None:
        self.audio.discard(task_id)

    async def work(self) -> None:
        """The work itself: it takes as long as the gate is shut."""
        await (self.gate.wait() if self.gate else asyncio.sleep(0))

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        self._room.stt_active += 1
        self._room.check()
        try:
            self.attempts[task.roll_number] += 1
            await self.work()
            error = self._script(task, self.attempts[task.roll_number])
            if error:
                raise error
        finally:
            self._room.stt_active -= 1
            await self.forget(task.id)
        self._room.log.append(f"stt {task.roll_number}")
        path = f"{self._root}/transcripts/{task.id}.jsonl"
        return Transcription(
            transcript_path=path,
            media_seconds=1.0,
            compute_seconds=0.1,
            segments=1,
            language="en",
            model=self.model,
        )


class ScriptedEvaluator:
    """Implements ``scheduler.ports.Evaluator``."""

    def __init__(
        self,
        room: Room,
        script: Script = lambda _task, _attempt: None,
        result: Result = lambda _task, _attempt, usual: usual,
    ) -> None:
        self._room = room
        self._script = script
        self._result = result
        self.slots = 2
        self.servers_up = 2
        self.attempts: dict[str, int] = defaultdict(int)
        self.gate: asyncio.Event | None = None

    async def enter(self) -> None:
        self._room.log.append("llm enters")

    async def leave(self) -> None:
        self._room.log.append("llm leaves")

    async def close(self) -> None:
        pass

    async def work(self) -> None:
        """The work itself: it takes as long as the gate is shut."""
        await (self.gate.wait() if self.gate else asyncio.sleep(0))

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        self._room.llm_active += 1
        self._room.check()
        try:
            self.attempts[task.roll_number] += 1
            await self.work()
            error = self._script(task, self.attempts[task.roll_number])
            if error:
                raise error
        finally:
            self._room.llm_active -= 1
        self._room.log.append(f"llm {task.roll_number}")
        usual = Evaluation(
            score=5.0,
            max_score=10.0,
            report={},
            model="scripted",
            server="one",
            prompt_hash="0",
            tokens_in=1,
            tokens_out=1,
            latency_ms=1,
            raw_reply="{}",
        )
        return self._result(task, self.attempts[task.roll_number], usual)
