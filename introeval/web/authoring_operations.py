"""The endpoints for exams on paper, as data (``operation``)."""

from introeval.web.assignment_schema import AssignmentLine
from introeval.web.authoring import Authoring
from introeval.web.authoring_schema import ProposalBody, ProposalRequest, TasksBody
from introeval.web.operation import Answer, Document, Operation
from introeval.web.problems import DOCUMENT_PROBLEMS

_COMMAND = ("not_found", "not_now", "queue_full", "stopping", *DOCUMENT_PROBLEMS)
_QUEUED = {202: Answer(about="Queued; /api/v1/proposals/{id} has each task's state.", model=TasksBody)}


def authoring_operations(authoring: Authoring) -> tuple[Operation, ...]:
    """The table."""
    commands = (
        ("transcribe", authoring.transcribe, "Read the pages of all submissions that were not read yet."),
        ("generate-answer-key", authoring.answer_key, "Propose an answer for each question."),
        (
            "generate-rubric",
            authoring.rubric,
            "Propose marking points for each question; they add up to what it is worth.",
        ),
    )
    names = {"transcribe": "transcribePages", "generate-answer-key": "proposeKey"}
    return (
        *(
            Operation(
                method="POST",
                path=f"/api/v1/assignments/{{id}}/{command}",
                name=names.get(command, "proposeRubric"),
                summary=summary,
                handler=handler,
                answers=_QUEUED,
                problems=_COMMAND,
                body=Document(model=ProposalRequest, required=False),
            )
            for command, handler, summary in commands
        ),
        Operation(
            method="GET",
            path="/api/v1/proposals/{id}",
            name="getProposal",
            summary="A command's task: its state, and what it read or proposes.",
            handler=authoring.proposal,
            answers={200: Answer(about="The task.", model=ProposalBody)},
            problems=("not_found", "gone"),
        ),
        Operation(
            method="POST",
            path="/api/v1/proposals/{id}/apply",
            name="applyProposal",
            summary="Make the assignment's next version of a proposal.",
            handler=authoring.apply,
            answers={200: Answer(about="The assignment as it now is.", model=AssignmentLine)},
            problems=("not_found", "gone", "not_now", "unavailable"),
        ),
    )
