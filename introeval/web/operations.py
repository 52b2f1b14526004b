"""The endpoints for submissions, and those that watch and run the daemon, as data (``operation``)."""

from introeval.web.api import Api
from introeval.web.inputs import EventsQuery, ListQuery, SubmissionForm
from introeval.web.operation import Answer, Operation
from introeval.web.problems import INTAKE_PROBLEMS
from introeval.web.schema import SubmissionBody, SubmissionPage
from introeval.web.status_schema import EventBody, HealthBody, StatusBody

_FILE = {
    200: Answer(about="The file.", content_type="application/octet-stream"),
    206: Answer(about="A range of it.", content_type="application/octet-stream"),
}


def operations(api: Api) -> tuple[Operation, ...]:
    """The table."""
    return (_creating(api), *_reading(api), *_watching(api), *_operating(api))


def _creating(api: Api) -> Operation:
    return Operation(
        method="POST",
        path="/api/v1/submissions",
        name="createSubmission",
        summary="Hand in what the assignment wants. After 201 it is stored durably and ends in exactly one result.",
        handler=api.create,
        answers={
            200: Answer(about="The submission that this Idempotency-Key made before.", model=SubmissionBody),
            201: Answer(about="Accepted; its address is in Location.", model=SubmissionBody),
            303: Answer(about="For a browser's form: go to the student's page.", content_type="text/html"),
        },
        problems=INTAKE_PROBLEMS,
        form=SubmissionForm,
        before_body=api.before_body,
        headers={"Idempotency-Key": "1 to 255 printable characters; repeats of a request share it."},
    )


def _reading(api: Api) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/api/v1/submissions",
            name="listSubmissions",
            summary="Submissions, newest first, a part at a time.",
            handler=api.submissions,
            answers={200: Answer(about="A part of the list.", model=SubmissionPage)},
            problems=("bad_parameter", "not_found"),
            query=ListQuery,
        ),
        Operation(
            method="GET",
            path="/api/v1/submissions/{id}",
            name="getSubmission",
            summary="One submission with its transcript and grade.",
            handler=api.submission,
            answers={200: Answer(about="The submission.", model=SubmissionBody)},
            problems=("not_found", "gone"),
        ),
        Operation(
            method="GET",
            path="/api/v1/submissions/{id}/video",
            name="getVideo",
            summary="The video as it was handed in; ranges are served.",
            handler=api.file,
            answers=_FILE,
            problems=("not_found", "gone"),
        ),
        Operation(
            method="GET",
            path="/api/v1/submissions/{id}/file",
            name="getFile",
            summary="What was handed in, of whatever kind; several pages as one archive.",
            handler=api.file,
            answers=_FILE,
            problems=("not_found", "gone"),
        ),
    )


def _watching(api: Api) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/api/v1/status",
            name="getStatus",
            summary="The daemon at this moment: phase, queues, servers, batches, totals, violations.",
            handler=api.status,
            answers={200: Answer(about="The snapshot.", model=StatusBody)},
        ),
        Operation(
            method="GET",
            path="/api/v1/events",
            name="streamEvents",
            summary="What happens, as server-sent events; resumes after Last-Event-ID.",
            handler=api.events,
            answers={
                200: Answer(
                    about="Each event's data is an EventBody.",
                    model=EventBody,
                    content_type="text/event-stream",
                )
            },
            problems=("bad_parameter", "too_many_streams", "stopping"),
            query=EventsQuery,
            headers={"Last-Event-ID": "the last event that was seen; goes before the parameter after"},
        ),
    )


def _operating(api: Api) -> tuple[Operation, ...]:
    return (
        Operation(
            method="GET",
            path="/healthz",
            name="getHealth",
            summary="The process answers.",
            handler=api.healthz,
            answers={200: Answer(about="It does.", model=HealthBody)},
        ),
        Operation(
            method="GET",
            path="/readyz",
            name="getReadiness",
            summary="Submissions can be taken.",
            handler=api.readyz,
            answers={
                200: Answer(about="They can.", model=HealthBody),
                503: Answer(about="They cannot; checks says why.", model=HealthBody),
            },
        ),
        Operation(
            method="GET",
            path="/metrics",
            name="getMetrics",
            summary="Prometheus metrics.",
            handler=api.metrics,
            answers={200: Answer(about="Metrics in text format.", content_type="text/plain")},
        ),
        Operation(
            method="GET",
            path="/openapi.json",
            name="getOpenApi",
            summary="This document.",
            handler=api.openapi,
            answers={200: Answer(about="OpenAPI 3.1.")},
        ),
    )
