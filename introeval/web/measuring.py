"""``Measuring``: what computes for seconds or minutes, without holding the daemon or anybody else up.

The rules:

1. One at a time: who comes meanwhile hears when to come back (503 with ``Retry-After``). Threads that compute take
   turns anyway, and each takes time from the event loop.
2. It runs in a thread, which asks at each step whether somebody still waits (``heed``). When the client has left or the
   service stops, that raises, and the thread ends within a step.
3. The next one begins only when the thread has ended.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from introeval.web.problems import ProblemError

T = TypeVar("T")
Heed = Callable[[], None]

LOOK_SECONDS = 0.5
"""Between two looks at whether somebody still waits; a connection that ends wakes nobody."""

_RETRY = {"Retry-After": "15"}
_BUSY = "Another comparison is being computed. Try again in a moment."
_STOPPING = "The service is stopping, so the comparison was not finished. Try again in a minute."
_LEFT = "Nobody waits for this comparison any more."


class Measuring:
    """One for all of the application's comparisons. ``stop``: set when the service stops."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop
        self._work: asyncio.Task[object] | None = None

    async def run(self, request: web.Request, compute: Callable[[Heed], T]) -> T:
        """What ``compute`` returns or raises. ``compute`` calls its argument often. Raises ``ProblemError`` (503)."""
        if self._stop.is_set():
            raise self._refusal()
        if self._work is not None:
            raise ProblemError("unavailable", _BUSY, _RETRY)
        given_up = threading.Event()

        def heed() -> None:
            if given_up.is_set():
                raise self._refusal()

        work = asyncio.create_task(asyncio.to_thread(compute, heed), name="measuring")
        self._work = work
        work.add_done_callback(self._ended)
        try:
            while not work.done():
                await asyncio.wait([work], timeout=LOOK_SECONDS)
                if self._stop.is_set() or request.transport is None:
                    given_up.set()
            return work.result()
        finally:
            given_up.set()

    def _refusal(self) -> ProblemError:
        stopping = self._stop.is_set()
        return ProblemError(
            "stopping" if stopping else "unavailable", _STOPPING if stopping else _LEFT, _RETRY
        )

    def _ended(self, work: asyncio.Task[object]) -> None:
        self._work = None
        if not work.cancelled():
            # Looked at, so that nobody calls it forgotten where the handler itself was cancelled.
            work.exception()
