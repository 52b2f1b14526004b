"""How each of several tasks ended (``Outcome``), and how far all of them are (``Shares``). Pure."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from models.worker import Generation
from scheduler.errors import WorkError
from scheduler.ports import Progress

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Generic[T]):
    """One task of a stream has ended: with a ``generation`` or an ``error``. ``index``: its place in the sequence."""

    index: int
    generation: Generation[T] | None = None
    error: WorkError | None = None


class Shares:
    """The progress of ``count`` tasks as one: the mean of theirs, told to ``progress`` with each change."""

    def __init__(self, count: int, progress: Progress) -> None:
        self._fractions = [0.0] * count
        self._progress = progress

    def of(self, index: int) -> Progress:
        """The ``Progress`` of one task."""

        def tell(fraction: float, server: str | None = None) -> None:
            self._fractions[index] = fraction
            self._progress(sum(self._fractions) / len(self._fractions), server)

        return tell

    def ended(self, index: int) -> None:
        """One task has ended, well or not."""
        self.of(index)(1.0)
