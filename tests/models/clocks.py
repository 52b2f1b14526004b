"""``EagerClock``: the drivers' ``Clock`` for tests. Waiting takes no time, it only moves the clock."""

import asyncio


class EagerClock:
    """Every wait ends at once, as if its whole time had passed. ``waits``: what was waited for, in seconds."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.waits: list[float] = []
        self._waited = asyncio.Event()

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        if not event.is_set():
            if seconds is None:
                return await event.wait()
            self.waits.append(seconds)
            self.time += seconds
            self._waited.set()
            await asyncio.sleep(0)
        return event.is_set()

    async def reached(self, count: int) -> None:
        """Return once so many waits have taken place."""
        while len(self.waits) < count:
            self._waited.clear()
            await self._waited.wait()
