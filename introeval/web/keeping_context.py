"""What the web needs to know of keeping: the dates of submissions, and whom to tell that one changed."""

from collections.abc import Callable
from dataclasses import dataclass

from db.keeping import Keeping


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingPorts:
    """``days``: how long submissions are kept whose assignment says nothing; ``None``: until somebody deletes them.

    ``wake``: called after a date has changed; must not block.
    """

    dates: Keeping
    days: float | None
    wake: Callable[[], None]
