"""``CommitHub``: tells open streams that the tables changed. It carries no data, so nothing can pile up in it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class CommitHub:
    """Wakes subscribers; each then reads what is new to it from the events table."""

    def __init__(self) -> None:
        self._subscribers: set[asyncio.Event] = set()

    def __len__(self) -> int:
        return len(self._subscribers)

    def notify(self) -> None:
        """Something was committed. Call it from the event loop's thread; never blocks."""
        for changed in self._subscribers:
            changed.set()

    @contextmanager
    def subscribe(self) -> Iterator[asyncio.Event]:
        """An event that is set after each commit; the subscriber clears it before it reads."""
        changed = asyncio.Event()
        self._subscribers.add(changed)
        try:
            yield changed
        finally:
            self._subscribers.discard(changed)
