"""An Ollama that speaks the recorded protocol on a real port, and misbehaves on demand.

Lines, headers and statuses are those of Ollama's own documentation of ``/api/generate``, ``/api/ps`` and ``/api/tags``.
"""

import asyncio
import json
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from tests.models.moods import Mood

__all__ = ["GOOD", "FakeOllama", "Mood", "fake_ollama"]

GOOD = '{"score": 7}'
AT = "2025-03-01T10:00:00.000000Z"


class FakeOllama:
    """One server. ``script``: moods of the next requests, then ``mood``. Prompts that were read: ``prompts``.

    ``reply_to``: makes the reply out of the prompt, ``reply_for`` out of the request; without them it is ``reply``.
    ``leftovers``: models of an earlier life, in memory too. ``shown``, ``show_status``: what ``/api/show`` says.
    ``hangs_loading``: loading a model never ends. ``room``: how many requests it takes at once before it answers 503.
    """

    def __init__(self, model: str = "mistral") -> None:
        self.model, self.url, self.port = f"{model}:latest", "", 0
        self.mood, self.script, self.reply = Mood.WELL, list[Mood](), GOOD
        self.reply_to: Callable[[str], str] | None = None
        self.reply_for: Callable[[dict[str, Any]], str] | None = None
        self.shown: dict[str, Any] = {"capabilities": ["completion"]}
        self.show_status = 200
        self.prompts: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.calls: list[str] = []
        self.in_memory = False
        self.leftovers: set[str] = set()
        self.unloads = True
        self.loads = True
        self.hangs_loading = False
        self.room: int | None = None
        self.silent = False
        self.installed = True
        self.retry_after = "70"
        self.gate, self.asked, self.given_up = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._over = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._open: list[asyncio.Transport] = []

    async def start(self) -> None:
        """Listen; after ``kill`` on the same port again, with nothing in memory."""
        app = web.Application()
        app.router.add_post("/api/generate", self._generate)
        app.router.add_get("/api/ps", self._ps)
        app.router.add_get("/api/tags", self._tags)
        app.router.add_post("/api/show", self._show)
        self._over.clear()
        self.in_memory = False
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self.port}"

    async def kill(self) -> None:
        """End as a killed process does: connections are reset, then refused."""
        runner, self._runner = self._runner, None
        if runner is not None:
            for transport in self._open:
                transport.abort()
            self._over.set()
            await runner.cleanup()

    async def _ps(self, request: web.Request) -> web.Response:
        self.calls.append("ps")
        if self.silent:
            await self._over.wait()
        names = [*([self.model] if self.in_memory else []), *sorted(self.leftovers)]
        rows = [{"name": n, "model": n, "size": 1, "size_vram": 0, "expires_at": AT} for n in names]
        return web.json_response({"models": rows})

    async def _tags(self, request: web.Request) -> web.Response:
        if self.silent:
            await self._over.wait()
        return web.json_response({"models": [{"name": self.model}] if self.installed else None})

    async def _show(self, request: web.Request) -> web.Response:
        self.calls.append("show")
        if self.silent:
            await self._over.wait()
        return web.json_response(self.shown, status=self.show_status)

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert request.transport is not None
        transport = request.transport
        self._open.append(transport)
        try:
            if self.silent:
                await self._over.wait()
            if body["model"] in self.leftovers and body["keep_alive"] == 0:
                return self._drop(body["model"])
            if body["model"] not in (self.model, self.model.removesuffix(":latest")):
                return await self._error(404, f"model '{body['model']}' not found")
            return await (self._ask(request, body) if body["prompt"] else self._touch(body))
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        finally:
            self._open.remove(transport)

    async def _touch(self, body: dict[str, Any]) -> web.StreamResponse:
        unload = body["keep_alive"] == 0
        self.calls.append("unload" if unload else "load")
        if not unload and self.hangs_loading:
            await self._over.wait()
        if not unload and not self.loads:
            return web.json_response(
                {"error": "llama runner process has terminated: out of memory"}, status=500
            )
        if not unload or self.unloads:
            self.in_memory = not unload
        reason = "unload" if unload else "load"
        return web.json_response(
            {"model": self.model, "created_at": AT, "response": "", "done": True, "done_reason": reason}
        )

    def _drop(self, leftover: str) -> web.Response:
        self.calls.append(f"unload {leftover}")
        if self.unloads:
            self.leftovers.discard(leftover)
        return web.json_response({"model": leftover, "created_at": AT, "response": "", "done": True})

    async def _ask(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        self.bodies.append(body)
        self.prompts.append(body["prompt"])
        self.calls.append("ask")
        self.in_memory = True
        mood = self.script.pop(0) if self.script else self.mood
        if self.room is not None and len(self._open) > self.room:
            mood = Mood.BUSY
        self.asked.set()
        if mood in _PLAIN:
            return await _PLAIN[mood](self)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        response.enable_chunked_encoding()
        if mood is Mood.HELD:
            await self.gate.wait()
        elif mood is Mood.HANG_FIRST:
            await self._over.wait()
        await response.prepare(request)
        async for line in self._lines(mood, body):
            await response.write(line)
        if mood is Mood.CUT and request.transport is not None:
            request.transport.abort()
        return response

    def _reply(self, body: dict[str, Any]) -> str:
        if self.reply_for is not None:
            return self.reply_for(body)
        return self.reply_to(body["prompt"]) if self.reply_to else self.reply

    async def _lines(self, mood: Mood, body: dict[str, Any]) -> AsyncIterator[bytes]:
        prompt = body["prompt"]
        if mood is Mood.GIANT_LINE:
            yield b'{"response": "' + b"x" * 600_000
        while mood in (Mood.WHITESPACE, Mood.ENDLESS):
            yield self._line(" \n\t " if mood is Mood.WHITESPACE else "word " * 50)
            await asyncio.sleep(0)
        text = "" if mood is Mood.EMPTY else self._reply(body)
        for part in re.findall(r".{1,4}", text, re.DOTALL):
            yield self._line(part)
            if mood is Mood.CUT:
                return
            if mood is Mood.HANG_BETWEEN:
                await self._over.wait()
            if mood is Mood.BAD_JSON:
                yield b'{"response": \n'
            if mood is Mood.LATE_GIANT:
                yield b'{"response": "' + b"x" * 600_000
            if mood is Mood.ERROR_LINE:
                yield b'{"error":"an error was encountered while running the model: CUDA error"}\n'
        read = 3 if mood is Mood.CUT_PROMPT else len(re.findall(r"\w+|[^\w\s]", prompt)) + 20
        end: dict[str, Any] = {"done": True, "done_reason": "length" if mood is Mood.LENGTH else "stop"}
        listed = body["options"]["num_ctx"] if mood is Mood.LONG_CONTEXT else 3
        end |= {"context": [128_255] * listed, "total_duration": 9_000_000, "load_duration": 2_000_000}
        end |= {} if mood is Mood.NO_COUNT else {"prompt_eval_count": read, "prompt_eval_duration": 1_000_000}
        end |= {"eval_count": len(text) // 4, "eval_duration": 6_000_000}
        yield self._line("", **end)

    def _line(self, text: str, **end: Any) -> bytes:
        line = {"model": self.model, "created_at": AT, "response": text, "done": False} | end
        return json.dumps(line).encode() + b"\n"

    async def _error(self, status: int, message: str) -> web.Response:
        return web.json_response({"error": message}, status=status)

    async def _limited(self, status: int = 429) -> web.Response:
        body, headers = {"error": "too many concurrent requests"}, {"Retry-After": self.retry_after}
        return web.json_response(body, status=status, headers=headers)

    async def _html(self, status: int = 200) -> web.Response:
        return web.Response(text="<h1>It works!</h1>", content_type="text/html", status=status)

    async def _gzip(self) -> web.Response:
        packed = zlib.compress(b"0" * 50_000_000, wbits=31)
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/x-ndjson"}
        return web.Response(body=packed, headers=headers)

    async def _redirect(self) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{self.url}/api/elsewhere"})


_PLAIN: dict[Mood, Callable[[FakeOllama], Awaitable[web.StreamResponse]]] = {
    Mood.MISSING: lambda fake: fake._error(404, f"model '{fake.model}' not found"),
    Mood.ERROR: lambda fake: fake._error(500, "llama runner process has terminated"),
    Mood.BUSY: lambda fake: fake._error(503, "server busy, please try again"),
    Mood.BUSY_FOR: lambda fake: fake._limited(503),
    Mood.LIMITED: FakeOllama._limited,
    Mood.TOO_LONG: lambda fake: fake._error(400, "the input length exceeds the context length"),
    Mood.WRONG_SERVICE: FakeOllama._html,
    Mood.TOO_LARGE: lambda fake: fake._html(413),
    Mood.GZIP: FakeOllama._gzip,
    Mood.REDIRECT: FakeOllama._redirect,
}


@asynccontextmanager
async def fake_ollama(model: str = "mistral") -> AsyncIterator[FakeOllama]:
    """A running fake; killed at the end."""
    fake = FakeOllama(model)
    await fake.start()
    try:
        yield fake
    finally:
        await fake.kill()
