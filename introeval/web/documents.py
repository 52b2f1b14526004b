"""Reads a body that is no form: a small JSON or TOML document, bounded in bytes and in time.

Rules: whatever a client sends ends in a ``ProblemError`` or a text. A type that is not read is refused before a byte of
it is: what a request says of itself may not decide how much of it is held. A body is read or refused, never dropped:
one that asked for a single regrade would regrade a class.
"""

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from introeval.assignments.errors import FieldError
from introeval.grading.rubric import field_path
from introeval.web.form import reading
from introeval.web.operation import JSON
from introeval.web.problems import ProblemError

MOST_BYTES = 512 * 1024
"""A long assignment (a hundred questions with their answers) has a tenth of it."""

M = TypeVar("M", bound=BaseModel)

FORM = "application/x-www-form-urlencoded"
_NO_FORM = (
    f"The body came as a form ({FORM}, which curl says by itself), so nothing of it was read and nothing was done. "
    f"Send JSON and say so: -H 'Content-Type: {JSON}'."
)


async def read_text(request: web.Request, types: tuple[str, ...], idle_seconds: float) -> str:
    """The body as text, without a byte order mark; ``types``: those that are read. Raises ``ProblemError``."""
    try:
        return (await read_bytes(request, types, idle_seconds)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ProblemError("malformed_body", "The body is not UTF-8 text.") from error


async def read_bytes(request: web.Request, types: tuple[str, ...], idle_seconds: float) -> bytes:
    """The body as it came, whatever its encoding. Raises ``ProblemError``."""
    if request.body_exists and request.content_type not in types:
        raise ProblemError("unknown_type", f"Send {' or '.join(types)}, and say so in Content-Type.")
    return await _read(request, idle_seconds)


async def read_json(request: web.Request, shape: type[M], idle_seconds: float) -> M:
    """The body as ``shape``; none is an empty one: our pages' forms have no fields. Raises ``ProblemError``."""
    text = (await read_text(request, (JSON, FORM), idle_seconds)).strip()
    if text and request.content_type == FORM:
        raise ProblemError("unknown_type", _NO_FORM)
    try:
        return shape.model_validate_json(text or "{}")
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[:100]
        wrong = [FieldError(field_path(item["loc"])[:200], item["msg"][:300]) for item in found]
        if found[0]["type"] == "json_invalid":
            raise ProblemError("malformed_body", f"The body is not JSON: {wrong[0].message}.") from error
        detail = "The document is not valid: " + "; ".join(map(str, wrong[:8]))
        raise ProblemError("invalid_document", detail, errors=wrong) from error


async def _read(request: web.Request, idle_seconds: float) -> bytes:
    body = bytearray()
    if request.content_length is None or request.content_length <= MOST_BYTES:
        async with reading(idle_seconds):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > MOST_BYTES:
                    break
            else:
                return bytes(body)
    raise ProblemError(
        "too_large", f"At most {MOST_BYTES // 1024} KiB are accepted here.", {"Connection": "close"}
    )
