"""``Lease``: how long a piece of work may be in somebody's hands, and how it is made to end.

The row's ``lease`` number is the fencing token: a new one at each hand-out, and an answer under an old one changes
nothing. Here is its time. The rules:

1. A lease lives while the work shows progress: each advance renews it. It is the last of all limits, for what every
   other one has missed, so it is longer than anything honest can be silent.
2. Time is monotonic: a clock that is set changes no lease.
3. When it is over the work is cancelled. Work that does not end although it was cancelled is *lost*: nobody waits for
   it any more, but it may still use the machine, so it keeps its slot and its hold on the lock.
"""

import asyncio
from dataclasses import dataclass
from typing import Generic, TypeVar

from scheduler.ports import Clock
from scheduler.task import Stage

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseLimits:
    """Seconds. ``stt``, ``llm``: the longest silence of a piece of work. ``cancel``: for cancelled work to end."""

    stt: float = 3600.0
    llm: float = 3600.0
    cancel: float = 30.0

    def of(self, stage: Stage) -> float:
        """The life of a lease in a stage."""
        return self.stt if stage is Stage.STT else self.llm


class Lease(Generic[R]):
    """On running ``work``. ``seconds``: without progress. ``expired``: it was over. ``lost``: see rule 3."""

    def __init__(self, work: asyncio.Task[R], seconds: float, cancel_seconds: float, clock: Clock) -> None:
        self.work = work
        self.seconds = seconds
        self.expired = False
        self.lost = False
        self._cancel_seconds = cancel_seconds
        self._clock = clock
        self._told = False
        self._until = clock.monotonic() + seconds
        self._changed = asyncio.Event()
        work.add_done_callback(self._ended)

    def renew(self) -> None:
        """The work has come further. Of no use to work that was told to end."""
        if not self._told:
            self._until = self._clock.monotonic() + self.seconds

    def end(self) -> None:
        """Cancel the work; ``until_over`` says what came of it."""
        if not self._told:
            self._told = True
            self._until = self._clock.monotonic() + self._cancel_seconds
            self._changed.set()
            self.work.cancel()

    async def until_over(self) -> None:
        """Return when the work has ended, or when it is lost."""
        while not self.work.done() and not self.lost:
            left = self._until - self._clock.monotonic()
            if left > 0:
                self._changed.clear()
                await self._clock.wait(self._changed, left)
            elif self._told:
                self.lost = True
            else:
                self.expired = True
                self.end()

    def _ended(self, work: asyncio.Task[R]) -> None:
        self._changed.set()
        if not work.cancelled():
            work.exception()  # of lost work nobody asks, and asyncio would log it as forgotten
