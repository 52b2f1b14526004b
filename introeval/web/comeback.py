"""``Comeback``: when those who cannot be served now are told to come back (``Retry-After``). Pure.

The rules:

1. Everybody gets a time of their own, one after the other at the pace at which uploads have been finishing: so a crowd
   that came in one moment comes back as a stream that can be served.
2. The pace is measured while there is a crowd (between two uploads that ended while others waited); before that, it is
   a guess. Idle time says nothing about the pace.
3. Jitter of up to a fifth is added on top: it is never less than promised to those who were told before.
4. Nobody is sent away for longer than ``most``. Whom that would concern comes back at a random time in its second half.
"""

from random import Random

LEAST, MOST = 1.0, 300.0
"""Seconds."""

_WEIGHT = 0.05
"""Of the newest gap in the mean: about the last twenty uploads count."""


class Comeback:
    """``gap``: seconds between two uploads that end, until it was measured. ``jitter``: a seeded source."""

    def __init__(self, jitter: Random, gap: float = 0.1, most: float = MOST) -> None:
        self._jitter = jitter
        self._most = most
        self._next = 0.0
        self._last: float | None = None
        self.gap = gap

    def served(self, now: float, *, crowded: bool) -> None:
        """An upload ended. ``crowded``: others wait for its place."""
        if self._last is not None:
            self.gap += _WEIGHT * (max(0.0, now - self._last) - self.gap)
        self._last = now if crowded else None

    def seconds(self, now: float, gap: float | None = None) -> int:
        """The seconds for one who is sent away; each call gives out a time. ``gap``: instead of the measured pace."""
        self._next = max(self._next, now + LEAST) + (self.gap if gap is None else gap)
        ahead = self._next - now
        if ahead * 1.2 > self._most:
            self._next = min(self._next, now + self._most)
            ahead = self._most * (0.5 + self._jitter.random() / 2)
        else:
            ahead *= 1 + self._jitter.random() / 5
        return max(1, round(ahead))
