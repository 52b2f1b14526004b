"""What the drivers need from the outside, as protocols. ``db``, ``stt``, ``models`` and ``introeval`` implement them.

Duties that hold for every implementation:

* A method either does the whole thing or raises one of ``scheduler.errors`` and leaves nothing half done.
* Cancelling a ``transcribe`` or an ``evaluate`` stops the work itself (a child's decoding, an open request) before
  the cancellation is let through, so that "nothing is running" is true when the driver believes it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from scheduler.ratings import Failure, Rating
from scheduler.snapshot import QueueSnapshot
from scheduler.task import Phase, Task
from scheduler.transitions import TaskEvent


class Progress(Protocol):
    """Told how far a piece of work is; must not block. A server is told once, when it has taken the work."""

    def __call__(self, fraction: float, server: str | None = None) -> None: ...


def unwatched(fraction: float, server: str | None = None) -> None:
    """A ``Progress`` for work that nobody watches."""


class Clock(Protocol):
    """Time as the drivers see it. ``now``: seconds since the epoch, UTC. ``monotonic``: seconds, for spans."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait until ``event`` is set (True) or ``seconds`` are over (False; ``None``: never)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """A finished transcript: a JSON-lines file (``stt.transcript`` reads it), synced to disk.

    ``media_seconds``: length of the audio. ``compute_seconds``: time the model took. ``segments``: how many.
    """

    transcript_path: str
    media_seconds: float
    compute_seconds: float
    segments: int
    language: str | None
    model: str

    def facts(self) -> dict[str, Any]:
        """Its log fields."""
        seconds = {"media_seconds": self.media_seconds, "compute_seconds": self.compute_seconds}
        return {"model": self.model, "count": self.segments} | seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A finished grade. ``report`` is JSON-able and complete: what a result page shows comes from it alone.

    ``model`` and ``server`` are ``None`` when a guard graded without asking a model (an empty transcript).
    ``load_ms``: the part of ``latency_ms`` in which the server loaded the model: a switch that nobody asked for.
    ``ratings``: what each model made of it. ``failures``: parts that ended without a result while the whole went on.
    ``rivals``: whether another model may grade its neighbours, so that a common scale may still move the grade.
    """

    score: float
    max_score: float
    report: dict[str, Any]
    model: str | None
    server: str | None
    prompt_hash: str
    tokens_in: int
    tokens_out: int
    latency_ms: int
    raw_reply: str | None
    load_ms: int = 0
    ratings: tuple[Rating, ...] = ()
    failures: tuple[Failure, ...] = ()
    rivals: bool = False

    def facts(self) -> dict[str, Any]:
        """Its log fields."""
        tokens = {"tokens_in": self.tokens_in, "tokens_out": self.tokens_out}
        times = {"latency_ms": self.latency_ms, "load_ms": self.load_ms}
        return {"model": self.model, "server": self.server} | times | tokens


class Side(Protocol):
    """One of the two users of the machine. The controller calls ``enter`` and ``leave`` in turn, never at once."""

    async def enter(self) -> None:
        """Make ready to work (load weights). Raises ``HandoverError`` when that does not succeed in time."""
        ...

    async def leave(self) -> None:
        """Give the machine up, verified (in exclusive residency: the weights are gone). Raises ``HandoverError``.

        Idempotent, and to be called on a side that was never entered: after a crash nobody knows what is loaded.
        """
        ...

    async def close(self) -> None:
        """End all processes and connections of this side. Never raises for work that is still open."""
        ...


class Transcriber(Side, Protocol):
    """The writer."""

    @property
    def slots(self) -> int:
        """How many files may be transcribed at once."""
        ...

    @property
    def model(self) -> str:
        """The name of the speech model, for people."""
        ...

    async def prepare(self, task: Task) -> None:
        """Extract the task's audio ahead of time. Idempotent. Raises ``RejectedWorkError`` (no audio track, ...)."""
        ...

    async def forget(self, task_id: str) -> None:
        """Stop and remove what was extracted for a task that nobody transcribes. Idempotent. Raises ``StateError``."""
        ...

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        """Transcribe one video; what was extracted for it is removed whatever the outcome.

        Raises ``AttemptFailedError``, ``RejectedWorkError`` or ``StateError``.
        """
        ...


class Evaluator(Side, Protocol):
    """The readers: a pool of language models behind one door."""

    @property
    def slots(self) -> int:
        """How many requests the healthy servers take at once; 0 when none is healthy."""
        ...

    @property
    def servers_up(self) -> int: ...

    async def evaluate(self, task: Task, progress: Progress) -> Evaluation:
        """Grade one transcript. Raises ``AttemptFailedError``, ``RejectedWorkError`` or ``NoServerError``."""
        ...


class Store(Protocol):
    """The tables. Every method is one transaction, committed and synced when it returns."""

    async def snapshot(self, batch_size: int) -> QueueSnapshot:
        """What the policy needs, read at one commit; at most ``batch_size`` unbatched tasks."""
        ...

    async def recover(self, now: float) -> int:
        """At start: give back what a dead process held, without counting a retry. Returns how many."""
        ...

    async def close_batch(self, tasks: Sequence[Task], now: float) -> int:
        """Make a batch of these tasks; returns its id. Raises ``StaleWorkError`` when one of them is taken."""
        ...

    async def start(self, task: Task, now: float) -> Task:
        """Hand a waiting task out under a new lease. Returns it as it now is. Raises ``StaleWorkError``."""
        ...

    async def transcribed(self, task: Task, result: Transcription, now: float) -> None:
        """The task's transcript is on disk. Raises ``StaleWorkError`` when its lease is not the current one."""
        ...

    async def evaluated(self, task: Task, result: Evaluation, now: float) -> None:
        """The task's grade; it is completed. Raises ``StaleWorkError`` when its lease is not the current one."""
        ...

    async def unfinished(self, task: Task, event: TaskEvent, error: Exception | None, now: float) -> None:
        """The task's attempt failed, it gave up, or it was released. Raises ``StaleWorkError``."""
        ...

    async def set_phase(self, phase: Phase, now: float) -> None:
        """Record the machine's phase. Raises ``IllegalTransitionError``."""
        ...

    async def record_violation(self, what: str, now: float) -> None:
        """Record a breach of the exclusion, so that its count survives a restart."""
        ...

    async def record_switchover(
        self, source: Phase, target: Phase, began: float, leave: float, enter: float
    ) -> None:
        """Record one finished hand-over; ``leave`` and ``enter`` are its two parts in seconds."""
        ...
