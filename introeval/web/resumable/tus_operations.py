"""The table of ``/files/``: routes and their part of the OpenAPI document."""

from introeval.web.operation import Answer, Operation
from introeval.web.problems import TUS_PROBLEMS
from introeval.web.resumable.shapes import UploadBody
from introeval.web.resumable.tus import PATH, Tus

_VERSION = {"Tus-Resumable": "1.0.0"}
_FIELDS = "filename, roll_number, name, assignment, sha256, idempotency_key: each with its value in base64, by commas"
_ONE = PATH + "{id}"
_ENDED = "Introeval-Submission is there when it has become a submission, which is committed then."


def tus_operations(tus: Tus) -> tuple[Operation, ...]:
    """The table."""
    return (*_creating(tus), *_writing(tus), *_asking(tus))


def _creating(tus: Tus) -> tuple[Operation, ...]:
    return (
        Operation(
            method="OPTIONS",
            path=PATH,
            name="getUploadOptions",
            summary="What the resumable uploads (tus 1.0.0) offer.",
            handler=tus.options,
            answers={204: _bare("In the headers Tus-*.")},
        ),
        Operation(
            method="POST",
            path=PATH,
            name="createUpload",
            summary="Begin a resumable upload; its address is in Location. A body is its first bytes.",
            handler=tus.create,
            answers={201: _bare(f"Begun. {_ENDED}")},
            problems=TUS_PROBLEMS,
            headers=_VERSION
            | {
                "Upload-Length": "bytes of the file",
                "Upload-Defer-Length": "1, when the length is said later",
                "Upload-Metadata": _FIELDS,
                "Upload-Checksum": "sha1 or sha256, a blank, the digest of the body in base64",
                "Idempotency-Key": "1 to 255 printable characters; repeats of a creation share it",
            },
        ),
    )


def _writing(tus: Tus) -> tuple[Operation, ...]:
    return (
        Operation(
            method="PATCH",
            path=_ONE,
            name="continueUpload",
            summary="The bytes that come next. What arrived before a cut counts.",
            handler=tus.patch,
            answers={204: _bare(f"Stored durably up to Upload-Offset. {_ENDED}")},
            problems=TUS_PROBLEMS,
            headers=_VERSION
            | {
                "Upload-Offset": "where the body belongs",
                "Upload-Length": "bytes of the file, if that was not said before",
                "Upload-Checksum": "sha1 or sha256, a blank, the digest of the body in base64",
            },
        ),
        Operation(
            method="DELETE",
            path=_ONE,
            name="endUpload",
            summary="End an upload and free its bytes. What has become a submission stays one.",
            handler=tus.delete,
            answers={204: _bare("Ended.")},
            problems=("tus_version", "cross_site", "not_found", "upload_gone", "upload_busy"),
            headers=_VERSION,
        ),
        Operation(
            method="POST",
            path=_ONE,
            name="overrideUploadMethod",
            summary="X-HTTP-Method-Override: PATCH, DELETE or HEAD, for clients that cannot send these.",
            handler=tus.overridden,
            answers={200: _bare("As HEAD."), 204: _bare("As PATCH or DELETE.")},
            problems=("method_not_allowed", *TUS_PROBLEMS),
            headers=_VERSION | {"X-HTTP-Method-Override": "the method that is meant"},
        ),
    )


def _asking(tus: Tus) -> tuple[Operation, ...]:
    return (
        Operation(
            method="OPTIONS",
            path=_ONE,
            name="getUploadOptionsOfOne",
            summary="As for all.",
            handler=tus.options,
            answers={204: _bare("In the headers Tus-*.")},
        ),
        Operation(
            method="HEAD",
            path=_ONE,
            name="getUploadOffset",
            summary="Where to go on: how many bytes are stored durably. A connection that still sends is stopped.",
            handler=tus.head,
            answers={200: _bare(f"In Upload-Offset. {_ENDED}")},
            problems=TUS_PROBLEMS,
            headers=_VERSION,
        ),
        Operation(
            method="GET",
            path=_ONE,
            name="getUpload",
            summary="The same as JSON, for programs that do not speak tus.",
            handler=tus.get,
            answers={200: Answer(about="The upload.", model=UploadBody)},
            problems=TUS_PROBLEMS,
        ),
    )


def _bare(about: str) -> Answer:
    return Answer(about=about, content_type="application/octet-stream")
