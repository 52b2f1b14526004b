"""What becomes of a message after an attempt. Pure: the time and the jitter are arguments.

The rules (Standard Webhooks, "Delivery success and failure" and "Deliverability"):

1. 2xx is delivered. 410 is given up: the receiver does not want it. Everything else is tried again, redirects too.
2. The pauses grow by ``factor`` from ``first`` to ``longest``, each spread by a quarter up or down; a ``Retry-After``
   of 429 or 503 makes a pause longer, never shorter.
3. A message that is ``max_age`` old is given up when a try fails; one try is made at that very age. But each has
   ``least`` tries: a machine that was off for a week does not give everything up for one bad moment.
4. No answer, 408, 429 and 5xx speak of the receiver rather than of the message (``receiver_failed``).
"""

from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum

MOST_RETRY_AFTER = 86_400.0
"""Seconds; who asks for more is asked again after a day all the same."""

_GROWTH_ENDS = 32
_BUSY = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long and how often a message is tried. Seconds, but for ``factor`` and ``least`` (a number of tries)."""

    first: float = 5.0
    factor: float = 4.0
    longest: float = 6 * 3600.0
    max_age: float = 3 * 86_400.0
    least: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What the receiver said. ``status``: ``None`` when nothing came; then ``reason`` says why, as a sentence."""

    status: int | None
    reason: str = ""
    retry_after: float | None = None

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken the message."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def receiver_failed(self) -> bool:
        """Rule 4."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


class Fate(StrEnum):
    """See the module's rules."""

    DELIVERED = "delivered"
    RETRY = "retry"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``next_at``: when to try again, for ``RETRY`` only. ``error``: why it was not delivered."""

    fate: Fate
    error: str = ""
    next_at: float = 0.0


def decide(
    attempt: Attempt, attempts: int, created_at: float, now: float, patience: Patience, spread: float
) -> Decision:
    """``attempts``: those that failed before this one. ``spread``: a random number in [0, 1)."""
    if attempt.delivered:
        return Decision(fate=Fate.DELIVERED)
    if attempt.status == 410:
        return Decision(fate=Fate.GIVEN_UP, error="The receiver answered 410: it wants no more messages.")
    ends = created_at + patience.max_age
    if now >= ends and attempts + 1 >= patience.least:
        days = patience.max_age / 86_400
        return Decision(fate=Fate.GIVEN_UP, error=f"{attempt.reason} Given up after {days:.3g} days.")
    pause = max(pause_after(attempts, patience, spread), attempt.retry_after or 0.0)
    next_at = min(now + pause, ends) if now < ends else now + pause
    return Decision(fate=Fate.RETRY, error=attempt.reason, next_at=next_at)


def pause_after(attempts: int, patience: Patience, spread: float) -> float:
    """Seconds to wait after a failed attempt that had ``attempts`` failed ones before it."""
    pause = min(patience.longest, patience.first * patience.factor ** min(attempts, _GROWTH_ENDS))
    return pause * (0.75 + spread / 2)


def answered(status: int, retry_after: str | None, now: float) -> Attempt:
    """An answer's meaning. ``retry_after``: the header's text."""
    reason = f"The receiver answered {status}."
    if 300 <= status <= 399:
        reason = f"The receiver answered {status}, a redirect, which is not followed: correct webhook.url."
    if status in (401, 403):
        reason = f"The receiver answered {status}: compare webhook.secret with the receiver's."
    wait = retry_after_seconds(retry_after, now) if status in _BUSY else None
    return Attempt(status=status, reason=reason, retry_after=wait)


def retry_after_seconds(header: str | None, now: float) -> float | None:
    """The header ``Retry-After`` (RFC 9110, 10.2.3): seconds, or a date; ``None`` when it says neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), MOST_RETRY_AFTER)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second: a year or a zone of more digits than a C integer has
        return None
    seconds = at.replace(tzinfo=at.tzinfo or UTC).timestamp() - now
    return min(max(0.0, seconds), MOST_RETRY_AFTER)
