"""``RawBody``: a request's body as bytes, as they come. What arrived before a cut comes before the cut is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import ClientError, web
from aiohttp.http_exceptions import HttpProcessingError

from introeval.web.pace import Pace
from introeval.web.problems import ProblemError

_CLOSE = {"Connection": "close"}


class RawBody:
    """Iterate over ``chunks`` once. Every way in which reading can go wrong is a ``ProblemError``."""

    def __init__(self, request: web.Request, idle_seconds: float, least_rate: float = 0) -> None:
        self._pace = Pace(least_rate)
        self._request = request
        self._idle = idle_seconds
        self._patience: asyncio.Timeout | None = None
        self._stopped = False
        self._too_slow = False

    def stop(self) -> None:
        """Another request goes on with the upload: read nothing more."""
        self._stopped = True
        # Two may ask in the same turn of the loop; what is expiring already cannot be moved.
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, until their end. Raises ``ProblemError`` after the last that came, if that was not the end."""
        while not self._is_stopped():
            try:
                chunk = await self._next()
            except TimeoutError as error:
                if self._is_stopped():
                    break
                detail = (
                    f"Nothing arrived for {self._idle:g} seconds. What came before is kept: go on from there."
                )
                raise ProblemError("upload_stalled", detail, _CLOSE) from error
            except (ClientError, HttpProcessingError, OSError, EOFError) as error:
                if rest := _left_over(self._request.content):
                    yield rest
                # Mostly nobody is left to read this; an answer is made all the same.
                raise ProblemError("malformed_body", "The body ended too early.", _CLOSE) from error
            if not chunk:
                return
            yield chunk
            if self._too_slow:
                detail = (
                    "The upload comes too slowly. What came is kept: go on from there over a better line."
                )
                raise ProblemError("upload_stalled", detail, _CLOSE)
        raise ProblemError("upload_busy", "Another request goes on with this upload.", _CLOSE)

    def _is_stopped(self) -> bool:
        return self._stopped

    async def _next(self) -> bytes:
        now = asyncio.get_running_loop().time
        began = now()
        try:
            async with asyncio.timeout(self._idle) as self._patience:
                return await self._request.content.readany()
        finally:
            self._patience = None
            self._too_slow = self._pace.too_slow(now() - began, self._request.content.total_bytes)


def _left_over(content: Any) -> bytes:
    # The reader tells of a cut before it hands out what it still holds; without an exception it does.
    content.set_exception(None)
    return bytes(content.read_nowait(-1))
