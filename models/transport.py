"""HTTP to one Ollama server, before any meaning: bounded, checked, and with our own errors.

The rules:

1. Every wait is bounded, and so is everything that is read.
2. No redirect is followed, no proxy of the environment is used, no compression is asked for or accepted.
3. aiohttp's exceptions end here: what leaves this file is one of ``models.errors``.
4. Each request has its own connection, and leaving it (cancellation included) closes that connection, which is how
   Ollama learns that nobody waits for the tokens any more. A kept connection to a server that was restarted since
   would look like a failure of the server.
"""

import asyncio
import errno
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp
from pydantic import BaseModel, ValidationError

from models.address import authorization
from models.breaker import retry_after_seconds
from models.config import ServerConfig
from models.errors import (
    ContextOverflowError,
    ModelUnavailableError,
    RateLimitedError,
    RequestRefusedError,
    ServerBusyError,
    ServerStatusError,
    ServerTimeoutError,
    ServerUnreachableError,
    StreamCutError,
    WrongServiceError,
)
from scheduler.errors import AttemptFailedError

B = TypeVar("B", bound=BaseModel)
MAX_BODY_BYTES = 1 << 20
"""For answers that are not a reply: lists of models, errors."""
CONTENT_TYPES = ("application/x-ndjson", "application/json")
NOBODY_THERE = {errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.ENETUNREACH, errno.EAFNOSUPPORT}
"""``localhost`` is two addresses, and one of the two families may not exist on the machine."""


class _ErrorBody(BaseModel):
    error: str


class Transport:
    """Requests to one server. Create and use it in one event loop; ``close`` it."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._url = config.address
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections. Idempotent; the next request would open anew."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def fetch(
        self, method: str, path: str, shape: type[B], seconds: float, body: dict[str, Any] | None = None
    ) -> B:
        """One request without a stream: its answer, of the given shape, within ``seconds``."""
        async with self.within(seconds, "an answer"), self.request(method, path, body) as response:
            data = await self._body_of(response)
        try:
            return shape.model_validate_json(data)
        except ValidationError:
            raise self._wrong(f"its answer to {path} has another shape") from None

    @asynccontextmanager
    async def request(
        self, method: str, path: str, body: dict[str, Any] | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send, and check that what answers is Ollama and has not refused."""
        with self.translated():
            response = await self._open().request(method, self._url + path, json=body, allow_redirects=False)
        try:
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise self._wrong("it compresses its answers unasked")
            if response.status != 200:
                raise await self._refusal(response)
            if response.content_type not in CONTENT_TYPES:
                raise self._wrong(f"it sends {response.content_type[:80]}")
            yield response
        finally:
            response.close()

    async def _refusal(self, response: aiohttp.ClientResponse) -> AttemptFailedError:
        """What an answer other than 200 means."""
        config, status = self._config, response.status
        try:
            said = _ErrorBody.model_validate_json(await self._body_of(response)).error[:200]
        except ValidationError:
            said = None
        why = said or "no reason given"
        if status in (429, 503):
            after = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
            when = "" if after is None else f" It is left alone for {after:g} s."
            if status == 503:
                return ServerBusyError(f"{config.name} answered 503: {why}.{when}", retry_after=after)
            return RateLimitedError(
                f"{config.name} allows no more requests now: {why}.{when}", retry_after=after
            )
        if status >= 500:
            return ServerStatusError(f"{config.name} answered {status}: {why}")
        if status == 413:
            # A proxy's as a rule, in HTML; whoever sends it, it is about this request and not about the server.
            return RequestRefusedError(
                f"{config.name} refuses the request as too large (413). Raise the limit of the proxy before it (nginx: "
                "client_max_body_size), or send less at once."
            )
        if said is None:
            return self._wrong(f"it answers {status}")
        if status == 404:
            return ModelUnavailableError(
                f"{config.name} ({config.address}) does not have the model {config.model}. On its machine run: "
                f"ollama pull {config.model}"
            )
        if status == 400 and "context" in said and ("exceed" in said or "length" in said):
            return ContextOverflowError(f"{config.name} refused the prompt as too long: {said}")
        return RequestRefusedError(f"{config.name} refused the request with {status}: {said}")

    async def _body_of(self, response: aiohttp.ClientResponse) -> bytes:
        data = bytearray()
        with self.translated():
            async for chunk in response.content.iter_any():
                data += chunk
                if len(data) > MAX_BODY_BYTES:
                    raise self._wrong("its answer is too long")
        return bytes(data)

    def _wrong(self, why: str) -> WrongServiceError:
        return WrongServiceError(
            f"What answers at {self._config.address} is not Ollama: {why}. Set the address of {self._config.name}, or "
            "stop the other service."
        )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._config.connect_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity", **authorization(self._config.url)},
                auto_decompress=False,
            )
        return self._session

    @asynccontextmanager
    async def within(self, seconds: float, what: str) -> AsyncIterator[None]:
        """Bound a block; ``what`` did not come when the time is over (``ServerTimeoutError``)."""
        try:
            async with asyncio.timeout(seconds) as deadline:
                yield
        except TimeoutError:
            if not deadline.expired():
                raise
            raise ServerTimeoutError(f"{self._config.name} did not give {what} in {seconds:g} s.") from None

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Raise our exceptions for those of aiohttp."""
        config = self._config
        try:
            yield
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            raise ServerUnreachableError(
                f"{config.name} cannot be reached at {config.address}.", refused=_refused(error)
            ) from error
        except (aiohttp.ServerConnectionError, aiohttp.ClientPayloadError, aiohttp.ClientOSError) as error:
            raise StreamCutError(f"{config.name} cut the connection.") from error
        except aiohttp.ClientError as error:
            raise self._wrong("it does not speak HTTP as expected") from error


def _refused(error: aiohttp.ClientError) -> bool:
    """The connection was refused at every address of the name (several errors arrive as one text)."""
    numbers = {int(number) for number in re.findall(r"\[Errno (\d+)\]", str(getattr(error, "os_error", "")))}
    return errno.ECONNREFUSED in numbers and numbers <= NOBODY_THERE
