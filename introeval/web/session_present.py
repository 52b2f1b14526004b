"""From what the tables say of a session to the shapes of the API. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from db.session_results import AssessmentResult, RubricResult, StageUsage
from db.sessions import NewImage, StoredImage, StoredPrompt, StoredSession
from db.views import Submission
from introeval.assignments import Question
from introeval.exams.combining import Combined, combine
from introeval.exams.failures import NOT_ASSESSED
from introeval.exams.marks import QuestionMark
from introeval.exams.placeholders import TemplateKind
from introeval.exams.request import GradePlan, PlannedPair
from introeval.exams.templates import DEFAULTS
from introeval.grading.rounding import summed
from introeval.web.grade_present import flags_of, grade_of
from introeval.web.grade_schema import FailureBody, GradeBody
from introeval.web.session_schema import (
    CitedBody,
    CombinedBody,
    CombinedMarkBody,
    GivenRubricBody,
    PairBody,
    QuestionMarkBody,
    RubricReadingBody,
    SessionBody,
    SessionImageBody,
    SessionResultsBody,
    SessionRubricBody,
    SessionUsageBody,
    StageUsageBody,
    TemplateBody,
    TryBody,
    UsageBody,
)
from introeval.web.shape import utc

NO_RESULT = "N/A: {code}"
_RUBRICS = TypeAdapter(tuple[GivenRubricBody, ...])


def session_body(
    session: StoredSession, images: Sequence[StoredImage], gradings: Sequence[str]
) -> SessionBody:
    """A session with what is in it."""
    return SessionBody(
        session_id=session.id,
        title=session.title,
        questions=questions_of(session),
        images=tuple(image_body(image, session.id) for image in images),
        gradings=tuple(gradings),
        created_at=utc(session.created_at),
        updated_at=utc(session.updated_at),
    )


def image_body(image: StoredImage | NewImage, session_id: str) -> SessionImageBody:
    """A page image."""
    values = {name: getattr(image, name) for name in SessionImageBody.model_fields if hasattr(image, name)}
    return SessionImageBody.model_validate(values | {"image_id": image.id, "session_id": session_id})


def questions_of(session: StoredSession) -> tuple[Question, ...]:
    """Its questions as they are now."""
    return tuple(Question.model_validate(question) for question in session.questions)


def template_body(kind: TemplateKind, stored: StoredPrompt | None) -> TemplateBody:
    """A prompt: the stored one, or the program's own."""
    return TemplateBody(
        name=kind.name,
        template=DEFAULTS[kind.name] if stored is None else stored.template,
        stored=stored is not None,
        updated_at=None if stored is None else utc(stored.updated_at),
        required=tuple(kind.required),
        optional=tuple(kind.optional),
    )


def rubric_body(session_id: str, readings: Sequence[RubricResult]) -> SessionRubricBody:
    """All readings of a session's rubric."""
    shown = (RubricReadingBody.model_validate(reading, from_attributes=True) for reading in readings)
    return SessionRubricBody(session_id=session_id, readings=tuple(shown))


def results_body(
    session: StoredSession,
    graded: tuple[Submission, GradePlan] | None,
    tries: Sequence[AssessmentResult],
    usage: Sequence[StageUsage],
    gradings: Sequence[str],
) -> SessionResultsBody:
    """One grading of a session, as far as it is; ``graded`` is ``None`` before one was asked for."""
    spent = usage_body(usage)
    if graded is None:
        return SessionResultsBody(
            session_id=session.id,
            title=session.title,
            questions=questions_of(session),
            usage=spent,
            gradings=tuple(gradings),
        )
    found, plan = graded
    task, grade = found.task, _grade(found)
    whole = combine(_marks_by_pair(tries))
    return SessionResultsBody(
        session_id=session.id,
        title=session.title,
        questions=plan.questions,
        task_id=task.id,
        status=task.state.status.value,
        current_phase=task.state.stage.value,
        error_code=task.error_code,
        error_message=task.error_message,
        final=grade and grade.final,
        review=grade.review if grade else (),
        flags=flags_of(found.report or {}),
        combined=None if whole is None else _combined(whole),
        pairs=tuple(_pair(pair, tries, whole) for pair in plan.pairs),
        rubrics=_RUBRICS.validate_python((found.report or {}).get("rubrics", ())),
        failures=_failures(tries),
        usage=spent,
        gradings=tuple(gradings),
    )


def usage_body(usage: Sequence[StageUsage]) -> SessionUsageBody:
    """By stage and model, and in all."""
    names = ("calls", "requests", "tokens_in", "tokens_out", "latency_ms")
    total = UsageBody(**{name: sum(getattr(stage, name) for stage in usage) for name in names})
    stages = tuple(StageUsageBody.model_validate(stage, from_attributes=True) for stage in usage)
    return SessionUsageBody(stages=stages, total=total)


def _grade(found: Submission) -> GradeBody | None:
    if found.score is None or found.max_score is None or found.graded_version is None:
        return None
    return grade_of(found.score, found.max_score, found.graded_version, found.report or {})


def _marks(row: AssessmentResult) -> tuple[QuestionMark, ...]:
    return tuple(QuestionMark.model_validate(mark) for mark in row.marks)


def _marks_by_pair(tries: Sequence[AssessmentResult]) -> dict[int, list[tuple[QuestionMark, ...]]]:
    found: dict[int, list[tuple[QuestionMark, ...]]] = {}
    for row in tries:
        if row.state == "done":
            found.setdefault(row.pair_index, []).append(_marks(row))
    return found


def _pair(pair: PlannedPair, tries: Sequence[AssessmentResult], whole: Combined | None) -> PairBody:
    rows = {row.attempt: row for row in tries if row.pair_index == pair.index}
    score = next((one for one in whole.pairs if one.index == pair.index), None) if whole else None
    return PairBody(
        pair=pair.index,
        instance_id=pair.instance_id,
        rubric_model=pair.rubric_model,
        assessment_model=pair.assessment_model,
        score=score and score.score,
        lowest=score and score.lowest,
        highest=score and score.highest,
        tries=tuple(_try(attempt, rows.get(attempt)) for attempt in range(1, pair.tries + 1)),
    )


def _try(attempt: int, row: AssessmentResult | None) -> TryBody:
    if row is None:
        return TryBody(attempt=attempt, state="pending")
    marks, failure = _marks(row), _failure(row.failure)
    note = None
    if failure is not None:
        note = NOT_ASSESSED if row.state == "rubric_failed" else NO_RESULT.format(code=failure.code)
    values = {name: getattr(row, name) for name in TryBody.model_fields if hasattr(row, name)}
    return TryBody.model_validate(
        values
        | {
            "note": note,
            "failure": failure,
            "score": summed(mark.mark for mark in marks) if marks else None,
            "max_score": summed(mark.max_mark for mark in marks) if marks else None,
            "marks": tuple(_mark(mark) for mark in marks),
        }
    )


def _mark(mark: QuestionMark) -> QuestionMarkBody:
    cited = tuple(CitedBody(place=place.place, quote=place.quote) for place in mark.evidence)
    values = mark.model_dump(exclude={"evidence"})
    return QuestionMarkBody(**values, evidence=cited, final=mark.doubt is None)


def _combined(whole: Combined) -> CombinedBody:
    questions = tuple(
        CombinedMarkBody.model_validate(question, from_attributes=True) for question in whole.questions
    )
    return CombinedBody(
        score=whole.score,
        max_score=whole.max_score,
        lowest=whole.lowest,
        highest=whole.highest,
        questions=questions,
    )


def _failures(tries: Sequence[AssessmentResult]) -> tuple[FailureBody, ...]:
    """Those of the rubric stage first, each once: as the tries met them, whatever became of the readings since."""
    rubrics = [_failure((row.failure or {}).get("rubric")) for row in tries]
    assessments = [_failure(row.failure) for row in tries]
    return tuple(dict.fromkeys(failure for failure in (*rubrics, *assessments) if failure is not None))


def _failure(failure: Mapping[str, Any] | None) -> FailureBody | None:
    return None if failure is None else FailureBody.model_validate(failure)
