"""``Flights``: the same work, wanted by several callers at once, is done once (*single flight*).

The rules:

1. Whoever comes first begins the work, in a task of its own; who comes meanwhile waits for it. All get its result or
   its error.
2. A caller that is cancelled leaves. When the last one leaves, the work is cancelled, and its end is waited for.
3. Work that nobody waits for any more is not joined: who comes then begins anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from scheduler.ports import Progress

R = TypeVar("R")
Begin = Callable[[Progress], Awaitable[R]]


@dataclass(slots=True, eq=False)
class _Flight(Generic[R]):
    watchers: list[Progress] = field(default_factory=list)
    last: tuple[float, str | None] | None = None
    task: asyncio.Task[R] | None = None

    def tell(self, fraction: float, server: str | None = None) -> None:
        """A ``Progress`` for all who wait."""
        named = server or (self.last and self.last[1])
        self.last = (fraction, named or None)
        for watcher in self.watchers:
            watcher(fraction, server)


class Flights(Generic[R]):
    """The work in flight, by key."""

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[R]] = {}

    async def join(self, key: str, progress: Progress, begin: Begin[R]) -> tuple[R, bool]:
        """The result of the work under ``key``, and whether this call began it. Raises what the work raises."""
        flight = self._flights.get(key)
        mine = flight is None
        if flight is None:
            flight = self._flights[key] = _Flight()
        flight.watchers.append(progress)
        if flight.last is not None:
            progress(*flight.last)
        if flight.task is None:
            flight.task = asyncio.create_task(self._fly(key, flight, begin))
        return await self._wait(key, flight, flight.task, progress), mine

    async def _fly(self, key: str, flight: _Flight[R], begin: Begin[R]) -> R:
        try:
            return await begin(flight.tell)
        finally:
            self._forget(key, flight)

    async def _wait(self, key: str, flight: _Flight[R], task: asyncio.Task[R], progress: Progress) -> R:
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            flight.watchers.remove(progress)
            if not flight.watchers and not task.done():
                self._forget(key, flight)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            raise

    def _forget(self, key: str, flight: _Flight[R]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
