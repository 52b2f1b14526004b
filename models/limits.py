"""``RateLimiter``: how fast we ask: requests and tokens a second, each a token bucket with a burst.

The rules:

1. The limits are the pool's, not a server's: they are what we promise to whoever runs (or sells) the servers. A
   server's own limits are its ``max_concurrent``, and what it says itself with 429 (``RateLimitedError``).
2. Each request that is sent counts, also one that is asked again or taken to another server.
3. Who comes first is let through first. (aiolimiter alone lets small amounts overtake large ones, for ever.)
4. Tokens are reserved by an estimate before, and settled by what the server reports after. What was used beyond the
   estimate is owed, and paid before the next request; what was not used is credit. So it is with a reply that ended
   badly, by what came of it; a request of which nothing came has used what was reserved.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from aiolimiter import AsyncLimiter


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """``None``: no limit. A burst is what may pass at once after a rest: requests, and tokens.

    ``token_burst`` 0: ten seconds' worth. Raises ``ValueError`` when a number is not positive.
    """

    requests_per_second: float | None = None
    request_burst: float = 1.0
    tokens_per_second: float | None = None
    token_burst: float = 0.0

    def __post_init__(self) -> None:
        rates = (self.requests_per_second, self.tokens_per_second)
        if any(rate is not None and rate <= 0 for rate in rates):
            raise ValueError("a rate must be above 0; leave it out for no limit")
        if self.request_burst < 1 or self.token_burst < 0:
            raise ValueError("a burst of requests must be 1 or more, a burst of tokens 0 or more")


class Gate(Protocol):
    """Asked before each request is sent, and told after it what it used."""

    async def admit(self, tokens: int) -> None:
        """Wait until a request of about so many tokens may be sent; they are then reserved."""
        ...

    def settle(self, reserved: int, used: int) -> None:
        """The request that reserved so many tokens used so many, prompt and reply. Not told when nobody knows."""
        ...


class RateLimiter:
    """A ``Gate`` that holds limits. Create and use it in one event loop."""

    def __init__(self, limits: RateLimits) -> None:
        per_second, burst = limits.tokens_per_second, limits.token_burst
        self._requests = _bucket(limits.requests_per_second, limits.request_burst)
        self._tokens = _bucket(per_second, burst or 10 * (per_second or 0))
        self._turn = asyncio.Lock()
        self._owed = 0.0

    @property
    def owed(self) -> float:
        """Tokens that were used and not yet paid for; below 0 it is credit."""
        return self._owed

    async def admit(self, tokens: int) -> None:
        """See the protocol."""
        async with self._turn:
            if self._requests is not None:
                await self._requests.acquire()
            if self._tokens is not None:
                await self._pay(self._tokens, tokens)

    def settle(self, reserved: int, used: int) -> None:
        """See the protocol."""
        if self._tokens is not None:
            self._owed += used - reserved

    async def _pay(self, bucket: AsyncLimiter, tokens: int) -> None:
        self._owed += tokens
        try:
            while self._owed > 0:
                part = min(self._owed, bucket.max_rate)
                await bucket.acquire(part)
                self._owed -= part
        except asyncio.CancelledError:
            self._owed -= tokens
            raise


def _bucket(per_second: float | None, burst: float) -> AsyncLimiter | None:
    """aiolimiter's two numbers: what may pass at once, and the seconds in which as much flows again."""
    return None if per_second is None else AsyncLimiter(burst, burst / per_second)
