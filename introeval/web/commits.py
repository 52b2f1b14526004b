"""``Commits``: steps that a dropped connection cannot split, such as naming a file and writing its row.

A request may be cancelled at any moment; its file must not be discarded while the row that speaks of it may still be
committed. So the step runs by itself, and whoever was cancelled waits for its end before going on.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

T = TypeVar("T")


class Commits:
    """The steps under way."""

    def __init__(self) -> None:
        self._running: set[asyncio.Future[Any]] = set()

    async def run(self, step: Callable[[], Awaitable[T]]) -> T:
        """Run ``step`` to its end, also when the caller is cancelled. Raises what it raises."""
        running: asyncio.Future[T] = asyncio.ensure_future(step())
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise

    async def close(self) -> None:
        """Wait for the steps that are under way."""
        await asyncio.gather(*self._running, return_exceptions=True)
