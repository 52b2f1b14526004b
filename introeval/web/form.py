"""Reads a multipart upload part by part; the file's bytes pass through in chunks and are never held.

Rules: whatever a client sends ends in a ``ProblemError`` or a form, never in a library's exception; the number of
text fields, their bytes and the number of files are bounded; a silent client is cut,
and one that sends a little now and then (``pace``).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiohttp import BodyPartReader, ClientError, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from introeval.web.pace import Pace
from introeval.web.problems import ProblemError

CHUNK = 64 * 1024
MAX_TEXTS = 12
MAX_FIELD_BYTES = 1024
OVERHEAD = 64 * 1024
"""Bytes that boundaries, part headers and text fields may add to the file's own."""

TEXT_FIELDS = frozenset({"roll_number", "name", "assignment", "sha256", "idempotency_key"})
_PLAIN = {"", "7bit", "8bit", "binary", "identity"}


class TextField(NamedTuple):
    """A text field as it was sent."""

    name: str
    value: str


class Patience:
    """How long a body is waited for, and how slow it may be."""

    def __init__(self, content: StreamReader, idle_seconds: float, pace: Pace) -> None:
        self._content = content
        self._idle = idle_seconds
        self._pace = pace

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """As the function ``reading``; who comes too slowly is cut, too."""
        now = asyncio.get_running_loop().time
        began = now()
        async with reading(self._idle):
            yield
        if self._pace.too_slow(now() - began, self._content.total_bytes):
            detail = "The upload came too slowly and was ended. Send it again over a better line."
            raise ProblemError("upload_stalled", detail, {"Connection": "close"})


class FilePart:
    """The file: iterate over ``chunks`` once."""

    def __init__(self, part: BodyPartReader, patience: "Patience") -> None:
        self._part = part
        self._patience = patience
        self.file_name = display_name(part.filename or "")

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes as they come."""
        while not self._part.at_eof():
            async with self._patience.reading():
                chunk = await self._part.read_chunk(CHUNK)
            if chunk:
                yield chunk


async def parts(
    request: web.Request, idle_seconds: float, most_files: int, least_rate: float = 0
) -> AsyncIterator[TextField | FilePart]:
    """The fields in the order in which they come. A file must be read before the next part is asked for."""
    if request.content_type != "multipart/form-data":
        raise ProblemError(
            "not_multipart", "Send multipart/form-data with a field 'file', as /openapi.json says."
        )
    patience = Patience(request.content, idle_seconds, Pace(least_rate))
    async with patience.reading():
        reader = await request.multipart()
    texts = files = 0
    while texts <= MAX_TEXTS and files <= most_files:
        async with patience.reading():
            part = await reader.next()
        if part is None:
            return
        if not isinstance(part, BodyPartReader) or _encoded(part):
            raise ProblemError("malformed_body", "A part of the body is nested or encoded; send it plainly.")
        if part.name == "file":
            files += 1
            yield FilePart(part, patience)
        else:
            texts += 1
            yield await _text(part, patience)
    if files > most_files:
        raise ProblemError("too_many_files", f"At most {most_files} files are accepted at a time.")
    raise ProblemError("malformed_body", f"The body has more than {MAX_TEXTS} text fields.")


async def _text(part: BodyPartReader, patience: "Patience") -> TextField:
    name = part.name or ""
    value = bytearray()
    while not part.at_eof():
        async with patience.reading():
            value += await part.read_chunk(CHUNK)
        if len(value) > MAX_FIELD_BYTES:
            shown = name if name in TEXT_FIELDS else "a field"
            raise ProblemError("bad_field", f"{shown}: at most {MAX_FIELD_BYTES} bytes are accepted.")
    try:
        return TextField(name, value.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise ProblemError("bad_field", "A field is not UTF-8 text.") from error


@asynccontextmanager
async def reading(idle_seconds: float) -> AsyncIterator[None]:
    """Every way in which reading a body can go wrong, as a problem."""
    try:
        async with asyncio.timeout(idle_seconds):
            yield
    except TimeoutError as error:
        detail = f"Nothing arrived for {idle_seconds:g} seconds, so the upload was ended. Send it again."
        raise ProblemError("upload_stalled", detail, {"Connection": "close"}) from error
    except (ValueError, AssertionError, RuntimeError, LookupError) as error:
        raise ProblemError("malformed_body", "The multipart body is malformed or cut off.") from error
    except (ClientError, HttpProcessingError, OSError, EOFError) as error:
        # Mostly nobody is left to read this; an answer is made all the same.
        raise ProblemError("malformed_body", "The body ended too early.") from error


def _encoded(part: BodyPartReader) -> bool:
    headers = (part.headers.get("Content-Encoding", ""), part.headers.get("Content-Transfer-Encoding", ""))
    return any(value.strip().lower() not in _PLAIN for value in headers)


def display_name(given: str) -> str:
    """The user's file name, for people only: no path, nothing that cannot be printed."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char for char in last if char.isprintable())[:120]
