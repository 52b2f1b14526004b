"""The endpoints for sessions, as data (``operation``)."""

from introeval.exams.placeholders import ASSESSMENT_PROMPT, RUBRIC_PROMPT, TemplateKind
from introeval.exams.request import GradeRequest
from introeval.web.operation import Answer, Document, Operation
from introeval.web.problems import DOCUMENT_PROBLEMS, PICTURE_PROBLEMS
from introeval.web.session_grading import SessionGradings
from introeval.web.session_inputs import (
    ImageForm,
    NewSession,
    QuestionsForm,
    SessionResultsQuery,
    TemplateForm,
    WaitQuery,
)
from introeval.web.session_schema import (
    GradingBody,
    SessionBody,
    SessionImageBody,
    SessionResultsBody,
    SessionRubricBody,
    TemplateBody,
)
from introeval.web.sessions import Sessions


def session_operations(sessions: Sessions, gradings: SessionGradings) -> tuple[Operation, ...]:
    """The table."""
    return (
        *_making(sessions),
        _grading(gradings),
        *_results(sessions),
        *_template(sessions, RUBRIC_PROMPT, "RubricPrompt", "the rubric stage"),
        *_template(sessions, ASSESSMENT_PROMPT, "Prompt", "the assessment stage"),
    )


def _making(sessions: Sessions) -> tuple[Operation, ...]:
    return (
        Operation(
            method="POST",
            path="/sessions",
            name="createSession",
            summary="A new session: a student's exam pages, a rubric and questions, to be graded together.",
            handler=sessions.create,
            answers={201: Answer(about="Made; its address is in Location.", model=SessionBody)},
            problems=DOCUMENT_PROBLEMS,
            body=Document(model=NewSession, required=False),
        ),
        Operation(
            method="GET",
            path="/sessions/{session_id}",
            name="getSession",
            summary="A session with its questions, pages and gradings.",
            handler=sessions.show,
            answers={200: Answer(about="The session.", model=SessionBody)},
            problems=("not_found",),
        ),
        Operation(
            method="POST",
            path="/images/register",
            name="registerImage",
            summary="One page of a session: JPEG, PNG, WebP or HEIC, by content. After 201 it is stored durably.",
            handler=sessions.register,
            answers={201: Answer(about="Kept as a JPEG that we made, upright.", model=SessionImageBody)},
            problems=PICTURE_PROBLEMS,
            form=ImageForm,
        ),
        Operation(
            method="POST",
            path="/questions/config",
            name="configureQuestions",
            summary="All questions of a session with what each is worth; they take the place of those before.",
            handler=sessions.questions,
            answers={200: Answer(about="The session.", model=SessionBody)},
            problems=(*DOCUMENT_PROBLEMS, "not_found"),
            body=Document(model=QuestionsForm),
        ),
    )


def _grading(gradings: SessionGradings) -> Operation:
    return Operation(
        method="POST",
        path="/grade/single",
        name="gradeSession",
        summary="Grade a session by pairs of models, or (older form) by models alone, each in several tries.",
        handler=gradings.grade,
        answers={
            200: Answer(about="It has ended within the wait.", model=SessionResultsBody),
            202: Answer(about="Accepted; its results will be at the address in Location.", model=GradingBody),
        },
        problems=(
            *DOCUMENT_PROBLEMS,
            "bad_key",
            "bad_parameter",
            "not_found",
            "not_now",
            "key_reused",
            "queue_full",
            "stopping",
        ),
        query=WaitQuery,
        body=Document(model=GradeRequest),
        headers={
            "Idempotency-Key": "1 to 255 printable characters; repeats of a request share it.",
            "Prefer": "wait=SECONDS: answer when the grading has ended, or when so many seconds are over (RFC 7240)",
        },
    )


def _results(sessions: Sessions) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/results/{session_id}",
            name="getSessionResults",
            summary="A session's marks by pair and try, combined, with their spread, failures and token use.",
            handler=sessions.results,
            answers={200: Answer(about="The results as far as they are.", model=SessionResultsBody)},
            problems=("bad_parameter", "not_found"),
            query=SessionResultsQuery,
        ),
        Operation(
            method="GET",
            path="/results/{session_id}/rubric",
            name="getSessionRubric",
            summary="The rubric as each model read it last in each try.",
            handler=sessions.rubric,
            answers={200: Answer(about="The readings.", model=SessionRubricBody)},
            problems=("not_found",),
        ),
    )


def _template(sessions: Sessions, kind: TemplateKind, name: str, stage: str) -> tuple[Operation, ...]:
    path = f"/settings/{kind.name}"
    return (
        Operation(
            method="GET",
            path=path,
            name=f"get{name}",
            summary=f"The prompt of {stage}, with the placeholders that it needs and may have.",
            handler=sessions.template(kind),
            answers={200: Answer(about="The prompt.", model=TemplateBody)},
        ),
        Operation(
            method="PUT",
            path=path,
            name=f"put{name}",
            summary=f"Change the prompt of {stage} for all later gradings. Unknown and missing placeholders are named.",
            handler=sessions.store_template(kind),
            answers={200: Answer(about="The prompt as it now is.", model=TemplateBody)},
            problems=DOCUMENT_PROBLEMS,
            body=Document(model=TemplateForm),
        ),
    )
