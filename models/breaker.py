"""``Breaker``: whether a server may be asked, after it failed. No clock and no I/O: ``now`` is an argument.

The rules:

1. *Closed*: the server is in use. A failure opens the breaker.
2. *Open*: nobody asks the server until ``opened_until``; then the pool probes it (and loads its model). Each failure in
   a row doubles the time, up to the most; a server that says itself for how long (429, 503) is believed.
3. *Half open*: the trial went well, so the server is in use again, but it still has to prove itself: the next failure
   opens the breaker for longer than the last one did. A reply closes it; a further probe that went well does so only if
   no request has failed: a server may tell its models and its version all day and still answer every request with 500.
4. Jitter takes up to half of the time away, so that several servers (or several daemons) that failed in one moment are
   not asked again in one moment. It comes from the caller's own seeded source.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from random import Random

MOST_RETRY_AFTER = 3600.0
"""Seconds; a server that asks for more is asked again after this time all the same."""


class BreakerState(StrEnum):
    """See the module's rules."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(slots=True, kw_only=True)
class Breaker:
    """One server's. ``first``, ``most``: seconds. ``strikes``: failures in a row. ``opened_until``: as ``now``.

    ``told``: the time is the server's own word. ``unproven``: a request failed, and none was answered since.
    ``jitter``: a seeded source, or ``None`` for exact times.
    """

    first: float
    most: float
    jitter: Random | None = None
    state: BreakerState = BreakerState.CLOSED
    strikes: int = 0
    opened_until: float = 0.0
    told: bool = False
    unproven: bool = False

    def barred(self, now: float) -> bool:
        """Whether the server asked to be left alone, and that time is not over."""
        return self.told and now < self.opened_until

    def next_try(self, now: float) -> float | None:
        """Seconds until the server is tried again, 0 when that is due; ``None`` while it is in use."""
        return max(0.0, self.opened_until - now) if self.state is BreakerState.OPEN else None

    def failed(self, now: float, retry_after: float | None = None, *, request: bool = False) -> None:
        """A probe, a load or a ``request`` failed; ``retry_after``: the seconds that the server asked for."""
        self.strikes += 1
        self.unproven = self.unproven or request
        self.told = retry_after is not None
        delay = backoff(self.strikes, self.first, self.most)
        if retry_after is not None:
            delay = min(max(retry_after, self.first), MOST_RETRY_AFTER)
        elif self.jitter is not None:
            delay *= 1 - self.jitter.random() / 2
        self.state, self.opened_until = BreakerState.OPEN, now + delay

    def trial_passed(self) -> None:
        """A probe (with the load that belongs to it) went well."""
        if self.state is BreakerState.OPEN:
            self.state = BreakerState.HALF_OPEN
        elif not self.unproven:
            self.state, self.strikes = BreakerState.CLOSED, 0

    def proven(self) -> None:
        """The server answered a request. An answer to one from before the failure proves nothing."""
        if self.state is not BreakerState.OPEN:
            self.state, self.strikes, self.unproven = BreakerState.CLOSED, 0, False


def backoff(failures: int, first: float, most: float) -> float:
    """Seconds for which a server that failed ``failures`` times in a row is left alone: doubling, up to ``most``."""
    return float(min(most, first * 2 ** min(failures - 1, 16)))


def retry_after_seconds(header: str | None, now: datetime) -> float | None:
    """The header ``Retry-After`` (RFC 9110, 10.2.3) as seconds, at most ``MOST_RETRY_AFTER``; ``None``: it says neither
    seconds nor a date.
    """
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(min(int(text[:9]), MOST_RETRY_AFTER))
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second: a year or a zone of more digits than a C integer has
        return None
    wait = (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds()
    return min(max(0.0, wait), MOST_RETRY_AFTER)
