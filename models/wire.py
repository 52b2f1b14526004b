"""Ollama's API as far as we use it: generate, load, unload, what is installed, what is in memory."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import BaseModel

from models.config import ServerConfig, canonical
from models.errors import ServerTimeoutError, SlowReplyError
from models.stream import ReplyStream
from models.task import LLMTask
from models.transport import Transport


class _ModelRow(BaseModel):
    name: str


class _ModelRows(BaseModel):
    models: list[_ModelRow] | None


class _Done(BaseModel):
    done: bool


class OllamaWire:
    """A connection-less client of one server. Create and use it in one event loop; ``close`` it."""

    def __init__(self, config: ServerConfig) -> None:
        self._config = config
        self._transport = Transport(config)

    async def close(self) -> None:
        """Close all connections. Idempotent."""
        await self._transport.close()

    def reply(self) -> ReplyStream:
        """An empty reply of this server, for ``generate`` to fill."""
        config = self._config
        return ReplyStream(config.name, config.max_reply_bytes, config.num_ctx)

    async def generate(
        self, task: LLMTask[Any], prompt: str, stream: ReplyStream, on_chunk: Callable[[int], None]
    ) -> None:
        """Ask, and read the reply into ``stream`` to its end. ``on_chunk`` is called with the number of chunks so far.

        ``prompt``: the task's, or that of a further attempt. However this ends, ``stream`` has what came.

        Raises ``SlowReplyError`` when tokens came but not all in time; else as ``models.stream`` and
        ``models.transport`` say.
        """
        config = self._config
        body = self._question(task, prompt)
        try:
            async with asyncio.timeout(config.timeout_seconds) as whole:
                await self._read_reply(body, stream, on_chunk)
        except TimeoutError:
            if not whole.expired():
                raise
            what = f"{config.name} did not finish a reply in {config.timeout_seconds:g} s"
            raise (SlowReplyError if stream.chunks else ServerTimeoutError)(f"{what}.") from None

    async def touch(self, keep_alive: str | int, seconds: float, model: str | None = None) -> None:
        """Load the model (or with ``keep_alive`` 0 begin to unload it): a request with an empty prompt.

        ``model``: another one than ours.
        """
        named = {} if model is None else {"model": model}
        await self._transport.fetch(
            "POST",
            "/api/generate",
            _Done,
            seconds,
            self._body(prompt="", stream=False, keep_alive=keep_alive, **named),
        )

    async def installed(self) -> frozenset[str]:
        """The models that the server could load."""
        return await self._names("/api/tags")

    async def running(self) -> frozenset[str]:
        """The models that are in memory, or on their way into or out of it."""
        return await self._names("/api/ps")

    def _question(self, task: LLMTask[Any], prompt: str) -> dict[str, Any]:
        # Newer servers refuse a prompt that does not fit when told so; older ones ignore the two and cut it.
        body = self._body(prompt=prompt, stream=True, truncate=False, shift=False)
        body["options"] |= task.options.sampling
        if task.schema is not None:
            body["format"] = task.schema
        if task.system:
            body["system"] = task.system
        if task.images:
            body["images"] = [b64encode(image).decode("ascii") for image in task.images]
        if task.options.reasoning is not None:
            body["think"] = task.options.reasoning
        return body

    def _body(self, **fields: Any) -> dict[str, Any]:
        config = self._config
        return {"model": config.model, "options": config.options, "keep_alive": config.keep_alive, **fields}

    async def _names(self, path: str) -> frozenset[str]:
        rows = await self._transport.fetch("GET", path, _ModelRows, self._config.probe_seconds)
        return frozenset(canonical(row.name) for row in rows.models or ())

    async def _read_reply(
        self, body: dict[str, Any], stream: ReplyStream, on_chunk: Callable[[int], None]
    ) -> None:
        config, now = self._config, asyncio.get_running_loop().time
        async with (
            self._until(now() + config.first_token_seconds) as deadline,
            self._transport.request("POST", "/api/generate", body) as response,
        ):
            while stream.end is None:
                with self._transport.translated():
                    data = await response.content.readany()
                if not data:
                    stream.finish()
                    return
                stream.feed(data)
                if stream.chunks:
                    on_chunk(stream.chunks)
                    deadline.reschedule(now() + config.between_tokens_seconds)

    @asynccontextmanager
    async def _until(self, when: float) -> AsyncIterator[asyncio.Timeout]:
        try:
            async with asyncio.timeout_at(when) as deadline:
                yield deadline
        except TimeoutError:
            if not deadline.expired():
                raise
            raise ServerTimeoutError(
                f"{self._config.name} did not give the next token in its time."
            ) from None
