"""From what the tables and the snapshot say to the shapes of the API. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from db.regrades import Regrade
from db.views import Event, Submission
from introeval.fairness import AS_GIVEN, Standing
from introeval.grading import Segment
from introeval.grading.telling import telling
from introeval.web.grade_schema import (
    CriterionBody,
    FailureBody,
    FlagBody,
    GradeBody,
    GuardBody,
    LastRegradeBody,
    LetterBody,
    NoteBody,
    OpinionBody,
    PartBody,
)
from introeval.web.schema import SegmentBody, SubmissionBody, SubmissionLine, utc
from introeval.web.status_schema import (
    BatchBody,
    CallsBody,
    EventBody,
    OutboxBody,
    QueuesBody,
    RunningBody,
    ServerBody,
    StatusBody,
)
from scheduler.ratings import Failure
from scheduler.snapshot import StatusSnapshot

_CRITERIA = TypeAdapter(tuple[CriterionBody, ...])
_NOTES = TypeAdapter(tuple[NoteBody, ...])
_GUARDS = TypeAdapter(tuple[GuardBody, ...])
_FLAGS = TypeAdapter(tuple[FlagBody, ...])
_OPINIONS = TypeAdapter(tuple[OpinionBody, ...])
_PARTS = TypeAdapter(tuple[PartBody, ...])
_REVIEW = TypeAdapter(tuple[str, ...])


def submission_body(
    found: Submission,
    segments: Sequence[Segment] | None,
    eta: float | None,
    failures: Sequence[Failure] = (),
    standing: Standing = AS_GIVEN,
) -> SubmissionBody:
    """Everything about one submission; ``segments`` is ``None`` until there is a transcript."""
    spoken = None if segments is None else tuple(_segment(segment) for segment in segments)
    return SubmissionBody(
        **_head(found),
        file_name=found.task.file_name,
        place=None if found.ahead is None else found.ahead + 1,
        eta_seconds=None if eta is None else round(eta, 1),
        transcript=None if spoken is None else " ".join(part.text for part in spoken if part.text),
        segments=spoken,
        grade=_grade(found, standing),
        failures=failures_of(failures),
        model=found.model,
        server=found.server,
        updated_at=utc(found.task.updated_at),
    )


def submission_line(
    found: Submission, failures: Sequence[Failure] = (), standing: Standing = AS_GIVEN
) -> SubmissionLine:
    """A submission in a list, with one reason and one quote."""
    grade = _grade(found, standing)
    chosen = telling(grade.criteria, [guard.reason for guard in grade.guards]) if grade else None
    return SubmissionLine(
        **_head(found),
        score=found.score,
        adjusted_score=grade.adjusted_score if grade else None,
        max_score=found.max_score,
        graded_version=found.graded_version,
        provisional=grade is not None and not grade.final,
        review=grade.review if grade else (),
        opinions=grade.opinions if grade else (),
        failures=failures_of(failures),
        guards=grade.guards if grade else (),
        telling=chosen and chosen.model_copy(update={"evidence": chosen.evidence[:1]}),
    )


def _head(found: Submission) -> dict[str, Any]:
    task = found.task
    return {
        "id": task.id,
        "kind": task.kind,
        "assignment": task.assignment_id,
        "assignment_version": task.assignment_version,
        "roll_number": task.roll_number,
        "name": task.student_name,
        "current_phase": task.state.stage.value,
        "status": task.state.status.value,
        "flags": flags_of(found.report or {}),
        "error_code": task.error_code,
        "error_message": task.error_message,
        "regrade": None if found.regrade is None else _last(found.regrade),
        "retry_count": task.retry_count,
        "batch_id": task.batch_id,
        "media_seconds": task.media_seconds,
        "created_at": utc(task.created_at),
        "completed_at": None if task.completed_at is None else utc(task.completed_at),
        "delete_after": None if found.delete_after is None else utc(found.delete_after),
    }


def _last(regrade: Regrade) -> LastRegradeBody:
    return LastRegradeBody(
        version=regrade.version,
        outcome="cancelled" if regrade.cancelled else "failed",
        at=utc(regrade.at),
        failure=FailureBody.model_validate(regrade.failure, from_attributes=True),
    )


def status_body(snapshot: StatusSnapshot) -> StatusBody:
    """The snapshot as the API shows it."""
    return StatusBody(
        at=utc(snapshot.at),
        phase=snapshot.phase.value,
        since=utc(snapshot.since),
        why=snapshot.why,
        queues=QueuesBody(
            stt=snapshot.stt_queue_count, llm=snapshot.llm_queue_count, active_workers=snapshot.active_workers
        ),
        totals=dict(snapshot.totals),
        servers=tuple(ServerBody.model_validate(server, from_attributes=True) for server in snapshot.servers),
        batches=tuple(
            BatchBody(
                id=batch.id,
                state=batch.state,
                created_at=utc(batch.created_at),
                size=batch.size,
                counts=dict(batch.counts),
            )
            for batch in snapshot.batches
        ),
        running=tuple(
            RunningBody(
                task_id=task.task_id,
                roll_number=task.roll_number,
                stage=task.stage.value,
                started_at=utc(task.started_at),
                progress=task.progress,
                server=task.server,
            )
            for task in snapshot.running
        ),
        violations=snapshot.violations,
        switchovers=snapshot.switchovers,
        last_switchover_seconds=snapshot.last_switchover_seconds,
        max_wait_seconds=snapshot.max_wait_seconds,
        last_error=snapshot.last_error,
        stt_model=snapshot.stt_model,
        seconds_per_phase=dict(snapshot.seconds_per_phase),
        outbox=snapshot.outbox and OutboxBody.model_validate(snapshot.outbox, from_attributes=True),
        calls=snapshot.calls and CallsBody.model_validate(snapshot.calls, from_attributes=True),
    )


def event_body(event: Event, only: str | None) -> EventBody:
    """One event; with ``only``, the subject of other submissions' events is left out."""
    return EventBody(
        id=event.id,
        at=utc(event.at),
        kind=event.kind,
        task_id=event.task_id if only in (None, event.task_id) else None,
        batch_id=event.batch_id,
        source=event.source,
        target=event.target,
    )


def _segment(segment: Segment) -> SegmentBody:
    return SegmentBody(start=segment.start, end=segment.end, text=segment.text)


def grade_of(score: float, max_score: float, version: int, report: Mapping[str, Any]) -> GradeBody:
    """A grade from its stored report. ``version``: of the assignment that gave it."""
    review = _read(_REVIEW, report.get("review", ()))
    return GradeBody(
        score=score,
        max_score=max_score,
        version=version,
        final=not review,
        review=review,
        criteria=_read(_CRITERIA, report.get("criteria", ())),
        facts=_read(_NOTES, report.get("facts", ())),
        problems=_read(_NOTES, report.get("problems", ())),
        guards=_read(_GUARDS, report.get("guards", ())),
        opinions=_read(_OPINIONS, report.get("opinions", ())),
        parts=_read(_PARTS, report.get("parts", ())),
        summary=_text(report.get("summary")),
        feedback=_letter(report.get("feedback")),
    )


def flags_of(report: Mapping[str, Any]) -> tuple[FlagBody, ...]:
    """What a person should look at, from a stored report."""
    return _read(_FLAGS, report.get("flags", ()))


def failures_of(failures: Sequence[Failure]) -> tuple[FailureBody, ...]:
    """The parts that ended without a result."""
    return tuple(FailureBody.model_validate(failure, from_attributes=True) for failure in failures)


def _grade(found: Submission, standing: Standing) -> GradeBody | None:
    if found.score is None or found.max_score is None or found.graded_version is None:
        return None
    grade = grade_of(found.score, found.max_score, found.graded_version, found.report or {})
    review = (*grade.review, standing.review) if standing.review else grade.review
    return grade.model_copy(
        update={"adjusted_score": standing.adjusted, "review": review, "final": not review and grade.final}
    )


def _read(shape: TypeAdapter[tuple[Any, ...]], value: object) -> tuple[Any, ...]:
    # A report of an older version must not take the whole page away: the score stays, the part is left out.
    try:
        return shape.validate_python(value)
    except ValidationError:
        return ()


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _letter(value: object) -> LetterBody | None:
    try:
        return None if value is None else LetterBody.model_validate(value)
    except ValidationError:
        return None
