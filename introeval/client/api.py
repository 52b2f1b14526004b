"""``Api``: one daemon's HTTP API. Each method is one request; nothing is retried here.

Every failure is a ``ClientError``: ``DaemonRefusedError`` for an answer that is not a success, ``UnreachableError`` for
no answer, a broken one, or one that is not ours. Time limits are per connect and per silence, never in all: a large
file over a slow link may take an hour.
"""

import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from pydantic import ValidationError

from introeval.client.errors import DaemonRefusedError, Problem, UnreachableError
from introeval.client.shapes import Line, Page, Shape, Status, Submission
from introeval.client.sse import EventParser, StreamEvent

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 120.0
STREAM_SILENCE_SECONDS = 60.0
PAGE = 100

S = TypeVar("S", bound=Shape)
Query = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Receipt:
    """An accepted submission. ``created``: by this request, and not by an earlier one with the same key."""

    id: str
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """What to send: one file, or several pages in their order. ``sha256``: as ``upload.content_digest``. ``key``: the
    idempotency key. ``assignment``: ``None`` is the usual one.

    ``on_bytes`` is told from a worker thread how many bytes have been read in all.
    """

    paths: tuple[Path, ...]
    assignment: str | None = None
    roll_number: str
    name: str
    sha256: str
    key: str
    on_bytes: Callable[[int], None]


class Api:
    """``base_url`` has no slash at its end. Make it with ``connect``."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str) -> None:
        self._session = session
        self.base_url = base_url

    async def status(self) -> Status:
        """The daemon's snapshot."""
        return self.read(Status, await self.status_document())

    async def status_document(self) -> Any:
        """The snapshot as the daemon sent it."""
        return await self.document("GET", "/api/v1/status")

    async def submission(self, task_id: str) -> Submission:
        """One submission with its result."""
        return self.read(Submission, await self.document("GET", f"/api/v1/submissions/{task_id}"))

    async def submissions(self, assignment: str | None = None) -> list[Line]:
        """All submissions (of one assignment), page by page, newest first."""
        only = {} if assignment is None else {"assignment": assignment}
        found: dict[str, Line] = {}
        offset = 0
        while True:
            query = only | {"limit": PAGE, "offset": offset}
            page = self.read(Page, await self.document("GET", "/api/v1/submissions", query=query))
            # Newest first: what arrives meanwhile pushes items to the next page, so one may be seen twice.
            found |= {item.id: item for item in page.items}
            offset += len(page.items)
            if not page.items or offset >= page.total:
                return list(found.values())

    async def submit(self, upload: Upload) -> Receipt:
        """Upload the files. Raises ``OSError`` when one cannot be read."""
        with ExitStack() as stack:
            form = aiohttp.FormData()
            form.add_field("roll_number", upload.roll_number)
            form.add_field("name", upload.name)
            if upload.assignment is not None:
                form.add_field("assignment", upload.assignment)
            # Before the file: a known key with this digest is answered without reading the file again.
            form.add_field("sha256", upload.sha256)
            count = _Count(upload.on_bytes)
            for path in upload.paths:
                file = stack.enter_context(_CountedFile(path, count))
                form.add_field("file", file, filename=path.name, content_type="application/octet-stream")
            with self._translated():
                # "Expect" lets the daemon refuse before the video crosses the line.
                async with self._session.post(
                    f"{self.base_url}/api/v1/submissions",
                    data=form,
                    headers={"Idempotency-Key": upload.key},
                    expect100=True,
                ) as response:
                    document = await self._document(response)
                    return Receipt(str(document["id"]), response.status == 201)

    async def events(self, after: str | None = None) -> AsyncGenerator[StreamEvent, None]:
        """The event stream from ``after`` on, until the daemon ends it."""
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS, sock_read=STREAM_SILENCE_SECONDS)
        parser = EventParser()
        with self._translated():
            async with self._session.get(
                f"{self.base_url}/api/v1/events", headers=headers, timeout=timeout
            ) as response:
                if response.status != 200:
                    await self._document(response)
                async for line in response.content:
                    event = parser.feed(line.decode("utf-8", "replace").rstrip("\r\n"))
                    if event is not None:
                        yield event

    async def document(
        self, method: str, path: str, *, query: Query | None = None, body: Any | None = None
    ) -> Any:
        """The decoded answer of a request; ``body``: sent as JSON."""
        text = None if body is None else json.dumps(body)
        headers = None if body is None else {"Content-Type": "application/json"}
        return (await self.sent(method, path, query=query, body=text, headers=headers))[1]

    async def sent(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: str | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any]:
        """The status and the decoded answer of a request whose body is ``body`` as it is."""
        data = body.encode() if isinstance(body, str) else body
        with self._translated():
            async with self._session.request(
                method, self.base_url + path, params=query, data=data, headers=headers
            ) as response:
                return response.status, await self._document(response)

    async def headers_of(
        self, method: str, path: str, headers: Mapping[str, str], body: AsyncIterator[bytes] | None = None
    ) -> Mapping[str, str]:
        """The headers of an answer without a body."""
        with self._translated():
            async with self._session.request(
                method, self.base_url + path, data=body, headers=headers
            ) as response:
                if response.status >= 400:
                    await self._document(response)
                return response.headers

    async def text(self, path: str, content_type: str) -> str:
        """A text of this type."""
        with self._translated():
            async with self._session.get(self.base_url + path, headers={"Accept": content_type}) as response:
                if response.status != 200 or response.content_type != content_type:
                    await self._document(response)
                    raise UnreachableError(
                        f"What answers at {self.base_url} is another version of introeval."
                    )
                return await response.text()

    async def _document(self, response: aiohttp.ClientResponse) -> Any:
        try:
            body = await response.json(content_type=None)
        except ValueError:
            body = None
        if response.status >= 400:
            problem = Problem.parse(response.status, body, response.headers.get("Retry-After"))
            raise DaemonRefusedError(problem)
        if not isinstance(body, dict):
            raise UnreachableError(f"What answers at {self.base_url} is not introeval.")
        return body

    def read(self, shape: type[S], document: Any) -> S:
        """The answer as this shape. Raises ``UnreachableError`` when it is none."""
        try:
            return shape.model_validate(document)
        except ValidationError as error:
            message = (
                f"What answers at {self.base_url} does not speak this version's API: {error.errors()[0]}"
            )
            raise UnreachableError(message) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise UnreachableError(f"The daemon at {self.base_url} did not answer in time.") from error
        except aiohttp.ClientConnectorError as error:
            message = (
                f"No daemon answers at {self.base_url}. Start one with 'introeval serve', or give --url."
            )
            raise UnreachableError(message) from error
        except aiohttp.InvalidURL as error:
            raise UnreachableError(f"{self.base_url} is not a URL: write it as http://host:port.") from error
        except (aiohttp.ClientError, ConnectionError) as error:
            reason = str(error) or type(error).__name__
            raise UnreachableError(f"The connection to {self.base_url} broke: {reason}.") from error


@asynccontextmanager
async def connect(url: str, silence: float = SILENCE_SECONDS) -> AsyncIterator[Api]:
    """An ``Api`` for the daemon at ``url``; closed at the end. ``silence``: how long it may compute without a word."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=silence)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Api(session, url.rstrip("/"))


class _Count:
    """How many bytes have been read of all files together; they are read one after the other."""

    def __init__(self, on_bytes: Callable[[int], None]) -> None:
        self._on_bytes = on_bytes
        self._done = 0

    def add(self, count: int) -> None:
        self._done += count
        self._on_bytes(self._done)


class _CountedFile(io.BufferedReader):
    """A file that tells how many bytes were read from it. aiohttp knows its size and reads it in a thread."""

    def __init__(self, path: Path, count: _Count) -> None:
        super().__init__(io.FileIO(path))
        self._count = count

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self._count.add(len(data))
        return data
