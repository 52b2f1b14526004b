"""``SystemClock``: the ``Clock`` port on the machine's own time."""

import asyncio
import time


class SystemClock:
    """Wall time for records, monotonic time for spans."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""
        return time.monotonic()

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        """Wait for ``event`` (True) or until ``seconds`` are over (False)."""
        try:
            async with asyncio.timeout(seconds):
                return await event.wait()
        except TimeoutError:
            return False
