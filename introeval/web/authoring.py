"""What a teacher has the models do for an exam on paper: read all pages, propose an answer key, propose marking points.

The rules:

1. Each is a task in the same queue as grading; its address is in ``Location``. All of a command's have room there, or
   none is made. What waits to be read already is not queued again: the answer names the task that waits.
2. A proposal changes nothing. Applied, it is the assignment's next version, checked like one that a person wrote; it
   is refused where it would overwrite what was changed since.
"""

import asyncio
import hashlib
import json
import secrets

from aiohttp import web

from db.intake import NewTask
from db.views import Submission
from introeval.assignments import Assignment, AssignmentChangedError, AssignmentError, FieldError, Kind
from introeval.pages.authoring import apply_proposal
from introeval.web.api import answer
from introeval.web.assignment_present import assignment_line
from introeval.web.assignments import AssignmentReader
from introeval.web.authoring_schema import ProposalBody, ProposalRequest, TasksBody
from introeval.web.context import WebContext
from introeval.web.documents import read_json
from introeval.web.grade_present import failures_of
from introeval.web.intake import Receiver
from introeval.web.problems import ProblemError
from introeval.web.submissions import gone
from introeval.web.tallying import tally_of
from scheduler.task import Stage

TRANSCRIPTION, ANSWER_KEY, RUBRIC = "transcription", "answer_key", "rubric"
PROPOSALS = (ANSWER_KEY, RUBRIC)


class Authoring:
    """The handlers."""

    def __init__(self, context: WebContext, assignments: AssignmentReader, receiver: Receiver) -> None:
        self._context = context
        self._assignments = assignments
        self._receiver = receiver
        self._transcribing = asyncio.Lock()

    async def transcribe(self, request: web.Request) -> web.StreamResponse:
        assignment, form = await self._asked(request)
        of_it = set(await self._context.tallies.task_ids(assignment.id)) if form.submissions else set()
        unknown = [one for one in form.submissions if one not in of_it]
        if unknown:
            raise _no_such("submissions", f"there is no submission '{unknown[0]}' of this assignment")
        async with self._transcribing:
            unread = await self._context.unread(assignment.id)
            chosen = {one: unread[one] for one in unread if not form.submissions or one in form.submissions}
            new = sum(task is None for task in chosen.values())
            if new:
                await self._receiver.admission.require_queue(self._receiver.room.open_drafts, new)
            tasks = [
                task or await self._make(assignment, TRANSCRIPTION, {"submission": one})
                for one, task in chosen.items()
            ]
        return answer(TasksBody(tasks=tuple(tasks)), status=202)

    async def answer_key(self, request: web.Request) -> web.StreamResponse:
        return await self._propose(request, ANSWER_KEY)

    async def rubric(self, request: web.Request) -> web.StreamResponse:
        return await self._propose(request, RUBRIC)

    async def proposal(self, request: web.Request) -> web.StreamResponse:
        found = await self._find(request.match_info["id"])
        return answer(await self._body(found))

    async def apply(self, request: web.Request) -> web.StreamResponse:
        found = await self._find(request.match_info["id"])
        if found.task.kind not in PROPOSALS or found.task.state.stage is not Stage.COMPLETED:
            raise ProblemError("not_now", "There is no finished proposal at this address: wait for its end.")
        try:
            latest = await self._assignments.find(found.task.assignment_id)
            made_from = await self._context.library.version(latest.id, found.task.assignment_version)
            proposed = apply_proposal(latest, dict(found.report or {}), made_from)
            added = await self._context.library.add(proposed, replaces=latest.version)
        except AssignmentChangedError as error:
            detail = (
                "The assignment was changed in this moment, so nothing was applied. Look at it and try again."
            )
            raise ProblemError("not_now", detail) from error
        except AssignmentError as error:
            raise ProblemError("not_now", str(error)) from error
        return answer(assignment_line(added, await tally_of(self._context, added.id)))

    async def _propose(self, request: web.Request, kind: str) -> web.StreamResponse:
        assignment, form = await self._asked(request)
        numbers = {question.question_number for question in assignment.questions}
        unknown = next((one for one in form.questions if one not in numbers), None)
        if unknown is not None:
            raise _no_such("questions", f"there is no question '{unknown}'")
        await self._receiver.admission.require_queue(self._receiver.room.open_drafts)
        task_id = await self._make(assignment, kind, {"questions": list(form.questions)})
        headers = {"Location": f"/api/v1/proposals/{task_id}"}
        return answer(TasksBody(tasks=(task_id,)), status=202, headers=headers)

    async def _asked(self, request: web.Request) -> tuple[Assignment, ProposalRequest]:
        if self._context.stop.is_set():
            raise ProblemError("stopping", "The service is stopping; ask again in a minute.")
        form = await read_json(request, ProposalRequest, self._context.limits.idle_seconds)
        assignment = await self._assignments.find(request.match_info["id"])
        if assignment.kind is not Kind.PAGES:
            raise ProblemError("not_now", f"'{assignment.id}' is no exam on paper; this is for those.")
        return assignment, form

    async def _make(self, assignment: Assignment, kind: str, request: dict[str, object]) -> str:
        text = json.dumps(request)
        new = NewTask(
            id=secrets.token_hex(12),
            user_id="teacher",
            roll_number=kind,
            student_name=assignment.title[:100],
            file_name="",
            # No file has this name.
            video_path=f"authoring/{assignment.id}",
            size_bytes=0,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            media_seconds=None,
            idempotency_key=None,
            kind=kind,
            assignment_id=assignment.id,
            assignment_version=assignment.version,
            request=text,
        )
        await self._context.intake.accept(new, self._context.clock.now())
        self._context.wake()
        return new.id

    async def _find(self, task_id: str) -> Submission:
        found = await self._context.views.submission(task_id)
        if found is None or found.task.kind not in (TRANSCRIPTION, *PROPOSALS):
            raise ProblemError("not_found", "There is no proposal at this address.")
        if found.purged_at is not None:
            raise gone(found.purged_at)
        return found

    async def _body(self, found: Submission) -> ProposalBody:
        task = found.task
        failures = await self._context.views.failures(task.id, task.assignment_version)
        return ProposalBody(
            id=task.id,
            kind=task.kind,
            assignment=task.assignment_id,
            assignment_version=task.assignment_version,
            status=task.state.status.value,
            report=dict(found.report) if found.report is not None else None,
            failures=failures_of(failures),
            error_code=task.error_code,
            error_message=task.error_message,
        )


def _no_such(field: str, said: str) -> ProblemError:
    wrong = [FieldError(field, said)]
    return ProblemError("invalid_document", f"{said[0].upper()}{said[1:]}.", errors=wrong)
