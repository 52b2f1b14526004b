"""The handlers of ``/api/v1/assignments/{id}/fairness`` and ``.../agreement``: how far an assignment's grades can be
trusted.

A version has the grades that it gave, also while or after the submissions are graded under a newer one.
"""

from collections.abc import Mapping

from aiohttp import web

from db.ratings import KeptRating
from db.views import Submission
from introeval.agreement.comparison import Heed, Options, unheeding
from introeval.agreement.errors import AgreementError, HumanGradesError, Problem
from introeval.agreement.human import read_grades
from introeval.agreement.matching import match
from introeval.agreement.raters import Rater, Scale, Sheet, Try, sheets_of
from introeval.agreement.report import AgreementReport, report
from introeval.agreement.scale import Equating
from introeval.assignments import Assignment, FieldError
from introeval.web.api import answer, query_of
from introeval.web.assignments import AssignmentReader
from introeval.web.context import WebContext
from introeval.web.documents import read_bytes
from introeval.web.measuring import Measuring
from introeval.web.operation import Answer, Document, Operation
from introeval.web.problems import DOCUMENT_PROBLEMS, ProblemError
from introeval.web.trust_schema import (
    AgreementBody,
    AgreementQuery,
    FairnessBody,
    StandingBody,
    StrangerBody,
    TeacherFile,
    TrustQuery,
)

MOST_SUBMISSIONS = 5000
TYPES = ("text/csv", "text/plain")


class Trust:
    """Measures, from what is in the tables."""

    def __init__(self, context: WebContext, assignments: AssignmentReader) -> None:
        self._context = context
        self._assignments = assignments
        self._measuring = Measuring(context.stop)

    async def fairness(self, request: web.Request) -> web.StreamResponse:
        assignment = await self._find(request, query_of(request, TrustQuery))
        fair = await self._context.fairness.of(assignment)
        found = await self._submissions(assignment)
        items = []
        for task_id, one in found.items():
            standing = fair.standing(task_id)
            scores = dict(fair.scores.get(task_id, {}))
            items.append(
                StandingBody(
                    id=task_id,
                    roll_number=one.task.roll_number,
                    scores=scores,
                    adjusted=standing.adjusted,
                    review=standing.review or None,
                )
            )
        return answer(
            FairnessBody(
                assignment=assignment.id,
                version=assignment.version,
                equating=fair.equating,
                items=tuple(items),
            )
        )

    async def agreement(self, request: web.Request) -> web.StreamResponse:
        query = query_of(request, AgreementQuery)
        assignment = await self._find(request, query)
        data = await read_bytes(request, TYPES, self._context.limits.idle_seconds)
        kept = await self._context.fairness.ratings(assignment)
        equating = (await self._context.fairness.of(assignment)).equating
        found = await self._submissions(assignment)
        options = Options(question_intervals=query.question_intervals)
        try:
            measured, strangers = await self._measuring.run(
                request, lambda heed: compare(data, found, kept, equating, options, heed)
            )
        except HumanGradesError as error:
            wrong = [FieldError(f"line {item.line}, {item.column}", item.message) for item in error.problems]
            raise ProblemError("invalid_document", str(error), errors=wrong) from error
        except AgreementError as error:
            raise ProblemError("nothing_to_compare", str(error)) from error
        return answer(
            AgreementBody(
                assignment=assignment.id,
                version=assignment.version,
                report=measured,
                strangers=tuple(
                    StrangerBody(line=item.line, column=item.column, message=item.message)
                    for item in strangers
                ),
            )
        )

    async def _find(self, request: web.Request, query: TrustQuery) -> Assignment:
        return await self._assignments.find(request.match_info["id"], query.version)

    async def _submissions(self, assignment: Assignment) -> dict[str, Submission]:
        listed = await self._context.views.graded(assignment.id, assignment.version, MOST_SUBMISSIONS)
        return {one.task.id: one for one in listed}


def compare(
    data: bytes,
    found: Mapping[str, Submission],
    kept: tuple[KeptRating, ...],
    equating: Equating,
    options: Options,
    heed: Heed = unheeding,
) -> tuple[AgreementReport, tuple[Problem, ...]]:
    """The report; an empty ``data`` compares models and tries alone. Raises ``AgreementError``."""
    graded = {task_id: one for task_id, one in found.items() if one.score is not None and one.max_score}
    if not graded:
        raise AgreementError("Nothing was graded under this version yet, so there is nothing to compare.")
    marks: dict[str, dict[str, float | None]] = {}
    questions: dict[str, float] = {}
    for task_id, one in graded.items():
        for item in (one.report or {}).get("criteria", ()):
            marks.setdefault(task_id, {})[item["name"]] = item["score"]
            questions[item["name"]] = item["max_score"]
    total = max(one.max_score or 0.0 for one in graded.values())
    shown = Sheet(Rater(kind="final"), marks, {task_id: one.score for task_id, one in graded.items()})
    tries = [
        Try(each.task_id, each.model, each.attempt, each.score, dict(each.marks))
        for each in kept
        if each.task_id in graded and each.marks.keys() <= questions.keys()
    ]
    scale = Scale(questions=questions, total=total)
    if not data.strip():
        return report(scale, sheets_of(tries), severity=equating, options=options, heed=heed), ()
    rolls = {task_id: one.task.roll_number for task_id, one in found.items()}
    teacher = match(read_grades(data), rolls, scale)
    measured = report(scale, sheets_of(tries), teacher.sheet, shown, equating, options, heed)
    return measured, teacher.strangers


def trust_operations(trust: Trust) -> tuple[Operation, ...]:
    """The table."""
    return (
        Operation(
            method="GET",
            path="/api/v1/assignments/{id}/fairness",
            name="getFairness",
            summary="How severe each model is, from what two of them graded, and each grade on their common scale.",
            handler=trust.fairness,
            answers={200: Answer(about="The finding.", model=FairnessBody)},
            problems=("not_found", "bad_parameter"),
            query=TrustQuery,
        ),
        Operation(
            method="POST",
            path="/api/v1/assignments/{id}/agreement",
            name="measureAgreement",
            summary="How far our grades agree with a teacher's (CSV), between models and between tries.",
            handler=trust.agreement,
            answers={200: Answer(about="Counts and statistics with intervals.", model=AgreementBody)},
            problems=("not_found", "bad_parameter", "nothing_to_compare", *DOCUMENT_PROBLEMS, "stopping"),
            query=AgreementQuery,
            body=Document(model=TeacherFile, types=TYPES, required=False),
        ),
    )
