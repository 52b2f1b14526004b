"""The college's system: a real HTTP server on a real port that answers as a test says, and remembers what it heard."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class Heard:
    """One request: its headers that count, and its body."""

    id: str
    timestamp: int
    signature: str
    text: str
    headers: dict[str, str]

    @property
    def body(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.text)
        return parsed

    @property
    def task(self) -> str:
        return str(self.body["data"]["id"])

    @property
    def version(self) -> int:
        return int(self.body["data"]["assignment_version"])

    def signed_by(self, secret: str) -> bool:
        """Whether one of the signatures is this secret's; whatever the time is."""
        at = datetime.fromtimestamp(self.timestamp, UTC)
        return Webhook(secret).sign(self.id, at, self.text) in self.signature.split(" ")


Answer = Callable[[Heard], int | web.Response | Awaitable[web.Response]]


@dataclass
class College:
    """``answer``: what it says to each request; a status, a response, or something to wait for."""

    answer: Answer = lambda heard: 204
    heard: list[Heard] = field(default_factory=list)
    url: str = ""
    port: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _server: TestServer | None = None

    async def open(self) -> None:
        """Listen; on the same port again when it did before."""
        app = web.Application()
        app.router.add_post("/{path:.*}", self._hear)
        self._server = TestServer(app, host="127.0.0.1", port=self.port or None)
        await self._server.start_server()
        self.port = int(self._server.port or 0)
        self.url = f"http://127.0.0.1:{self.port}/hooks"

    async def close(self) -> None:
        """Be dead."""
        if self._server is not None:
            await self._server.close()

    async def has_heard(self, count: int) -> list[Heard]:
        """Wait for so many requests in all."""
        while len(self.heard) < count:
            self._news.clear()
            await self._news.wait()
        return self.heard

    async def _hear(self, request: web.Request) -> web.StreamResponse:
        heard = Heard(
            id=request.headers["webhook-id"],
            timestamp=int(request.headers["webhook-timestamp"]),
            signature=request.headers["webhook-signature"],
            text=await request.text(),
            headers=dict(request.headers),
        )
        self.heard.append(heard)
        self._news.set()
        answer = self.answer(heard)
        if isinstance(answer, int):
            return web.Response(status=answer)
        return answer if isinstance(answer, web.Response) else await answer


@asynccontextmanager
async def college(answer: Answer | None = None) -> AsyncIterator[College]:
    """One that listens."""
    opened = College(answer) if answer else College()
    await opened.open()
    try:
        yield opened
    finally:
        await opened.close()
