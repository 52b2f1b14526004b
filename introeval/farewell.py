"""``Farewell``: a connection that there is no room for. It says why and when to come back, and closes."""

import asyncio
from typing import cast

FAREWELL = 2.0
"""Seconds that a client who is sent away has to read why; what it sends meanwhile is dropped."""

_BODY = (
    b'{"type":"urn:introeval:problem:busy","title":"Many are handing in at this moment","status":503,'
    b'"detail":"Too many connections come from your address. Nothing is lost: try again soon.","code":"busy"}'
)
SENT_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\nRetry-After: 5\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class Farewell(asyncio.Protocol):
    """Says why and closes. Not at once: closing with unread bytes makes a reset, which may destroy the answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast, because uvloop's transports are no subclass.
        stream = cast(asyncio.Transport, transport)
        stream.write(SENT_AWAY)
        stream.write_eof()
        self._closing = self._loop.call_later(FAREWELL, stream.close)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._closing is not None:
            self._closing.cancel()
