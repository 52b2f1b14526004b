"""The handlers about how long a submission is kept.

A teacher's own date goes before what the assignment says, until it is taken back. A date that has passed means: as soon
as the submission has ended.
"""

from aiohttp import web
from pydantic import AwareDatetime, ConfigDict, Field

from db.views import Submission
from introeval.web.api import answer
from introeval.web.context import WebContext
from introeval.web.documents import read_json
from introeval.web.operation import Answer, Document, Operation
from introeval.web.problems import DOCUMENT_PROBLEMS
from introeval.web.schema import Body, SubmissionBody
from introeval.web.submissions import Reader

PATH = "/api/v1/submissions/{id}/retention"


class RetentionForm(Body):
    """When a submission is to be deleted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delete_after: AwareDatetime | None = Field(description="null: never by itself")


class Retention:
    """The endpoints."""

    def __init__(self, context: WebContext, reader: Reader) -> None:
        self._context = context
        self._ports = context.keeping
        self._reader = reader

    async def set(self, request: web.Request) -> web.StreamResponse:
        found = await self._reader.find(request.match_info["id"])
        form = await read_json(request, RetentionForm, self._context.limits.idle_seconds)
        at = None if form.delete_after is None else form.delete_after.timestamp()
        return await self._changed(
            found, await self._ports.dates.set_date(found.task.id, at, self._context.clock.now())
        )

    async def unset(self, request: web.Request) -> web.StreamResponse:
        found = await self._reader.find(request.match_info["id"])
        now = self._context.clock.now()
        return await self._changed(
            found, await self._ports.dates.unset_date(found.task.id, self._ports.days, now)
        )

    async def _changed(self, found: Submission, done: bool) -> web.StreamResponse:
        # Not done: it was deleted meanwhile, and ``find`` says so.
        after = await self._reader.find(found.task.id)
        if done:
            self._ports.wake()
        return answer(await self._reader.body(after))


def retention_operations(retention: Retention) -> tuple[Operation, ...]:
    """The table."""
    body = Answer(about="The submission as it is now.", model=SubmissionBody)
    return (
        Operation(
            method="PUT",
            path=PATH,
            name="setRetention",
            summary="Give a submission a date of deletion of its own, or none.",
            handler=retention.set,
            answers={200: body},
            problems=(*DOCUMENT_PROBLEMS, "not_found", "gone"),
            body=Document(model=RetentionForm),
        ),
        Operation(
            method="DELETE",
            path=PATH,
            name="unsetRetention",
            summary="Take the date of its own back: what the assignment says counts again.",
            handler=retention.unset,
            answers={200: body},
            problems=("cross_site", "not_found", "gone", "unavailable"),
        ),
    )
