"""The handlers of ``/api/v1/assignments``: what is handed in, and who grades it how, read and written in versions.

The rules:

1. A version is never changed: what is written is a further one, and the same again is none.
2. Whoever writes says which version the change was made from (``If-Match``, or ``version`` in the document), so that
   nobody overwrites what somebody else has just written without having seen it.
3. A document that cannot be used is refused with each wrong field named.
"""

import re
from typing import Literal
from urllib.parse import urlencode

from aiohttp import web

from introeval.assignments import (
    Assignment,
    AssignmentChangedError,
    AssignmentError,
    FieldError,
    load_assignment,
)
from introeval.assignments.text import as_toml
from introeval.web.api import answer, query_of
from introeval.web.assignment_present import assignment_line
from introeval.web.assignment_schema import AssignmentPage, AssignmentsQuery
from introeval.web.context import WebContext
from introeval.web.documents import read_text
from introeval.web.operation import JSON, TOML
from introeval.web.problems import ProblemError
from introeval.web.tallying import tally_of

LIST_PATH = "/api/v1/assignments"
_TAG = re.compile(r'(?:W/)?"?(\d{1,9})"?')


class AssignmentReader:
    """Reads assignments for the API and the pages."""

    def __init__(self, context: WebContext) -> None:
        self._context = context

    async def find(self, assignment_id: str, version: int | None = None) -> Assignment:
        """One version; ``None``: the newest. Raises ``ProblemError`` (404)."""
        library = self._context.library
        try:
            if version is None:
                return await library.latest(assignment_id)
            return await library.version(assignment_id, version)
        except AssignmentError as error:
            raise ProblemError("not_found", str(error)) from error

    async def page(self, query: AssignmentsQuery) -> AssignmentPage:
        """A part of the list, by id."""
        found = await self._context.library.all()
        after = query.offset + query.limit
        return AssignmentPage(
            total=len(found),
            limit=query.limit,
            offset=query.offset,
            next=f"{LIST_PATH}?{urlencode({'limit': query.limit, 'offset': after})}"
            if after < len(found)
            else None,
            items=tuple(
                [
                    assignment_line(item, await tally_of(self._context, item.id))
                    for item in found[query.offset : after]
                ]
            ),
        )


class Assignments:
    """The endpoints that read and write them."""

    def __init__(self, context: WebContext, reader: AssignmentReader) -> None:
        self._context = context
        self._reader = reader

    async def list(self, request: web.Request) -> web.StreamResponse:
        return answer(await self._reader.page(query_of(request, AssignmentsQuery)))

    async def show(self, request: web.Request) -> web.StreamResponse:
        return _shown(request, await self._reader.find(request.match_info["id"]))

    async def version(self, request: web.Request) -> web.StreamResponse:
        number = request.match_info["version"]
        if not (number.isascii() and number.isdigit()) or len(number) > 9:
            raise ProblemError("not_found", "A version is a whole number. Check the address.")
        return _shown(request, await self._reader.find(request.match_info["id"], int(number)))

    async def create(self, request: web.Request) -> web.StreamResponse:
        """A new one; the very same again is answered as if it were new."""
        given = _loaded(*await self._document(request))
        newest = await self._newest(given.id)
        try:
            added = await self._add(given, replaces=0)
        except AssignmentChangedError as error:
            detail = f"{_sentence(error)} PUT a further version to {LIST_PATH}/{given.id}."
            raise ProblemError("already_there", detail) from error
        return _shown(request, added, 200 if newest else 201)

    async def replace(self, request: web.Request) -> web.StreamResponse:
        """A further version, or the first one."""
        assignment_id = request.match_info["id"]
        text, fmt = await self._document(request)
        given = _loaded(text, fmt, assignment_id)
        if given.id != assignment_id:
            wrong = FieldError("id", f"it is not '{assignment_id}', which the address names")
            raise ProblemError("invalid_document", f"The assignment is not valid: {wrong}.", errors=[wrong])
        replaces = self._replaces(request, given)
        newest = await self._newest(assignment_id)
        if replaces is None and newest and request.headers.get("If-Match") != "*":
            detail = (
                f"The newest version of '{assignment_id}' is {newest}. Say that you have seen it: If-Match: "
                f'"{newest}", or version = {newest} in the document.'
            )
            raise ProblemError("version_unknown", detail)
        try:
            added = await self._add(given, replaces)
        except AssignmentChangedError as error:
            raise ProblemError("version_changed", _sentence(error)) from error
        return _shown(request, added, 201 if added.version != newest else 200)

    async def _add(self, given: Assignment, replaces: int | None) -> Assignment:
        try:
            return await self._context.library.add(given, replaces)
        except AssignmentChangedError:
            raise
        except AssignmentError as error:
            raise ProblemError("invalid_document", str(error), errors=error.errors) from error

    async def _newest(self, assignment_id: str) -> int:
        try:
            return (await self._context.library.latest(assignment_id)).version
        except AssignmentError:
            return 0

    async def _document(self, request: web.Request) -> tuple[str, Literal["toml", "json"]]:
        text = await read_text(request, (JSON, TOML), self._context.limits.idle_seconds)
        return text, "toml" if request.content_type == TOML else "json"

    @staticmethod
    def _replaces(request: web.Request, given: Assignment) -> int | None:
        """The version that the change was made from, as the client says it; ``None``: it does not."""
        if request.headers.get("If-None-Match") == "*":
            return 0
        tag = request.headers.get("If-Match")
        if tag is None:
            return given.version if "version" in given.model_fields_set else None
        if tag == "*":
            return None
        match = _TAG.fullmatch(tag.strip())
        if match is None:
            raise ProblemError(
                "version_changed", 'If-Match is the ETag of the version that was read, such as "3".'
            )
        return int(match[1])


def _loaded(text: str, fmt: Literal["toml", "json"], assignment_id: str | None = None) -> Assignment:
    try:
        return load_assignment(text, fmt, assignment_id=assignment_id)
    except AssignmentError as error:
        if error.errors:
            raise ProblemError("invalid_document", str(error), errors=error.errors) from error
        raise ProblemError("malformed_body", str(error)[:500]) from error


def _shown(request: web.Request, assignment: Assignment, status: int = 200) -> web.Response:
    headers = {
        "ETag": f'"{assignment.version}"',
        "Content-Location": f"{LIST_PATH}/{assignment.id}/versions/{assignment.version}",
        "Vary": "Accept",
    }
    if status == 201:
        headers["Location"] = f"{LIST_PATH}/{assignment.id}"
    if TOML not in request.headers.get("Accept", ""):
        return answer(assignment, status, headers)
    return web.Response(
        status=status,
        text=as_toml(assignment),
        content_type=TOML,
        charset="utf-8",
        headers=headers | {"Cache-Control": "no-store"},
    )


def _sentence(error: AssignmentChangedError) -> str:
    said = str(error)
    return said[0].upper() + said[1:] + "."
