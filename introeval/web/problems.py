"""Every refusal as RFC 9457 ``application/problem+json``, from one table.

``code`` is stable and for programs; ``detail`` is a sentence for the person who sent the request. Rules:

* A code's status and title are in the table and nowhere else.
* Errors of other packages keep their own code; their kind (``scheduler.errors``) gives the status.
* A document with wrong fields names each of them in ``errors``.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web

from db.errors import UncertainCommitError
from introeval.assignments.errors import FieldError
from introeval.web.schema import FieldErrorBody, FieldProblemBody, ProblemBody
from scheduler.errors import (
    AttemptFailedError,
    IntroevalError,
    NoServerError,
    RejectedWorkError,
    StaleWorkError,
    StateError,
)

CONTENT_TYPE = "application/problem+json"


class Kind(NamedTuple):
    """What a code means."""

    status: int
    title: str


PROBLEMS: Mapping[str, Kind] = {
    "malformed_body": Kind(400, "The body is not well-formed"),
    "bad_header": Kind(400, "A header of the upload is wrong"),
    "bad_host": Kind(400, "The Host header is wrong"),
    "bad_key": Kind(400, "The Idempotency-Key cannot be used"),
    "bad_parameter": Kind(400, "A query parameter is wrong"),
    "cross_site": Kind(403, "Another site asked for this"),
    "not_found": Kind(404, "There is nothing here"),
    "method_not_allowed": Kind(405, "This method is not offered here"),
    "upload_stalled": Kind(408, "The upload stood still"),
    "already_there": Kind(409, "There is an assignment of that name"),
    "not_now": Kind(409, "Its state does not allow this"),
    "nothing_to_compare": Kind(409, "There is nothing to compare yet"),
    "place_taken": Kind(409, "There is a page at this place"),
    "upload_offset": Kind(409, "The upload goes on at another place"),
    "upload_gone": Kind(410, "This upload has ended"),
    "tus_version": Kind(412, "This version of tus is not spoken here"),
    "gone": Kind(410, "It was deleted"),
    "version_changed": Kind(412, "There is a newer version"),
    "too_large": Kind(413, "The file is too large"),
    "not_multipart": Kind(415, "The body is not multipart/form-data"),
    "unknown_type": Kind(415, "The body has a type that is not read here"),
    "not_a_video": Kind(415, "The file is not a video"),
    "unknown_pages": Kind(415, "The file holds no pages"),
    "no_file": Kind(422, "No file was sent"),
    "empty_file": Kind(422, "The file is empty"),
    "bad_field": Kind(422, "A field is missing or wrong"),
    "invalid_document": Kind(422, "The document has wrong fields"),
    "unknown_assignment": Kind(422, "There is no such assignment"),
    "too_many_files": Kind(422, "Too many files"),
    "no_audio_track": Kind(422, "The video has no sound"),
    "too_long": Kind(422, "The recording is too long"),
    "corrupt_media": Kind(422, "The recording is damaged"),
    "rejected": Kind(422, "The file cannot be used"),
    "key_reused": Kind(422, "The Idempotency-Key belongs to another submission"),
    "digest_mismatch": Kind(422, "The file changed on its way"),
    "upload_busy": Kind(423, "Somebody else writes to this upload"),
    "version_unknown": Kind(428, "Say which version you change"),
    "queue_full": Kind(429, "The queue is full"),
    "too_many_uploads": Kind(429, "Too many uploads at a time"),
    "checksum_mismatch": Kind(460, "Bytes changed on their way"),
    "internal": Kind(500, "Something is wrong with the program"),
    "unavailable": Kind(503, "This cannot be done at the moment"),
    "busy": Kind(503, "Many are handing in at this moment"),
    "stopping": Kind(503, "The service is stopping"),
    "too_many_streams": Kind(503, "Too many pages are open"),
    "disk_full": Kind(507, "The disk of the server is full"),
}

INTAKE_PROBLEMS = (
    *(
        "malformed_body",
        "cross_site",
        "bad_key",
        "upload_stalled",
        "too_large",
        "not_multipart",
        "not_a_video",
        "unknown_pages",
    ),
    *(
        "no_file",
        "empty_file",
        "bad_field",
        "unknown_assignment",
        "too_many_files",
        "no_audio_track",
        "too_long",
    ),
    *("corrupt_media", "rejected", "key_reused", "digest_mismatch", "queue_full", "too_many_uploads", "busy"),
    *("unavailable", "stopping", "disk_full"),
)
"""What an upload may be refused with; other packages' errors keep their own codes, with the status of ``rejected``."""

TUS_PROBLEMS = (
    *(code for code in INTAKE_PROBLEMS if code not in ("not_multipart", "no_file", "too_many_files")),
    *(
        "bad_header",
        "not_found",
        "unknown_type",
        "upload_offset",
        "upload_gone",
        "tus_version",
        "upload_busy",
    ),
    "checksum_mismatch",
)
"""What an upload in pieces may be refused with (``introeval.web.resumable``); other packages' codes as above."""

PICTURE_PROBLEMS = (
    *(
        "malformed_body",
        "cross_site",
        "not_found",
        "upload_stalled",
        "place_taken",
        "too_large",
        "not_multipart",
    ),
    *("unknown_pages", "no_file", "empty_file", "bad_field", "too_many_files", "rejected", "unavailable"),
    *("busy", "stopping", "disk_full"),
)
"""What a page image may be refused with; refusals of its content keep their own codes, with the status of ``rejected``.
"""

DOCUMENT_PROBLEMS = (
    *("malformed_body", "cross_site", "upload_stalled", "too_large", "unknown_type", "invalid_document"),
    *("busy", "unavailable"),
)
"""What a body that is no form may be refused with (``introeval.web.documents``)."""


class Told(NamedTuple):
    """What a person hears when the fault is ours. ``later``: of any fault, ``full``: of a full disk.

    What was stored depends on the door, so the door says it: a program that reads "nothing" sends everything again.
    """

    later: str
    full: str


ANYWHERE = Told(
    "The service could not do this at the moment. Try again in a minute.",
    "The server's disk is full. Please tell your teacher, and try again later.",
)
WHOLE = Told(
    "The service could not do this at the moment. Nothing was stored; try again in a minute.",
    "The server's disk is full, so nothing was stored. Please tell your teacher, and hand in again later.",
)
"""What comes in one request is stored or it is not."""
PIECES = Told(
    "The service could not do this at the moment. What arrived safely is kept; go on in a minute.",
    "The server's disk is full. What arrived safely is kept. Please tell your teacher, and go on later.",
)
CHANGED = "Somebody else changed this in the same moment, so nothing was done. Look at it again."
UNCERTAIN = (
    "The service could not do this, and cannot say yet whether it was stored. Look for it in a minute, before you do "
    "it again."
)


class ProblemError(IntroevalError):
    """A request that is refused. ``code`` is a key of ``PROBLEMS``."""

    def __init__(
        self,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(detail)
        self.problem = code
        self.headers = dict(headers or {})
        self.errors = tuple(errors)


def body_of(error: IntroevalError, told: Told = ANYWHERE) -> ProblemBody:
    """The answer that an error becomes. ``told``: the words of the door that it happened at."""
    if isinstance(error, ProblemError):
        body = _body(error.problem, PROBLEMS[error.problem], str(error))
        return _with_fields(body, error.errors) if error.errors else body
    if isinstance(error, RejectedWorkError):
        return _body(error.code, PROBLEMS.get(error.code, PROBLEMS["rejected"]), str(error))
    if isinstance(error, StaleWorkError):
        return _body("not_now", PROBLEMS["not_now"], CHANGED)
    if isinstance(error, AttemptFailedError | NoServerError | StateError):
        text = told.full if error.code == "disk_full" else told.later
        uncertain = isinstance(error, UncertainCommitError)
        return _body(
            error.code, PROBLEMS.get(error.code, PROBLEMS["unavailable"]), UNCERTAIN if uncertain else text
        )
    return _body("internal", PROBLEMS["internal"], "The request could not be answered. It was logged.")


def headers_of(error: IntroevalError) -> dict[str, str]:
    """Headers that go with the answer."""
    if isinstance(error, ProblemError):
        return error.headers
    return {"Retry-After": "60"} if isinstance(error, AttemptFailedError | NoServerError | StateError) else {}


def body_of_http(error: web.HTTPException) -> ProblemBody:
    """What aiohttp itself refuses (no route, wrong method, ...)."""
    known = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}.get(error.status)
    kind = PROBLEMS[known] if known else Kind(error.status, HTTPStatus(error.status).phrase)
    return _body(known or f"http_{error.status}", kind, f"{kind.title}.")


def response(body: ProblemBody, headers: Mapping[str, str]) -> web.Response:
    """As an answer for programs."""
    return web.Response(
        status=body.status, text=body.model_dump_json(), content_type=CONTENT_TYPE, headers=headers
    )


def _body(code: str, kind: Kind, detail: str) -> ProblemBody:
    return ProblemBody(
        type=f"urn:introeval:problem:{code}", title=kind.title, status=kind.status, detail=detail, code=code
    )


def _with_fields(body: ProblemBody, errors: Sequence[FieldError]) -> FieldProblemBody:
    wrong = tuple(FieldErrorBody(field=error.field, message=error.message) for error in errors)
    return FieldProblemBody(**body.model_dump(), errors=wrong)
