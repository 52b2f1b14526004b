"""The handlers that act on an assignment's submissions: how far they are, grade again, stop, preview, old results.

A page's own form may ask for a regrade or a stop too: it is then led back to the assignment's page.
"""

import asyncio

from aiohttp import web

from introeval.assignments import Assignment
from introeval.web.api import answer, query_of, wants_html
from introeval.web.assignment_present import preview_body, run_body
from introeval.web.assignment_schema import (
    CancelBody,
    CancelForm,
    PreviewBody,
    PreviewQuery,
    RegradeBody,
    RegradeForm,
    SkippedBody,
)
from introeval.web.assignments import AssignmentReader
from introeval.web.context import WebContext
from introeval.web.documents import read_json
from introeval.web.kinds import words_of
from introeval.web.problems import ProblemError
from introeval.web.submissions import Reader
from introeval.web.tallying import tally_of
from scheduler.errors import IllegalTransitionError, WorkError

SKIPPED_SHOWN = 100
PREVIEWS = 2
"""At once: a grader may have pages to read before it comes to its prompt."""

NOT_OF_IT = "It was not handed in for this assignment."
NOT_ENDED = "It has not ended yet."
GONE = "It is no longer there."


class AssignmentRuns:
    """The endpoints."""

    def __init__(self, context: WebContext, assignments: AssignmentReader, submissions: Reader) -> None:
        self._context = context
        self._assignments = assignments
        self._submissions = submissions
        self._previewing = asyncio.Semaphore(PREVIEWS)

    async def run(self, request: web.Request) -> web.StreamResponse:
        assignment = await self._assignments.find(request.match_info["id"])
        return answer(run_body(assignment, await tally_of(self._context, assignment.id)))

    async def regrade(self, request: web.Request) -> web.StreamResponse:
        assignment = await self._assignments.find(request.match_info["id"])
        form = await read_json(request, RegradeForm, self._context.limits.idle_seconds)
        of_it = dict.fromkeys(await self._context.tallies.task_ids(assignment.id))
        queued, skipped = list[str](), list[SkippedBody]()
        for task_id in of_it if form.submissions is None else dict.fromkeys(form.submissions):
            reason = await self._regrade(task_id, assignment) if task_id in of_it else NOT_OF_IT
            if reason is None:
                queued.append(task_id)
            else:
                skipped.append(SkippedBody(id=task_id, reason=reason))
        if queued:
            self._context.wake()
        if wants_html(request):
            return _back_to(assignment)
        return answer(
            RegradeBody(
                assignment=assignment.id,
                version=assignment.version,
                queued=tuple(queued),
                skipped_count=len(skipped),
                skipped=tuple(skipped[:SKIPPED_SHOWN]),
            )
        )

    async def cancel_all(self, request: web.Request) -> web.StreamResponse:
        assignment = await self._assignments.find(request.match_info["id"])
        await read_json(request, CancelForm, self._context.limits.idle_seconds)
        cancelled = []
        for task_id in await self._context.tallies.task_ids(assignment.id):
            if await self._cancel(task_id) is None:
                cancelled.append(task_id)
        if wants_html(request):
            return _back_to(assignment)
        return answer(CancelBody(assignment=assignment.id, cancelled=tuple(cancelled)))

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        task_id = (await self._submissions.find(request.match_info["id"])).task.id
        await read_json(request, CancelForm, self._context.limits.idle_seconds)
        refused = await self._cancel(task_id)
        if refused is not None:
            raise ProblemError("not_now", "This submission has ended already, so there is nothing to stop.")
        if wants_html(request):
            return web.Response(status=303, headers={"Location": f"/s/{task_id}"})
        return answer(await self._submissions.body(await self._submissions.find(task_id)))

    async def results(self, request: web.Request) -> web.StreamResponse:
        found = await self._submissions.find(request.match_info["id"])
        return answer(await self._submissions.results(found))

    async def preview(self, request: web.Request) -> web.StreamResponse:
        query = query_of(request, PreviewQuery)
        return answer(await self.previewed(request.match_info["id"], query))

    async def previewed(self, assignment_id: str, query: PreviewQuery) -> PreviewBody:
        """What grading would ask. Raises ``ProblemError``."""
        assignment = await self._assignments.find(assignment_id, query.version)
        found = await self._submissions.find(query.submission)
        if found.task.assignment_id != assignment.id:
            raise ProblemError("not_found", "This submission was handed in for another assignment.")
        if words_of(found.task.kind).spoken and found.task.transcript_path is None:
            detail = "This recording has not been transcribed yet, and its prompt holds what is said in it."
            raise ProblemError("not_now", detail)
        try:
            async with self._previewing:
                preview = await self._context.preview(found.task, assignment)
        except WorkError as error:
            detail = f"Nothing can be shown for this submission: {error}"
            raise ProblemError("not_now", detail) from error
        return preview_body(found.task, assignment, preview)

    async def _regrade(self, task_id: str, assignment: Assignment) -> str | None:
        """Queue it; the reason when it cannot be."""
        now = self._context.clock.now()
        try:
            done = await self._context.requests.regrade(task_id, assignment.version, now)
        except IllegalTransitionError as error:
            found = await self._context.views.submission(task_id)
            ended = found is not None and found.task.completed_at is not None
            return f"{str(error)[0].upper()}{str(error)[1:]}." if ended else NOT_ENDED
        return None if done is not None else GONE

    async def _cancel(self, task_id: str) -> str | None:
        """Stop it; the reason when it cannot be."""
        try:
            await self._context.requests.cancel(task_id, self._context.clock.now())
        except IllegalTransitionError as error:
            return str(error)
        self._context.cancel(task_id)
        return None


def _back_to(assignment: Assignment) -> web.Response:
    return web.Response(status=303, headers={"Location": f"/assignments/{assignment.id}"})
