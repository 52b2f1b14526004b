"""``build_app``: the routes of the web, put together. Nothing runs until the application starts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import structlog
from aiohttp import web

from introeval.web.admission import Admission
from introeval.web.api import Api
from introeval.web.assets import Assets
from introeval.web.assignment_operations import assignment_operations
from introeval.web.assignment_pages import AssignmentPages
from introeval.web.assignment_runs import AssignmentRuns
from introeval.web.assignments import AssignmentReader, Assignments
from introeval.web.authoring import Authoring
from introeval.web.authoring_operations import authoring_operations
from introeval.web.context import WebContext
from introeval.web.edge import Edge
from introeval.web.html import Html
from introeval.web.intake import Receiver
from introeval.web.metrics import Metrics
from introeval.web.openapi import document
from introeval.web.operation import Operation
from introeval.web.operations import operations
from introeval.web.pages import Pages
from introeval.web.resumable.tus import PATH, Tus
from introeval.web.resumable.tus_operations import tus_operations
from introeval.web.retention import Retention, retention_operations
from introeval.web.session_grading import SessionGradings
from introeval.web.session_images import ImageReceiver
from introeval.web.session_operations import session_operations
from introeval.web.sessions import SessionReader, Sessions
from introeval.web.submissions import Reader
from introeval.web.trust import Trust, trust_operations

Lifetime = Callable[[web.Application], AsyncIterator[None]]

_log = structlog.get_logger(__name__)


def build_app(context: WebContext) -> web.Application:
    """The application. Run it with ``handler_cancellation`` off (aiohttp's default).

    At start it removes what a crash left of uploads; at shutdown it ends the streams and waits for commits.
    """
    receiver, reader, metrics, assets = Receiver(context), Reader(context), Metrics(), Assets()
    metrics.watch(receiver.admission.places)
    html = Html(assets)
    pages = Pages(context, reader, html)
    edge = Edge(context, html, pages, metrics, receiver.admission)
    assignments = AssignmentReader(context)
    runs = AssignmentRuns(context, assignments, reader)
    homework = AssignmentPages(context, assignments, reader, runs, html)
    app = web.Application(middlewares=[edge.middleware])
    app.on_response_prepare.append(edge.harden)
    api = Api(context, receiver, reader, metrics)
    work = assignment_operations(Assignments(context, assignments), runs)
    trust = trust_operations(Trust(context, assignments))
    exams = authoring_operations(Authoring(context, assignments, receiver))
    kept = retention_operations(Retention(context, reader))
    tus = Tus(context, receiver)
    pieces = tus_operations(tus)
    _add_api(
        app,
        api,
        (*operations(api), *pieces, *work, *trust, *exams, *kept, *_sessions(app, context, receiver)),
    )
    app.on_response_prepare.append(tus.mark)
    for method, handler in (("POST", tus.create), ("OPTIONS", tus.options)):
        app.router.add_route(method, PATH.rstrip("/"), handler)
    app.router.add_get("/", pages.teacher)
    app.router.add_get("/submit", pages.form)
    app.router.add_get("/s/{id}", pages.student)
    app.router.add_get("/assignments", homework.all)
    app.router.add_get("/assignments/{id}", homework.one)
    app.router.add_get("/assignments/{id}/preview", homework.preview)
    app.router.add_get("/static/{name}", assets.serve)
    app.cleanup_ctx.append(_uploads(receiver))
    app.cleanup_ctx.append(_pieces(context, tus))
    app.cleanup_ctx.append(_streams(context, receiver.admission))
    app.on_shutdown.append(_stop(context))
    return app


def _add_api(app: web.Application, api: Api, table: Sequence[Operation]) -> None:
    own_head = {operation.path for operation in table if operation.method == "HEAD"}
    for operation in table:
        if operation.method == "GET":
            # A HEAD of a stream would hold a connection open for nothing.
            streams = operation.answers[200].content_type == "text/event-stream"
            head = not streams and operation.path not in own_head
            app.router.add_get(operation.path, operation.handler, allow_head=head)
        else:
            app.router.add_route(
                operation.method, operation.path, operation.handler, expect_handler=operation.before_body
            )
    # Made when it is first asked for: a fifth of the time of a start, and few ever ask.
    api.describe = cache(lambda: document(table, _version()))


def _sessions(app: web.Application, context: WebContext, receiver: Receiver) -> tuple[Operation, ...]:
    images, sessions = ImageReceiver(context, receiver.admission), SessionReader(context)
    app.cleanup_ctx.append(_uploads(images))
    return session_operations(
        Sessions(context, sessions, images), SessionGradings(context, sessions, receiver)
    )


def _uploads(receiver: Receiver | ImageReceiver) -> Lifetime:
    async def context(app: web.Application) -> AsyncIterator[None]:
        removed = await receiver.start()
        if removed:
            _log.info("uploads swept", count=removed)
        yield
        await receiver.close()

    return context


def _pieces(context: WebContext, tus: Tus) -> Lifetime:
    finisher = tus.finisher

    async def tending(app: web.Application) -> AsyncIterator[None]:
        context.keeping.expire_by(tus.shelf.sweep)
        tending = asyncio.create_task(finisher.tend(), name="uploads")
        context.work.append(tending)
        yield
        tending.cancel()
        await finisher.close()
        await asyncio.wait([tending])

    return tending


def _streams(context: WebContext, admission: Admission) -> Lifetime:
    """Once ``stop`` is set, whoever sets it: wake every stream, and send away whoever waits for a place."""

    async def wake() -> None:
        await context.stop.wait()
        context.commits.notify()
        admission.close()

    async def running(app: web.Application) -> AsyncIterator[None]:
        waking = asyncio.create_task(wake())
        yield
        waking.cancel()
        with suppress(asyncio.CancelledError):
            await waking

    return running


def _stop(context: WebContext) -> Callable[[web.Application], Awaitable[None]]:
    async def stop(app: web.Application) -> None:
        context.stop.set()
        context.commits.notify()

    return stop


def _version() -> str:
    try:
        return version("introeval")
    except PackageNotFoundError:
        return "0"
