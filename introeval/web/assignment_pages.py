"""A teacher's pages of assignments: the list, one with its run and its rubric, and a preview. Rules: see ``pages``."""

from aiohttp import web

from introeval.assignments import Assignment, Kind
from introeval.grading import Rubric, default_rubric
from introeval.web.api import query_of
from introeval.web.assignment_present import run_body
from introeval.web.assignment_runs import AssignmentRuns
from introeval.web.assignment_schema import AssignmentsQuery, PreviewQuery
from introeval.web.assignments import AssignmentReader
from introeval.web.context import WebContext
from introeval.web.html import Html
from introeval.web.inputs import AssignmentQuery, ListQuery
from introeval.web.kinds import words_of
from introeval.web.submissions import Reader
from introeval.web.tallying import tally_of


class AssignmentPages:
    """The pages."""

    def __init__(
        self,
        context: WebContext,
        assignments: AssignmentReader,
        submissions: Reader,
        runs: AssignmentRuns,
        html: Html,
    ) -> None:
        self._context = context
        self._assignments = assignments
        self._submissions = submissions
        self._runs = runs
        self._html = html

    async def all(self, request: web.Request) -> web.StreamResponse:
        """``/assignments``."""
        last = await self._context.views.last_event()
        query = query_of(request, AssignmentsQuery)
        return self._html.page("assignments.html", last_event=last, list=await self._assignments.page(query))

    async def one(self, request: web.Request) -> web.StreamResponse:
        """``/assignments/{id}``: its run and submissions; the rubric of the newest version, or of ``version``."""
        last = await self._context.views.last_event()
        query = query_of(request, AssignmentQuery)
        newest = await self._assignments.find(request.match_info["id"])
        shown = newest if query.version is None else await self._assignments.find(newest.id, query.version)
        # Other tasks may bear its name: a teacher has pages read, or an answer key proposed.
        only = {"assignment": newest.id, "kind": newest.kind.value}
        where = ListQuery.model_validate(only | query.model_dump(exclude={"version"}))
        return self._html.page(
            "assignment.html",
            last_event=last,
            assignment=newest,
            shown=shown,
            rubric=_rubric(shown),
            kind=words_of(newest.kind),
            run=run_body(newest, await tally_of(self._context, newest.id)),
            list=await self._submissions.page(where),
            query=query,
            keep_days=self._context.keeping.days,
        )

    async def preview(self, request: web.Request) -> web.StreamResponse:
        """``/assignments/{id}/preview``: the prompts for one submission."""
        body = await self._runs.previewed(request.match_info["id"], query_of(request, PreviewQuery))
        found = await self._submissions.find(body.submission)
        return self._html.page("preview.html", preview=body, task=found.task)


def _rubric(assignment: Assignment) -> Rubric | None:
    """The one that grades; exam pages are marked by their questions instead."""
    if assignment.kind is Kind.PAGES:
        return assignment.rubric
    name = "notebook" if assignment.kind is Kind.NOTEBOOK else "introduction"
    return assignment.rubric or default_rubric(name)
