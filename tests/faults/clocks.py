"""A clock that runs faster than the world, so that pauses of minutes pass in a test."""

import asyncio

from introeval.clock import SystemClock


class HurriedClock(SystemClock):
    """``speed`` of its seconds pass in each real one, for pauses and records alike."""

    def __init__(self, speed: float = 60.0) -> None:
        self._speed = speed
        self._began, self._started = super().now(), super().monotonic()

    def now(self) -> float:
        return self._began + self.monotonic()

    def monotonic(self) -> float:
        return (super().monotonic() - self._started) * self._speed

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        return await super().wait(event, None if seconds is None else seconds / self._speed)
