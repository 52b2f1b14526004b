"""From what the tables and the snapshot say to the shapes of the API. Pure."""

from collections.abc import Sequence
from typing import Any

from db.regrades import Regrade
from db.views import Event, Submission
from introeval.fairness import AS_GIVEN, Standing
from introeval.grading import Segment
from introeval.grading.telling import telling
from introeval.web.grade_present import failures_of, flags_of, grade_of, placed
from introeval.web.grade_schema import FailureBody, GradeBody, LastRegradeBody, MarkBody
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
        criteria=tuple(
            MarkBody(name=item.name, score=item.score, max_score=item.max_score)
            for item in (grade.criteria if grade else ())
        ),
        model=found.model,
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


def _grade(found: Submission, standing: Standing) -> GradeBody | None:
    if found.score is None or found.max_score is None or found.graded_version is None:
        return None
    return placed(grade_of(found.score, found.max_score, found.graded_version, found.report or {}), standing)
