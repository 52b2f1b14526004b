"""What the web needs to know of keeping: the dates of submissions, and whom to tell that one changed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from db.keeping import Keeping

Expire = Callable[[], Awaitable[int]]
"""Forgets what has expired; returns how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingPorts:
    """``days``: how long submissions are kept whose assignment says nothing; ``None``: until somebody deletes them.

    ``wake``: called after a date has changed; must not block. ``expire_by``: called once, at the start, with what
    forgets uploads in pieces whose time is over: only the web knows who is writing to them.
    """

    dates: Keeping
    days: float | None
    wake: Callable[[], None]
    expire_by: Callable[[Expire], None] = lambda expire: None
