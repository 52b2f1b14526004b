"""``POST /grade/single``: from a request to a task in the queue, and on request the wait for its end.

The rules:

1. Everything that can be known before a model is asked is checked before a task is made: the form, the models, and that
   there is something to grade and something to grade by.
2. The wait is bounded and costs a connection, nothing else: it wakes with each commit, and ends with the service. When
   it is over the answer is that of a request that did not wait.
3. A known ``Idempotency-Key`` gives the earlier grading; with another request it is refused.
"""

import hashlib
import re
import secrets

import structlog
from aiohttp import web

from db.intake import Accepted, NewTask
from db.sessions import StoredImage, StoredSession
from introeval.assignments import FieldError
from introeval.exams.errors import GradeRequestError
from introeval.exams.material import Role
from introeval.exams.placeholders import ASSESSMENT_PROMPT, RUBRIC_PROMPT, TemplateKind
from introeval.exams.request import SESSION, GradePlan, GradeRequest, PlannedPair, Templates, plan_pairs
from introeval.exams.templates import DEFAULTS
from introeval.web.api import answer, query_of
from introeval.web.context import WebContext
from introeval.web.documents import read_json
from introeval.web.incoming import key_of
from introeval.web.intake import Receiver
from introeval.web.problems import ProblemError
from introeval.web.session_inputs import MOST_WAIT, WaitQuery
from introeval.web.session_present import questions_of
from introeval.web.session_schema import GradingBody
from introeval.web.sessions import SessionReader
from scheduler.task import Stage, Task

_log = structlog.get_logger(__name__)

_WAIT = re.compile(r'(?:^|[;,\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:[;,]|$)', re.IGNORECASE)
_ENDED = (Stage.COMPLETED, Stage.FAILED)


class SessionGradings:
    """The endpoint."""

    def __init__(self, context: WebContext, reader: SessionReader, receiver: Receiver) -> None:
        self._context = context
        self._ports = context.sessions
        self._reader = reader
        self._receiver = receiver

    async def grade(self, request: web.Request) -> web.StreamResponse:
        """Accept a grading."""
        if self._context.stop.is_set():
            raise ProblemError("stopping", "The service is stopping; ask again in a minute.")
        wait, preferred = _wait(request)
        key = key_of(request.headers.get("Idempotency-Key"))
        form = await read_json(request, GradeRequest, self._context.limits.idle_seconds)
        accepted = await self._accept(form, key)
        headers = {"Preference-Applied": f"wait={wait:g}"} if preferred else {}
        if wait and await self._ended(accepted.task.id, wait):
            return answer(await self._reader.results(form.session_id, accepted.task.id), 200, headers)
        address = f"/results/{form.session_id}?task={accepted.task.id}"
        found = await self._context.views.submission(accepted.task.id)
        body = _body(accepted.task if found is None else found.task, address)
        return answer(body, 202, headers | {"Location": address})

    async def _accept(self, form: GradeRequest, key: str | None) -> Accepted:
        digest = hashlib.sha256(form.model_dump_json().encode()).hexdigest()
        earlier = None if key is None else await self._context.intake.earlier(key)
        if earlier is None:
            session = await self._reader.find(form.session_id)
            await self._receiver.admission.require_queue(self._receiver.room.open_drafts)
            earlier = await self._make(await self._plan(form, session), session.title, digest, key)
        if earlier.sha256 != digest:
            raise ProblemError(
                "key_reused", "This Idempotency-Key was used for another request. Use a new key."
            )
        return earlier

    async def _plan(self, form: GradeRequest, session: StoredSession) -> GradePlan:
        served = [server.model for server in (await self._context.status()).servers]
        try:
            pairs = plan_pairs(form, served)
        except GradeRequestError as error:
            wrong = FieldError(error.field, str(error))
            detail = f"The request is not valid: {wrong}"
            raise ProblemError("invalid_document", detail, errors=[wrong]) from error
        images = await self._ports.sessions.images(session.id)
        _require(session, images, pairs)
        return GradePlan(
            session_id=session.id,
            questions=questions_of(session),
            images=tuple(image.id for image in images),
            pairs=pairs,
            templates=Templates(
                rubric=await self._template(RUBRIC_PROMPT), assessment=await self._template(ASSESSMENT_PROMPT)
            ),
        )

    async def _template(self, kind: TemplateKind) -> str:
        stored = await self._ports.sessions.prompt(kind.name)
        return DEFAULTS[kind.name] if stored is None else stored.template

    async def _make(self, plan: GradePlan, title: str, digest: str, key: str | None) -> Accepted:
        new = NewTask(
            id=secrets.token_hex(12),
            user_id=plan.session_id,
            roll_number=title[:32],
            student_name=title,
            file_name=title,
            # No file has this name: a session's pictures have rows of their own.
            video_path=f"images/{plan.session_id}",
            size_bytes=0,
            sha256=digest,
            media_seconds=None,
            idempotency_key=key,
            kind=SESSION,
            request=plan.model_dump_json(),
        )
        accepted = await self._context.intake.accept(new, self._context.clock.now())
        if accepted.created:
            self._context.wake()
            _log.info("grading accepted", task_id=new.id, count=sum(pair.tries for pair in plan.pairs))
        return accepted

    async def _ended(self, task_id: str, seconds: float) -> bool:
        """Wait for a task's end, at most so long; whether it has ended."""
        clock, hub = self._context.clock, self._context.commits
        until = clock.monotonic() + seconds
        if len(hub) >= self._context.max_streams:
            return False
        with hub.subscribe() as changed:
            while not self._context.stop.is_set():
                changed.clear()
                found = await self._context.views.submission(task_id)
                if found is not None and found.task.state.stage in _ENDED:
                    return True
                left = until - clock.monotonic()
                if left <= 0 or not await clock.wait(changed, left):
                    return False
        return False


def _require(session: StoredSession, images: tuple[StoredImage, ...], pairs: tuple[PlannedPair, ...]) -> None:
    """Refuse a session that has nothing to grade, or nothing to grade by."""
    roles = {image.role for image in images}
    if not session.questions:
        raise ProblemError(
            "not_now", "This session has no questions yet. Send them to POST /questions/config."
        )
    if Role.STUDENT not in roles:
        raise ProblemError(
            "not_now",
            "This session has no page of a student yet. Send them to POST /images/register with the role student.",
        )
    if Role.RUBRIC not in roles and any(pair.rubric_model is not None for pair in pairs):
        raise ProblemError(
            "not_now",
            "This session has no grading rubric yet, which 'model_pairs' read. Send its pages to POST "
            "/images/register with the role grading_rubric, or use 'models'.",
        )


def _wait(request: web.Request) -> tuple[float, bool]:
    """Seconds to wait, and whether a preference said it. The query goes first; a preference is bounded, not refused."""
    asked = query_of(request, WaitQuery).wait
    match = _WAIT.search(request.headers.get("Prefer", ""))
    if asked is not None or match is None:
        return asked or 0.0, False
    return min(float(match[1]), MOST_WAIT), True


def _body(task: Task, address: str) -> GradingBody:
    plan = GradePlan.model_validate_json(task.request or "")
    return GradingBody(
        task_id=task.id,
        session_id=plan.session_id,
        status=task.state.status.value,
        current_phase=task.state.stage.value,
        pairs=len(plan.pairs),
        tries=sum(pair.tries for pair in plan.pairs),
        results=address,
    )
