"""``Turns``: one at a time for each upload, and whoever comes asks the one before to stop.

A client whose connection hangs opens another one and goes on there, while the server still waits for bytes of the old
one: the newer request is the one that is right. It does not wait for ever, though.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from introeval.web.problems import ProblemError

WAIT_SECONDS = 5.0
"""Enough for a disk to sync what the one before has taken."""


@dataclass(eq=False)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    stop: Callable[[], None] | None = None
    users: int = 0


class Turns:
    """Keys are ids of uploads."""

    def __init__(self, wait_seconds: float = WAIT_SECONDS) -> None:
        self._wait_seconds = wait_seconds
        self._turns: dict[str, _Turn] = {}

    def taken(self, key: str) -> bool:
        """Whether somebody has the turn, or waits for it."""
        return key in self._turns

    @asynccontextmanager
    async def take(self, key: str, stop: Callable[[], None] | None = None) -> AsyncIterator[None]:
        """Have the turn. ``stop``: called when another one wants it; ``None``: it will be over soon by itself.

        Raises ``ProblemError`` (423) when the one before does not leave in time.
        """
        turn = self._turns.setdefault(key, _Turn())
        turn.users += 1
        try:
            await self._acquire(turn)
            try:
                turn.stop = stop
                yield
            finally:
                turn.stop = None
                turn.lock.release()
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[key]

    async def _acquire(self, turn: _Turn) -> None:
        if turn.stop is not None:
            turn.stop()
        try:
            async with asyncio.timeout(self._wait_seconds):
                await turn.lock.acquire()
        except TimeoutError as error:
            detail = (
                "Another request is writing to this upload. Ask for its offset in a moment, and go on there."
            )
            raise ProblemError("upload_busy", detail, {"Retry-After": "2"}) from error
