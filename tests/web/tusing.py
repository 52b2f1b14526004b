"""tus by hand: the requests of a client, one at a time, and connections that break in mid body."""

import asyncio
import base64
import io
from collections.abc import Mapping
from typing import Any

import aiohttp
from yarl import URL

from introeval.web.resumable.headers import OFFSET_TYPE
from tests.web.running import VIDEO, Room

FILES = "/files/"
VERSION = {"Tus-Resumable": "1.0.0"}
FIELDS: dict[str, str | bytes] = {"filename": "intro.mp4", "roll_number": "R-17", "name": "Asha Rao"}


def metadata(**fields: str | bytes) -> str:
    """``Upload-Metadata``; ``FIELDS`` are there unless they are given."""
    values = {
        name: value.encode() if isinstance(value, str) else value for name, value in (FIELDS | fields).items()
    }
    return ",".join(f"{name} {base64.b64encode(value).decode()}" for name, value in values.items())


async def create(
    room: Room, length: int | None = len(VIDEO), body: bytes | None = None, /, **fields: str | bytes
) -> aiohttp.ClientResponse:
    """Ask for a new upload; with ``body`` as its first bytes."""
    size = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    kind = {} if body is None else {"Content-Type": OFFSET_TYPE}
    headers = VERSION | size | kind | {"Upload-Metadata": metadata(**fields)}
    return await room.client.post(FILES, data=body, headers=headers)


async def begun(room: Room, length: int | None = len(VIDEO), **fields: str | bytes) -> str:
    """The path of a new upload."""
    answer = await create(room, length, None, **fields)
    assert answer.status == 201, await answer.text()
    return URL(answer.headers["Location"]).path


async def patch(
    room: Room, path: str, content: bytes, offset: int = 0, **headers: str
) -> aiohttp.ClientResponse:
    """Send bytes; underscores in the names of further headers stand for dashes."""
    sent = VERSION | {"Content-Type": OFFSET_TYPE, "Upload-Offset": str(offset)}
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await room.client.patch(path, data=io.BytesIO(content), headers=sent | more)


async def head(room: Room, path: str) -> aiohttp.ClientResponse:
    """Ask how far it is."""
    return await room.client.head(path, headers=VERSION)


async def offset(room: Room, path: str) -> int:
    """The offset that a client would go on at."""
    answer = await head(room, path)
    assert answer.status == 200
    return int(answer.headers["Upload-Offset"])


async def state(room: Room, path: str) -> dict[str, Any]:
    """What ``GET`` says."""
    answer = await room.client.get(path)
    found: dict[str, Any] = await answer.json()
    return found


class Line:
    """A connection that sends a PATCH with fewer bytes than it announces."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def patching(
        cls, room: Room, path: str, at: int, announced: int, headers: Mapping[str, str] | None = None
    ) -> "Line":
        """Open it and send the head of the request."""
        url = room.client.make_url("/")
        line = cls(*await asyncio.open_connection(url.host, url.port))
        sent = {
            "Host": f"{url.host}:{url.port}",
            "Content-Type": OFFSET_TYPE,
            "Content-Length": str(announced),
            "Upload-Offset": str(at),
        }
        lines = [f"{name}: {value}" for name, value in (sent | VERSION | dict(headers or {})).items()]
        await line.send("\r\n".join([f"PATCH {path} HTTP/1.1", *lines, "", ""]).encode())
        return line

    async def send(self, content: bytes) -> None:
        self._writer.write(content)
        await self._writer.drain()

    async def end(self) -> None:
        """Say goodbye (FIN) in the middle; returns when the server has closed as well."""
        self._writer.write_eof()
        await self._reader.read()
        self._writer.close()

    def abort(self) -> None:
        """Vanish (RST): what the other side has not read yet is lost."""
        self._writer.transport.abort()

    async def answer(self) -> bytes:
        """The refusal that the server sends."""
        said = await self._reader.readuntil(b"}")
        self._writer.close()
        return said


async def until_stored(room: Room, path: str, size: int) -> None:
    """Wait until so many bytes count."""
    while (await state(room, path))["received"] < size:  # noqa: ASYNC110 - a folder has no event to wait for
        await asyncio.sleep(0)
