"""The endpoints for assignments, as data (``operation``)."""

from introeval.assignments import Assignment
from introeval.web.assignment_runs import AssignmentRuns
from introeval.web.assignment_schema import (
    AssignmentPage,
    AssignmentsQuery,
    CancelBody,
    CancelForm,
    PreviewBody,
    PreviewQuery,
    RegradeBody,
    RegradeForm,
    ResultsBody,
    RunBody,
)
from introeval.web.assignments import LIST_PATH, Assignments
from introeval.web.operation import JSON, TOML, Answer, Document, Operation
from introeval.web.problems import DOCUMENT_PROBLEMS
from introeval.web.schema import SubmissionBody

ONE_PATH = LIST_PATH + "/{id}"
_DOCUMENT = Document(model=Assignment, types=(JSON, TOML))
_PAGE = Answer(about="For a page's form: back to the page.", content_type="text/html")


def assignment_operations(assignments: Assignments, runs: AssignmentRuns) -> tuple[Operation, ...]:
    """The table."""
    return (*_reading(assignments), *_writing(assignments), *_watching(runs), *_acting(runs))


def _one(about: str) -> Answer:
    return Answer(about=f"{about}; its version is in ETag.", model=Assignment, also=(TOML,))


def _reading(assignments: Assignments) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path=LIST_PATH,
            name="listAssignments",
            summary="Assignments by id, each with its run, a part at a time.",
            handler=assignments.list,
            answers={200: Answer(about="A part of the list.", model=AssignmentPage)},
            problems=("bad_parameter",),
            query=AssignmentsQuery,
        ),
        Operation(
            method="GET",
            path=ONE_PATH,
            name="getAssignment",
            summary="The newest version of an assignment, as JSON or as TOML to edit.",
            handler=assignments.show,
            answers={200: _one("The assignment")},
            problems=("not_found",),
        ),
        Operation(
            method="GET",
            path=ONE_PATH + "/versions/{version}",
            name="getAssignmentVersion",
            summary="One version of an assignment; versions never change.",
            handler=assignments.version,
            answers={200: _one("That version")},
            problems=("not_found",),
        ),
    )


def _writing(assignments: Assignments) -> tuple[Operation, ...]:
    return (
        Operation(
            method="POST",
            path=LIST_PATH,
            name="createAssignment",
            summary="A new assignment. Each wrong field is named.",
            handler=assignments.create,
            answers={200: _one("The very same was there already"), 201: _one("Made")},
            problems=(*DOCUMENT_PROBLEMS, "already_there"),
            body=_DOCUMENT,
        ),
        Operation(
            method="PUT",
            path=ONE_PATH,
            name="putAssignment",
            summary="A further version; results under earlier ones stay. Say which version it was made from.",
            handler=assignments.replace,
            answers={200: _one("The newest version says the same already"), 201: _one("The new version")},
            problems=(*DOCUMENT_PROBLEMS, "version_changed", "version_unknown"),
            body=_DOCUMENT,
            headers={
                "If-Match": "the ETag of the version that was changed, or * for whatever is the newest; without it, "
                "the document's own version counts",
                "If-None-Match": "* to make a new assignment only",
            },
        ),
    )


def _watching(runs: AssignmentRuns) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path=ONE_PATH + "/run",
            name="getRun",
            summary="How far all its submissions are, against the share that must be graded.",
            handler=runs.run,
            answers={200: Answer(about="The run.", model=RunBody)},
            problems=("not_found",),
        ),
        Operation(
            method="GET",
            path=ONE_PATH + "/preview",
            name="previewGrading",
            summary="The exact prompts for one submission with their token counts; nothing is asked for it.",
            handler=runs.preview,
            answers={200: Answer(about="The prompts.", model=PreviewBody)},
            problems=("bad_parameter", "not_found", "gone", "not_now", "unavailable"),
            query=PreviewQuery,
        ),
        Operation(
            method="GET",
            path="/api/v1/submissions/{id}/results",
            name="listResults",
            summary="What each version of the assignment gave a submission, oldest first.",
            handler=runs.results,
            answers={200: Answer(about="The results.", model=ResultsBody)},
            problems=("not_found", "gone"),
        ),
    )


def _acting(runs: AssignmentRuns) -> tuple[Operation, ...]:
    return (
        Operation(
            method="POST",
            path=ONE_PATH + "/regrade",
            name="regrade",
            summary="Grade ended submissions again, under the newest version; earlier results stay.",
            handler=runs.regrade,
            answers={200: Answer(about="What was queued, and what was not.", model=RegradeBody), 303: _PAGE},
            problems=(*DOCUMENT_PROBLEMS, "not_found"),
            body=Document(model=RegradeForm, required=False),
        ),
        Operation(
            method="POST",
            path=ONE_PATH + "/cancel",
            name="cancelRun",
            summary="Stop every submission of the assignment that has not ended.",
            handler=runs.cancel_all,
            answers={200: Answer(about="What was stopped.", model=CancelBody), 303: _PAGE},
            problems=(*DOCUMENT_PROBLEMS, "not_found"),
            body=Document(model=CancelForm, required=False),
        ),
        Operation(
            method="POST",
            path="/api/v1/submissions/{id}/cancel",
            name="cancelSubmission",
            summary="Stop a submission that has not ended: it keeps an earlier grade or failed; it can be regraded.",
            handler=runs.cancel,
            answers={200: Answer(about="The submission as it is now.", model=SubmissionBody), 303: _PAGE},
            problems=(*DOCUMENT_PROBLEMS, "not_found", "gone", "not_now"),
            body=Document(model=CancelForm, required=False),
        ),
    )
