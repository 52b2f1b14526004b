"""The application's outer edge: every error becomes an answer here, once; every answer gets its security headers."""

import logging

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from introeval.web.admission import Admission
from introeval.web.api import wants_html
from introeval.web.context import WebContext
from introeval.web.html import Html
from introeval.web.intake import FIELDS
from introeval.web.metrics import Metrics
from introeval.web.pages import Pages
from introeval.web.problems import (
    ANYWHERE,
    PIECES,
    WHOLE,
    ProblemError,
    Told,
    body_of,
    body_of_http,
    headers_of,
    response,
)
from introeval.web.schema import ProblemBody
from introeval.web.sites import REFERRER_POLICY, refuse_other_sites
from scheduler.errors import IntroevalError, StateError

_log = structlog.get_logger(__name__)

UPLOAD_PATH = "/api/v1/submissions"
_WORDS = {
    UPLOAD_PATH: WHOLE,
    "/images/register": WHOLE,
    "/files": PIECES,
    "/files/": PIECES,
    "/files/{id}": PIECES,
}
NO_ROUTE = "none"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "media-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Edge:
    """Middleware and signal of one application."""

    def __init__(
        self, context: WebContext, html: Html, pages: Pages, metrics: Metrics, admission: Admission
    ) -> None:
        self._context = context
        self._admission = admission
        self._html = html
        self._pages = pages
        self._metrics = metrics

    @property
    def middleware(self) -> Middleware:
        """Turns errors into answers and counts requests."""

        @web.middleware
        async def edge(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = self._context.clock.monotonic()
            try:
                answer = await self._answer(request, handler)
            finally:
                self._admission.leave(request)
            if answer.headers.get("Connection") == "close":
                answer.force_close()
            self._count(request, answer.status, self._context.clock.monotonic() - began)
            return answer

        return edge

    async def harden(self, request: web.Request, answer: web.StreamResponse) -> None:
        """For ``on_response_prepare``; what an answer says itself stays."""
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            refuse_other_sites(request)
            await self._admission.document(request)
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            headers = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
            return await self._refuse(request, body_of_http(error), headers, error)
        except IntroevalError as error:
            return await self._refuse(request, body_of(error, _told(request)), headers_of(error), error)
        except ConnectionError:
            # Nobody is left to answer.
            raise
        except Exception as error:
            # The one place that catches everything: a bug must be logged and answered as a problem, not as a trace.
            return await self._refuse(request, body_of(IntroevalError(str(error))), {}, error)

    async def _refuse(
        self, request: web.Request, body: ProblemBody, headers: dict[str, str], error: Exception
    ) -> web.Response:
        self._metrics.refusals.labels(body.code).inc()
        # A crowd that is told to come back is no failure, and would fill the log; it is in the metrics.
        if body.status >= 500 and body.code != "busy":
            _log_failure(request, body, error)
        if not wants_html(request):
            return response(body, headers)
        upload = request.method == "POST" and request.path == UPLOAD_PATH
        page = await self._form(body, request) if upload else self._html.error(body)
        page.headers.update(headers)
        return page

    async def _form(self, body: ProblemBody, request: web.Request) -> web.Response:
        try:
            return await self._pages.refused(body, request.get(FIELDS, {}))
        except StateError:
            # The form asks the tables; a refusal can be told without them.
            return self._html.error(body)

    def _count(self, request: web.Request, status: int, seconds: float) -> None:
        route = _route(request)
        self._metrics.requests.labels(
            request.method if route != NO_ROUTE else "ANY", route, str(status)
        ).inc()
        self._metrics.request_seconds.labels(route).observe(seconds)


def _route(request: web.Request) -> str:
    """The pattern, never the path: labels for each address would grow without end, and addresses are secrets."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else NO_ROUTE


def _told(request: web.Request) -> Told:
    """Whoever only reads stored nothing either way; an upload in pieces is ended by whoever asks for it."""
    told = _WORDS.get(_route(request), ANYWHERE)
    return ANYWHERE if told is WHOLE and request.method != "POST" else told


def _log_failure(request: web.Request, body: ProblemBody, error: Exception) -> None:
    """What is wrong on our side. A refusal of the web's own choice (stopping, too many streams) has no trace."""
    level = logging.ERROR if body.status == 500 else logging.WARNING
    _log.log(
        level,
        "request failed",
        code=body.code,
        status=body.status,
        method=request.method,
        route=_route(request),
        exc_info=None if isinstance(error, ProblemError) else error,
    )
