"""``VirtualLoop``: an event loop whose time passes only when all wait. Not for SQLite: its thread is not seen."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


TURN_SECONDS = 1e-8
"""What each turn of the loop takes: a timer may be set for a moment that rounding makes the present one."""


class _Jumping(selectors.DefaultSelector):
    """Instead of waiting for a timer, it says by how much the time is to jump."""

    jumped = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        self.jumped += TURN_SECONDS + (timeout or 0.0 if not ready else 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Starts at 0 seconds."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.jumped


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run to the end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
