"""The handlers of sessions: an exam's pages and questions in, gradings by pairs of models and tries, their results out.

A grading is a task of kind ``session`` in the one queue. What it is to grade is written down when it is asked for
(``GradePlan``): what changes afterwards, questions, pages or prompts, is for the next one.
"""

import secrets

import structlog
from aiohttp import web

from db.sessions import StoredSession
from db.views import Submission
from introeval.assignments import FieldError
from introeval.exams.errors import TemplateError
from introeval.exams.placeholders import TemplateKind, check_template
from introeval.exams.request import GradePlan
from introeval.web.api import answer, query_of
from introeval.web.context import WebContext
from introeval.web.documents import read_json
from introeval.web.operation import Handler
from introeval.web.problems import ProblemError
from introeval.web.session_images import NO_SESSION, ImageReceiver
from introeval.web.session_inputs import NewSession, QuestionsForm, SessionResultsQuery, TemplateForm
from introeval.web.session_present import (
    image_body,
    results_body,
    rubric_body,
    session_body,
    template_body,
)
from introeval.web.session_schema import SessionResultsBody

_log = structlog.get_logger(__name__)


class SessionReader:
    """Reads sessions and their results."""

    def __init__(self, context: WebContext) -> None:
        self._context = context
        self._ports = context.sessions

    async def find(self, session_id: str) -> StoredSession:
        """A session as the tables have it. Raises ``ProblemError`` (404)."""
        found = await self._ports.sessions.find(session_id)
        if found is None:
            raise ProblemError("not_found", NO_SESSION)
        return found

    async def results(self, session_id: str, task_id: str | None = None) -> SessionResultsBody:
        """One of its gradings, the newest when none is named. Raises ``ProblemError`` (404)."""
        session, results = await self.find(session_id), self._ports.results
        gradings = await results.gradings(session_id)
        chosen = task_id or next(iter(gradings), None)
        if chosen is not None and chosen not in gradings:
            raise ProblemError("not_found", "This session has no grading with this id. Check the address.")
        graded = None if chosen is None else await self._graded(chosen)
        return results_body(
            session,
            graded,
            () if chosen is None else await results.assessments(chosen),
            await results.usage(session_id),
            gradings,
        )

    async def _graded(self, task_id: str) -> tuple[Submission, GradePlan]:
        found = await self._context.views.submission(task_id)
        assert found is not None
        return found, GradePlan.model_validate_json(found.task.request or "")


class Sessions:
    """The endpoints, but for the one that grades."""

    def __init__(self, context: WebContext, reader: SessionReader, images: ImageReceiver) -> None:
        self._context = context
        self._ports = context.sessions
        self._reader = reader
        self._images = images

    async def create(self, request: web.Request) -> web.StreamResponse:
        """A new session."""
        form = await read_json(request, NewSession, self._context.limits.idle_seconds)
        made = await self._ports.sessions.create(secrets.token_hex(12), form.title, self._context.clock.now())
        return answer(session_body(made, (), ()), 201, {"Location": f"/sessions/{made.id}"})

    async def show(self, request: web.Request) -> web.StreamResponse:
        """A session with what is in it."""
        found = await self._reader.find(request.match_info["session_id"])
        images = await self._ports.sessions.images(found.id)
        return answer(session_body(found, images, await self._ports.results.gradings(found.id)))

    async def register(self, request: web.Request) -> web.StreamResponse:
        """One page image."""
        new = await self._images.receive(request)
        return answer(image_body(new, new.session_id), 201)

    async def questions(self, request: web.Request) -> web.StreamResponse:
        """All questions of a session."""
        form = await read_json(request, QuestionsForm, self._context.limits.idle_seconds)
        questions = [question.model_dump(mode="json") for question in form.questions]
        now = self._context.clock.now()
        found = await self._ports.sessions.write_questions(form.session_id, questions, now)
        if found is None:
            raise ProblemError("not_found", NO_SESSION)
        images = await self._ports.sessions.images(found.id)
        return answer(session_body(found, images, await self._ports.results.gradings(found.id)))

    async def results(self, request: web.Request) -> web.StreamResponse:
        """One grading, as far as it is."""
        query = query_of(request, SessionResultsQuery)
        return answer(await self._reader.results(request.match_info["session_id"], query.task))

    async def rubric(self, request: web.Request) -> web.StreamResponse:
        """All readings of the rubric."""
        found = await self._reader.find(request.match_info["session_id"])
        return answer(rubric_body(found.id, await self._ports.results.rubrics(found.id)))

    def template(self, kind: TemplateKind) -> Handler:
        """A prompt as it is used."""

        async def show(request: web.Request) -> web.StreamResponse:
            return answer(template_body(kind, await self._ports.sessions.prompt(kind.name)))

        return show

    def store_template(self, kind: TemplateKind) -> Handler:
        """A prompt for all later gradings."""

        async def store(request: web.Request) -> web.StreamResponse:
            form = await read_json(request, TemplateForm, self._context.limits.idle_seconds)
            if form.template is not None:
                _check(form.template, kind)
            now = self._context.clock.now()
            await self._ports.sessions.write_prompt(kind.name, form.template, now)
            return answer(template_body(kind, await self._ports.sessions.prompt(kind.name)))

        return store


def _check(template: str, kind: TemplateKind) -> None:
    try:
        check_template(template, kind)
    except TemplateError as error:
        wrong = FieldError("template", str(error))
        raise ProblemError("invalid_document", str(wrong), errors=[wrong]) from error
