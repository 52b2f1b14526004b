"""``Door``: accepts connections, never more than there is room for.

The rules:

1. At most ``connections`` are open. While there are as many, none is accepted: who comes waits in the kernel's backlog,
   is not reset, and is let in when somebody has left.
2. One client (``client_of``: an address) has at most ``per_client`` of them, so that one machine cannot shut all others
   out. Who comes beyond that hears 503 with ``Retry-After`` at once, and is none of the ``connections``: whoever keeps
   coming back takes nobody's room. At most ``FAREWELLS`` are given the time to read it; the rest is told and cut.
3. No descriptor left (EMFILE and its like): accepting rests for ``REST`` seconds and goes on. Nothing spins, nobody is
   dropped. (libuv's own answer to EMFILE is to accept and to close, which its clients see as a reset.)
4. What a connection that failed before it was accepted leaves behind (ECONNABORTED) is nobody's trouble.
"""

import asyncio
import errno
import logging
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from introeval.farewell import SENT_AWAY, Farewell
from introeval.web.places import client_of
from scheduler.errors import ConfigurationError

log = logging.getLogger(__name__)

REST = 0.5
"""Seconds without accepting after the descriptors ran out."""

FAREWELLS = 64
"""Clients at once that have time to read why they are sent away. Their descriptors are of ``descriptors.RESERVE``."""

UNHEARD_MS = 300_000
"""A client that acknowledges nothing of what was sent to it for so long is gone (``TCP_USER_TIMEOUT``)."""

BACKLOG = 4096
"""Connections that wait in the kernel, as far as ``net.core.somaxconn`` allows (4096 since Linux 5.4)."""

_BURST = 64
_ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_BROKEN = {errno.EBADF, errno.EINVAL, errno.ENOTSOCK, errno.EFAULT}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorLimits:
    """See the module's rules."""

    connections: int = 4096
    per_client: int = 3072


def bind(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of ``host`` that this machine has. Raises ``ConfigurationError``."""
    listeners: list[socket.socket] = []
    absent: OSError | None = None
    try:
        for family, _, _, _, address in dict.fromkeys(
            socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        ):
            try:
                listeners.append(_listener(family, address))
            except OSError as error:
                if error.errno not in _ABSENT:
                    raise
                # "localhost" is also ::1 on machines without IPv6.
                absent = error
        if absent is not None and not listeners:
            raise absent
    except OSError as error:
        for listener in listeners:
            listener.close()
        message = f"Cannot listen on {host}:{port} ({error.strerror}): choose another --port."
        raise ConfigurationError(message) from error
    return listeners


def _listener(family: int, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


class Door:
    """``serving``: makes a connection's protocol. ``open``: connections now; ``leaving``: those that are sent away.

    Call ``close`` before the rest ends.
    """

    def __init__(
        self,
        listeners: Sequence[socket.socket],
        serving: Callable[[], asyncio.Protocol],
        limits: DoorLimits,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._listeners = listeners
        self._serving = serving
        self._limits = limits
        self._loop = loop
        self._clients: Counter[str] = Counter()
        self._welcomes: set[asyncio.Task[None]] = set()
        self._resting: asyncio.TimerHandle | None = None
        self._listening = False
        self._closed = False
        self.open = 0
        self.leaving = 0
        self._listen()

    async def close(self) -> None:
        """Accept nobody any more; connections stay as they are."""
        self._closed = True
        self._pause()
        if self._resting is not None:
            self._resting.cancel()
        for listener in self._listeners:
            listener.close()
        await asyncio.gather(*self._welcomes, return_exceptions=True)

    def left(self, client: str) -> None:
        """A connection of this client has ended."""
        self.open -= 1
        self._clients[client] -= 1
        if not self._clients[client]:
            del self._clients[client]
        self._listen()

    def _listen(self) -> None:
        if not (self._listening or self._closed or self._resting) and self.open < self._limits.connections:
            self._listening = True
            for listener in self._listeners:
                self._loop.add_reader(listener, self._accept_some, listener)

    def _pause(self) -> None:
        if self._listening:
            self._listening = False
            for listener in self._listeners:
                self._loop.remove_reader(listener)

    def _rest(self) -> None:
        self._pause()
        self._resting = self._loop.call_later(REST, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._listen()

    def _accept_some(self, listener: socket.socket) -> None:
        for _ in range(_BURST):
            if self.open >= self._limits.connections:
                self._pause()
                return
            try:
                guest, address = listener.accept()
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    log.warning("no descriptor for a connection", extra={"count": self.open})
                    self._rest()
                elif error.errno in _BROKEN:
                    raise
                return
            self._welcome(guest, client_of(str(address[0])))

    def _welcome(self, guest: socket.socket, client: str) -> None:
        guest.setblocking(False)
        guest.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        if self._clients[client] >= self._limits.per_client:
            self._send_away(guest)
            return
        self.open += 1
        self._clients[client] += 1
        self._begin(guest, self._serving, lambda: self.left(client))

    def _send_away(self, guest: socket.socket) -> None:
        if self.leaving >= FAREWELLS:
            with suppress(OSError):
                guest.send(SENT_AWAY)
            guest.close()
            return
        self.leaving += 1
        self._begin(guest, lambda: Farewell(self._loop), self._heard)

    def _heard(self) -> None:
        self.leaving -= 1

    def _begin(
        self, guest: socket.socket, serving: Callable[[], asyncio.Protocol], left: Callable[[], None]
    ) -> None:
        welcome = self._loop.create_task(self._connect(guest, serving, left))
        self._welcomes.add(welcome)
        welcome.add_done_callback(self._welcomes.discard)

    async def _connect(
        self, guest: socket.socket, serving: Callable[[], asyncio.Protocol], left: Callable[[], None]
    ) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: _Guest(serving(), left), guest)
        except OSError:
            # It has gone already.
            guest.close()
            left()


class _Guest(asyncio.Protocol):
    """A connection's protocol, and the door's knowledge of its end."""

    def __init__(self, inner: asyncio.Protocol, left: Callable[[], None]) -> None:
        self._inner = inner
        self._left = left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        try:
            self._inner.connection_lost(exc)
        finally:
            self._left()
