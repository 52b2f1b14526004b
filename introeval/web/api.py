"""The handlers of ``/api/v1`` and of the machines that watch the daemon. Each reads, asks, and shapes an answer."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from db.views import Submission
from introeval.assignments import AssignmentError
from introeval.web.context import WebContext
from introeval.web.events import EventStreams
from introeval.web.files import file_response
from introeval.web.inputs import EventsQuery, ListQuery
from introeval.web.intake import Receiver
from introeval.web.kinds import words_of
from introeval.web.metrics import CONTENT_TYPE as METRICS_TYPE
from introeval.web.metrics import Metrics
from introeval.web.present import status_body, submission_body
from introeval.web.problems import ProblemError
from introeval.web.status_schema import HealthBody
from introeval.web.submissions import Reader
from scheduler.errors import IntroevalError, StateError

_log = structlog.get_logger(__name__)

Q = TypeVar("Q", bound=BaseModel)


class Api:
    """The endpoints."""

    def __init__(self, context: WebContext, receiver: Receiver, reader: Reader, metrics: Metrics) -> None:
        self._context = context
        self._receiver = receiver
        self._reader = reader
        self._metrics = metrics
        self._streams = EventStreams(context)
        self.describe: Callable[[], str] = str
        """The OpenAPI document as JSON, which ``introeval.web.app`` sets when all operations are known."""

    async def create(self, request: web.Request) -> web.StreamResponse:
        accepted = await self._receiver.receive(request)
        task_id = accepted.task.id
        if wants_html(request):
            # 303: the browser goes on with GET, and a reload sends nothing again.
            return web.Response(status=303, headers={"Location": f"/s/{task_id}"})
        where = {"Location": f"/api/v1/submissions/{task_id}"}
        try:
            body = await self._reader.body(await self._reader.find(task_id))
        except StateError as error:
            # It is committed: tables that cannot be read at this moment take nothing of that back.
            if not accepted.created:
                safe = f"This was accepted before and is stored, as {task_id}; what became of it cannot be read now."
                raise ProblemError("unavailable", safe, where | {"Retry-After": "60"}) from error
            _log.warning("submission not read back", task_id=task_id, exc_info=error)
            body = submission_body(Submission(task=accepted.task), None, None)
        return answer(body, status=201 if accepted.created else 200, headers=where)

    async def before_body(self, request: web.Request) -> None:
        """``Expect: 100-continue``: the client sends the body only when nothing speaks against it yet."""
        if request.headers.get("Expect", "").lower() != "100-continue":
            raise web.HTTPExpectationFailed
        # A refusal is raised by the handler again, where it becomes a problem; only the invitation is left out here.
        try:
            await self._receiver.admit(request)
        except IntroevalError as error:
            self._receiver.admission.remember(request, error)
            return
        if request.transport is not None:
            request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    async def submission(self, request: web.Request) -> web.StreamResponse:
        found = await self._reader.find(request.match_info["id"])
        return answer(await self._reader.body(found))

    async def submissions(self, request: web.Request) -> web.StreamResponse:
        query = query_of(request, ListQuery)
        if query.assignment is not None:
            try:
                await self._context.library.latest(query.assignment)
            except AssignmentError as error:
                raise ProblemError("not_found", str(error)) from error
        return answer(await self._reader.page(query))

    async def file(self, request: web.Request) -> web.StreamResponse:
        found = await self._reader.find(request.match_info["id"])
        play = words_of(found.task.kind).spoken
        name = f"submission-{found.task.id}"
        return await asyncio.to_thread(lambda: file_response(self._reader.file(found), name, play=play))

    async def status(self, request: web.Request) -> web.StreamResponse:
        return answer(status_body(await self._context.status()))

    async def events(self, request: web.Request) -> web.StreamResponse:
        return await self._streams.serve(request, query_of(request, EventsQuery))

    async def openapi(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text=await asyncio.to_thread(self.describe), content_type="application/json")

    async def healthz(self, request: web.Request) -> web.StreamResponse:
        return answer(HealthBody(ok=True))

    async def readyz(self, request: web.Request) -> web.StreamResponse:
        checks = {"stopping": "yes" if self._context.stop.is_set() else "no"}
        try:
            await self._context.status()
            checks["state"] = "ok"
            await self._receiver.room.require_room(0)
            checks["storage"] = "ok"
        except IntroevalError as error:
            checks["storage" if "state" in checks else "state"] = error.code
        ok = checks == {"stopping": "no", "state": "ok", "storage": "ok"}
        return answer(HealthBody(ok=ok, checks=checks), status=200 if ok else 503)

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        text = await self._metrics.text(await self._context.status(), self._context.views)
        return web.Response(body=text, headers={"Content-Type": METRICS_TYPE})


def answer(body: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A model as JSON; never kept by a cache."""
    return web.Response(
        status=status,
        text=body.model_dump_json(),
        content_type="application/json",
        headers={"Cache-Control": "no-store"} | (headers or {}),
    )


def wants_html(request: web.Request) -> bool:
    """A browser's navigation asks for HTML by name; programs do not."""
    return "text/html" in request.headers.get("Accept", "")


def query_of(request: web.Request, shape: type[Q]) -> Q:
    """The query, validated; empty values count as not given. Raises ``ProblemError``."""
    try:
        return shape.model_validate({name: value for name, value in request.query.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:40]
        raise ProblemError("bad_parameter", f"The parameter '{where}' is wrong: {first['msg']}.") from error
