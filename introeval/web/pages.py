"""The pages, rendered here in full: each can be read without JavaScript, which only keeps it fresh.

Everything that a student said, wrote or that a model made of it goes through jinja2's escaping; no template marks
anything as safe, and the pages' policy allows no inline script or style.
"""

import secrets
from collections.abc import Mapping

from aiohttp import web

from introeval.assignments import INTRODUCTIONS, Assignment, AssignmentError
from introeval.web import words
from introeval.web.api import query_of
from introeval.web.context import WebContext
from introeval.web.html import Html
from introeval.web.inputs import FormQuery, ListQuery, SubmissionForm
from introeval.web.kinds import words_of
from introeval.web.present import status_body
from introeval.web.schema import ProblemBody
from introeval.web.submissions import Reader


class Pages:
    """The session's page, a student's own, and the form."""

    def __init__(self, context: WebContext, reader: Reader, html: Html) -> None:
        self._context = context
        self._reader = reader
        self._html = html

    async def teacher(self, request: web.Request) -> web.StreamResponse:
        """``/``: the room at one glance."""
        query = query_of(request, ListQuery)
        # Before everything else is read: what happens meanwhile is then in the stream, never lost.
        last = await self._context.views.last_event()
        return self._html.page(
            "teacher.html",
            last_event=last,
            status=status_body(await self._context.status()),
            list=await self._reader.page(query),
            query=query,
            assignments=await self._context.tallies.all(),
        )

    async def student(self, request: web.Request) -> web.StreamResponse:
        """``/s/{id}``: one student's own page."""
        last = await self._context.views.last_event()
        found = await self._reader.find(request.match_info["id"])
        status = status_body(await self._context.status())
        body = await self._reader.body(found)
        return self._html.page(
            "student.html",
            last_event=last,
            submission=body,
            kind=words_of(body.kind),
            assignment=await self._assignment(body.assignment),
            why=words.why(body, status),
            status=status,
        )

    async def form(self, request: web.Request) -> web.StreamResponse:
        """``/submit``: a plain form; first the choice of the assignment, where there is one."""
        query = query_of(request, FormQuery)
        return await self._form(None, {} if query.assignment is None else {"assignment": query.assignment})

    async def refused(self, problem: ProblemBody, given: Mapping[str, str]) -> web.Response:
        """The form again, after a refusal with its reason."""
        return await self._form(problem, given)

    async def _form(self, problem: ProblemBody | None, given: Mapping[str, str]) -> web.Response:
        known = [item for item in await self._context.tallies.all() if item.kind in self._context.inspect]
        # What was refused was handed in for something: the usual one, when nothing was said.
        named = given.get("assignment") or (INTRODUCTIONS if problem or len(known) == 1 else None)
        chosen = await self._assignment(named) if named and named in [item.id for item in known] else None
        limits = self._context.limits
        return self._html.page(
            "submit.html",
            status_code=problem.status if problem else 200,
            problem=problem,
            given=given,
            known=known,
            chosen=chosen,
            kind=chosen and words_of(chosen.kind),
            several=chosen is not None and limits.files_of(chosen.kind) > 1,
            most_bytes=chosen and limits.bytes_of(chosen.kind),
            key=secrets.token_hex(16),
            limits=limits,
            fields=SubmissionForm.model_json_schema()["properties"],
        )

    async def _assignment(self, assignment_id: str) -> Assignment | None:
        try:
            return await self._context.library.latest(assignment_id)
        except AssignmentError:
            # A grading that was asked for over HTTP alone belongs to none.
            return None
