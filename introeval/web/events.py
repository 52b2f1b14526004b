"""``GET /api/v1/events``: the events table as server-sent events.

The rules:

1. An event's id is its row's; a client that comes back says the last one it saw and misses nothing.
2. A stream holds at most one read of the table: a slow client is behind in the table, not in our memory; one that
   takes nothing for ``WRITE_SECONDS`` is cut (and may resume).
3. A stream ends when ``stop`` is set, so that a shutdown never waits for a browser.
4. No names and no speech in it.
"""

import asyncio

from aiohttp import web

from db.views import Event
from introeval.web.context import WebContext
from introeval.web.inputs import EventsQuery
from introeval.web.present import event_body
from introeval.web.problems import ProblemError

WINDOW = 200
WRITE_SECONDS = 30.0
RETRY_MS = 2000


class EventStreams:
    """Serves the streams."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def serve(self, request: web.Request, query: EventsQuery) -> web.StreamResponse:
        """One client's stream; returns when it leaves or the service stops."""
        if self._context.stop.is_set() or len(self._context.commits) >= self._context.max_streams:
            code = "stopping" if self._context.stop.is_set() else "too_many_streams"
            raise ProblemError(code, "Live events are not available at the moment.", {"Retry-After": "10"})
        last = await self._begin_after(request.headers.get("Last-Event-ID"), query.after)
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        response.force_close()
        with self._context.commits.subscribe() as changed:
            await response.prepare(request)
            try:
                await self._run(response, changed, last, query.submission)
            except (ConnectionError, TimeoutError):
                # The client left, or takes nothing: both are an ordinary end of a stream.
                return response
        return response

    async def _run(
        self, response: web.StreamResponse, changed: asyncio.Event, last: int, only: str | None
    ) -> None:
        await _send(response, f"retry: {RETRY_MS}\n\n")
        while not self._context.stop.is_set():
            changed.clear()
            events = await self._context.views.events_after(last, WINDOW)
            if events:
                last = events[-1].id
                await _send(response, "".join(_frame(event, only) for event in events))
            elif not await self._context.clock.wait(changed, self._context.heartbeat_seconds):
                await _send(response, ": still here\n\n")

    async def _begin_after(self, header: str | None, after: int | None) -> int:
        newest = await self._context.views.last_event()
        if header:
            if not (header.isascii() and header.isdigit()) or len(header) > 16:
                raise ProblemError("bad_parameter", "Last-Event-ID is the id of an event: a whole number.")
            after = int(header)
        return newest if after is None else min(after, newest)


def _frame(event: Event, only: str | None) -> str:
    # JSON has no line breaks of its own, so one data line holds it. No event field: a browser would then need to
    # know every kind by name to hear of it.
    return f"id: {event.id}\ndata: {event_body(event, only).model_dump_json()}\n\n"


async def _send(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(WRITE_SECONDS):
        await response.write(text.encode())
