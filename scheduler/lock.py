"""``PhaseLock``: the one lock, as a state machine without waiting.

The source's sketch had two semaphores, one per side; nothing tied them together, so STT and a language model could
run at once. Here there is one owner, and taking the lock is not a request that may block but a claim that is
checked: whoever drives it has already decided, and a claim that does not fit is a bug that must be heard.

1. Work may be held only by the side that owns the machine.
2. The owner changes only through ``SWITCHING``, and only while nothing is held.
3. A breach changes nothing, is counted and raises ``ConcurrencyViolationError``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from scheduler.errors import ConcurrencyViolationError
from scheduler.task import Phase


@dataclass(slots=True)
class PhaseLock:
    """``owner``: whose phase it is. ``held``: pieces of the owner's work in progress. ``violations``: breaches seen."""

    owner: Phase = Phase.SWITCHING
    held: int = 0
    violations: int = 0

    @contextmanager
    def work(self, side: Phase) -> Iterator[None]:
        """Hold the lock for one piece of ``side``'s work (shared among work of the same side)."""
        if self.owner is not side:
            raise self._breach(f"{side} work was started while {self.owner} owns the machine")
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    def release(self) -> None:
        """The owner gives the machine up: from now on it is being handed over."""
        if self.held:
            raise self._breach(f"{self.owner} was to be left with {self.held} pieces of its work running")
        self.owner = Phase.SWITCHING

    def acquire(self, side: Phase) -> None:
        """``side`` takes the machine, which nobody owns."""
        if self.owner is not Phase.SWITCHING:
            raise self._breach(f"{side} was to take the machine from {self.owner} without a hand-over")
        self.owner = side

    def _breach(self, what: str) -> ConcurrencyViolationError:
        self.violations += 1
        return ConcurrencyViolationError(what)
