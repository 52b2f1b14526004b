"""Waiting for what a daemon does by its own signs, and never longer than a limit that says what was waited for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

_LINE = 1 << 12


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Raises ``TimeoutError`` with ``what`` when the body takes longer; other errors of it pass as they are."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError as error:
        if limit.expired():
            raise TimeoutError(f"{what} within {seconds} s") from error
        raise


class StatusLines:
    """The service manager's end of sd_notify(3): the daemon sends a line when it serves and after each commit.

    Commits by which no event is recorded are told by nothing else. ``address``: the ``NOTIFY_SOCKET`` to be given.
    """

    def __init__(self, datagrams: socket.socket) -> None:
        self._datagrams = datagrams
        self.address = "@" + datagrams.getsockname()[1:].decode()

    @classmethod
    @contextmanager
    def open(cls) -> Iterator["StatusLines"]:
        """From now on no line is missed: one that finds no room is lost, but then others wait to be read."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
            datagrams.setblocking(False)
            # Without a name Linux gives it a free one in the abstract namespace (unix(7), "autobind").
            datagrams.bind("")
            yield cls(datagrams)

    async def next(self) -> str:
        """The next line; what it tells of was committed before it was sent."""
        return (await asyncio.get_running_loop().sock_recv(self._datagrams, _LINE)).decode()
