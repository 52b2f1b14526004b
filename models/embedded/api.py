"""Ollama's HTTP API over a ``Service``.

Errors are ``{"error": ...}``; a stream that breaks ends with such a line.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from models.embedded.errors import RequestError
from models.embedded.service import Json, Service
from models.embedded.wire import ChatRequest, GenerateRequest, parse

VERSION = "0.12.0"
"""The version of Ollama whose API this follows; clients compare it."""

MAX_BODY_BYTES = 8 << 20
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def errors_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Translate our errors and aiohttp's into Ollama's shape."""
    try:
        return await handler(request)
    except RequestError as error:
        return web.json_response({"error": str(error)}, status=error.status)
    except web.HTTPException as error:
        return web.json_response({"error": error.reason.lower()}, status=error.status)


class Api:
    """The handlers of one server."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def routes(self) -> list[web.RouteDef]:
        """All routes; GET routes also answer HEAD."""
        return [
            web.get("/", self.hello),
            web.get("/api/version", self.version),
            web.get("/api/tags", self.tags),
            web.get("/api/ps", self.ps),
            web.post("/api/show", self.show),
            web.post("/api/generate", self.generate),
            web.post("/api/chat", self.chat),
        ]

    async def hello(self, _: web.Request) -> web.Response:
        return web.Response(text="Ollama is running")

    async def version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": VERSION})

    async def tags(self, _: web.Request) -> web.Response:
        return web.json_response({"models": [self._service.card.entry()]})

    async def ps(self, _: web.Request) -> web.Response:
        return web.json_response({"models": self._service.running()})

    async def show(self, request: web.Request) -> web.Response:
        try:
            body = await request.json()
            name = str(body.get("model") or body.get("name") or "")
        except (ValueError, AttributeError) as error:
            message = f"invalid request: {error}"
            raise RequestError(message) from error
        self._service.card.check_name(name)
        return web.json_response(self._service.show())

    async def generate(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, parse(GenerateRequest, await request.read()))

    async def chat(self, request: web.Request) -> web.StreamResponse:
        return await self._reply(request, parse(ChatRequest, await request.read()))

    async def _reply(self, http: web.Request, request: GenerateRequest | ChatRequest) -> web.StreamResponse:
        async with self._service.answer(request) as messages:
            if request.stream:
                return await _stream(http, messages)
            return web.json_response(await _join(messages))


async def _stream(http: web.Request, messages: AsyncIterator[Json]) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
    await response.prepare(http)
    try:
        async for message in messages:
            await response.write(_line(message))
    except RequestError as error:
        await response.write(_line({"error": str(error)}))
    except ConnectionResetError:
        # Nobody reads any more; leaving the stream stops the generation.
        return response
    await response.write_eof()
    return response


async def _join(messages: AsyncIterator[Json]) -> Json:
    text = ""
    last: Json = {}
    async for last in messages:
        text += last["message"]["content"] if "message" in last else last["response"]
    if "message" in last:
        return last | {"message": last["message"] | {"content": text}}
    return last | {"response": text}


def _line(message: Json) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def make_app(service: Service) -> web.Application:
    """The application; closing it ends the runner."""
    app = web.Application(middlewares=[errors_as_json], client_max_size=MAX_BODY_BYTES)
    app.add_routes(Api(service).routes())

    async def close(_: web.Application) -> None:
        await service.residency.close()

    app.on_cleanup.append(close)
    return app
