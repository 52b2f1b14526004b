"""How far an installation is, as a value for a progress bar."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """Checking what is there, fetching bytes, assembling and hashing them, skipping a source, done."""

    CHECKING = "checking"
    FETCHING = "fetching"
    ASSEMBLING = "assembling"
    SKIPPED = "skipped"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullProgress:
    """``done`` of ``total`` bytes of this step; ``source`` names where they come from (empty: the cache).

    Bytes that an earlier run left behind count as done from the first report of a step on, so a rate is the
    growth between two reports. ``detail``: why a source was skipped.
    """

    name: str
    step: Step
    source: str = ""
    done: int = 0
    total: int = 0
    detail: str = ""


OnProgress = Callable[[PullProgress], None]
"""Called from the event loop or from a worker thread; must not block and must not raise."""
