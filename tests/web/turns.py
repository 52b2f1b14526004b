"""What a second is to a crowd of clients: a real one, or none at all.

``Turns`` is virtual time beside a real server: it stands still while any student talks, and jumps to the next one who
waits when none does. So a client that is told to come back in five seconds does so when all the others have been
answered, not when a clock says so.
"""

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Protocol


class Time(Protocol):
    """Each student is in ``student()`` from its first word to its last."""

    @contextmanager
    def student(self) -> Iterator[None]: ...

    async def wait(self, seconds: float) -> None:
        """To be called by a student."""

    async def idle(self, seconds: float) -> None:
        """To be called by others: time goes on without waiting for them."""


class Seconds:
    """Real ones."""

    @contextmanager
    def student(self) -> Iterator[None]:
        yield

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def idle(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Turns:
    """See the module's text."""

    def __init__(self) -> None:
        self._now = 0.0
        self._talking = 0
        self._orders = count()
        self._students: list[tuple[float, int, asyncio.Future[None]]] = []
        self._others: list[tuple[float, int, asyncio.Future[None]]] = []

    @contextmanager
    def student(self) -> Iterator[None]:
        self._talking += 1
        try:
            yield
        finally:
            self._talking -= 1
            self._jump()

    async def wait(self, seconds: float) -> None:
        turn = self._join(self._students, seconds)
        self._talking -= 1
        self._jump()
        try:
            await turn
        finally:
            # Cancelled before its turn it was not counted as talking again.
            self._talking += turn.cancelled()

    async def idle(self, seconds: float) -> None:
        await self._join(self._others, seconds)

    def _join(
        self, queue: list[tuple[float, int, asyncio.Future[None]]], seconds: float
    ) -> asyncio.Future[None]:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(queue, (self._now + seconds, next(self._orders), turn))
        return turn

    def _jump(self) -> None:
        while self._students and not self._talking:
            self._now = max(self._now, self._students[0][0])
            self._talking += self._wake(self._students)
            self._wake(self._others)

    def _wake(self, queue: list[tuple[float, int, asyncio.Future[None]]]) -> int:
        """All whose time has come; returns how many were there."""
        woken = 0
        while queue and queue[0][0] <= self._now:
            _, _, turn = heapq.heappop(queue)
            if not turn.done():
                turn.set_result(None)
                woken += 1
        return woken
