"""The pages, rendered here in full: each can be read without JavaScript, which only keeps it fresh.

Everything that a student said, wrote or that a model made of it goes through jinja2's escaping; no template marks
anything as safe, and the pages' policy allows no inline script or style.
"""

import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from aiohttp import web

from introeval.web import words
from introeval.web.api import query_of
from introeval.web.assets import Assets
from introeval.web.context import WebContext
from introeval.web.inputs import ListQuery, SubmissionForm
from introeval.web.present import status_body
from introeval.web.schema import ProblemBody
from introeval.web.submissions import Reader

if TYPE_CHECKING:
    from jinja2 import Environment


class Pages:
    """Serves HTML."""

    def __init__(self, context: WebContext, reader: Reader, assets: Assets) -> None:
        self._context = context
        self._reader = reader
        self._assets = assets

    async def teacher(self, request: web.Request) -> web.StreamResponse:
        """``/``: the room at one glance."""
        query = query_of(request, ListQuery)
        # Before everything else is read: what happens meanwhile is then in the stream, never lost.
        last = await self._context.views.last_event()
        return self._page(
            "teacher.html",
            last_event=last,
            status=status_body(await self._context.status()),
            list=await self._reader.page(query),
            query=query,
        )

    async def student(self, request: web.Request) -> web.StreamResponse:
        """``/s/{id}``: one student's own page."""
        last = await self._context.views.last_event()
        found = await self._reader.find(request.match_info["id"])
        status = status_body(await self._context.status())
        body = await self._reader.body(found)
        return self._page(
            "student.html", last_event=last, submission=body, why=words.why(body, status), status=status
        )

    async def form(self, request: web.Request) -> web.StreamResponse:
        """``/submit``: a plain form."""
        return self.refused(None, {})

    def refused(self, problem: ProblemBody | None, given: Mapping[str, str]) -> web.Response:
        """The form, after a refusal with its reason."""
        return self._page(
            "submit.html",
            status_code=problem.status if problem else 200,
            problem=problem,
            given=given,
            key=secrets.token_hex(16),
            limits=self._context.limits,
            fields=SubmissionForm.model_json_schema()["properties"],
        )

    def error(self, problem: ProblemBody) -> web.Response:
        """Any other refusal, for a person."""
        return self._page("error.html", status_code=problem.status, problem=problem)

    @cached_property
    def _templates(self) -> "Environment":
        from introeval.web.rendering import environment  # with the first page: see there

        return environment(self._assets)

    def _page(self, template: str, status_code: int = 200, **values: object) -> web.Response:
        text = self._templates.get_template(template).render(**values)
        return web.Response(
            status=status_code, text=text, content_type="text/html", headers={"Cache-Control": "no-store"}
        )
