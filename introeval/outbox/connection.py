"""The way to the receiver: every connection is checked on the very address that it is about to be made to.

The rules:

1. A name is looked up anew for each connection, and nothing else looks it up: what was checked is what is called, so
   that a name that changes its address between two lookups (DNS rebinding) gains nothing.
2. One refused address among several refuses them all.
3. An address in the URL needs no lookup; it is checked where the socket is made.
4. No redirects, proxies, cookies or kept connections.
5. A lookup that hangs holds one thread of its own, never one of those that the daemon's other parts share.
"""

import asyncio
import socket
import threading
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from aiohttp import AddrInfoType
from aiohttp.abc import AbstractResolver, ResolveResult

from introeval.outbox.addresses import refusal
from introeval.outbox.errors import ForbiddenAddressError

Lookup = Callable[[str, int], list[AddrInfoType]]
"""From host and port to addresses, as ``socket.getaddrinfo`` gives them; blocks; raises ``OSError``."""


def lookup(host: str, port: int) -> list[AddrInfoType]:
    """The machine's own way of looking names up."""
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


class CheckedResolver(AbstractResolver):
    """Looks names up and refuses those that stand for a forbidden address (``ForbiddenAddressError``)."""

    def __init__(self, allow_private: bool, lookup: Lookup = lookup) -> None:
        self._allow_private = allow_private
        self._lookup = lookup
        self._open: dict[tuple[str, int], asyncio.Future[list[AddrInfoType]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """See ``AbstractResolver``. Those who ask for one name at one time share one lookup."""
        key = (host, port)
        if key not in self._open:
            self._open[key] = self._begin(key)
        found = await asyncio.shield(self._open[key])
        results = [
            _result(host, port, info) for info in found if info[0] in (socket.AF_INET, socket.AF_INET6)
        ]
        for result in results:
            check(result["host"], self._allow_private, host)
        if not results:
            raise OSError(None, f"{host} has no address")
        return results

    async def close(self) -> None:
        """Forget the open lookups; a thread that hangs in one ends with it."""
        for future in self._open.values():
            future.cancel()
        self._open.clear()

    def _begin(self, key: tuple[str, int]) -> asyncio.Future[list[AddrInfoType]]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[AddrInfoType]] = loop.create_future()
        future.add_done_callback(lambda done: self._open.pop(key, None))
        # Whoever waited may have lost patience: the error is then nobody's.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

        def settle(found: list[AddrInfoType] | None, error: OSError | None) -> None:
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(found or [])

        def work() -> None:
            found, failed = None, None
            try:
                found = self._lookup(*key)
            except (OSError, UnicodeError) as error:
                failed = error if isinstance(error, OSError) else OSError(None, "not a name")
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(settle, found, failed)

        threading.Thread(target=work, name="webhook-lookup", daemon=True).start()
        return future


def check(address: str, allow_private: bool, host: str | None = None) -> None:
    """Raise ``ForbiddenAddressError`` unless ``address`` (which ``host`` stands for, if given) may be called."""
    kind = refusal(address, allow_private)
    if kind is None:
        return
    advice = "correct webhook.url"
    if refusal(address, allow_private=True) is None:
        advice += ", or set webhook.allow_private if the receiver is inside your own network"
    found = address if host is None else f"{host} stands for {address}, which"
    raise ForbiddenAddressError(f"{found} is {kind}: {advice}.")


def open_session(
    allow_private: bool, connect_seconds: float, timeout_seconds: float, resolver: AbstractResolver
) -> aiohttp.ClientSession:
    """A session that keeps the rules. ``connect_seconds``: lookup, connection and TLS; ``timeout_seconds``: all."""

    def make_socket(info: AddrInfoType) -> socket.socket:
        check(str(info[4][0]), allow_private)
        return socket.socket(family=info[0], type=info[1], proto=info[2])

    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            resolver=resolver,
            use_dns_cache=False,
            force_close=True,
            limit=0,
            socket_factory=make_socket,
        ),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds, connect=connect_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
    )


def _result(host: str, port: int, info: AddrInfoType) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=str(info[4][0]),
        port=port,
        family=info[0],
        proto=info[2],
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
