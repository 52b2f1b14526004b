"""``BadLine``: a TCP relay before the real server that breaks one connection in mid body, as lab Wi-Fi does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

_BLOCK = 16_384


class BadLine:
    """``cut_after``: so many bytes go up in all before the line breaks, once. ``before_cut``: waited for then. ``up``:
    bytes that went up.
    """

    def __init__(
        self, host: str, port: int, cut_after: int, before_cut: Callable[[], Awaitable[None]]
    ) -> None:
        self._host = host
        self._port = port
        self._cut_after: int | None = cut_after
        self._before_cut = before_cut
        self._relayed: set[asyncio.Task[None]] = set()
        self.up = 0
        self.cuts = 0
        self.url = ""

    @classmethod
    @asynccontextmanager
    async def before(
        cls, host: str, port: int, cut_after: int, before_cut: Callable[[], Awaitable[None]]
    ) -> AsyncIterator["BadLine"]:
        """Relay to a server; ``url`` is where."""
        line = cls(host, port, cut_after, before_cut)
        server = await asyncio.start_server(line._connected, "127.0.0.1", 0)
        line.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            async with server:
                yield line
        finally:
            for relayed in line._relayed:
                relayed.cancel()
            await asyncio.gather(*line._relayed, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relayed = asyncio.create_task(self._relayed_up(reader, writer))
        self._relayed.add(relayed)
        relayed.add_done_callback(self._relayed.discard)

    async def _relayed_up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._host, self._port)
        down = asyncio.create_task(self._relay(far_reader, writer))
        try:
            await self._up(reader, writer, far_writer)
            far_writer.close()
            await down
        finally:
            down.cancel()
            far_writer.close()
            writer.close()

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, far_writer: asyncio.StreamWriter
    ) -> None:
        with suppress(ConnectionError):
            while block := await reader.read(_BLOCK):
                self.up += len(block)
                far_writer.write(block)
                await far_writer.drain()
                if self._cut_after is not None and self.up >= self._cut_after:
                    self._cut_after = None
                    self.cuts += 1
                    await self._before_cut()
                    # What went up arrives; the client's side is gone at once.
                    writer.transport.abort()
                    break

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while block := await reader.read(_BLOCK):
                writer.write(block)
                await writer.drain()
        writer.close()
