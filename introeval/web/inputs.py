"""The shapes that come in: pydantic models that validate fields and queries, and document them."""

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from introeval.assignments.definition import INTRODUCTIONS, SLUG
from introeval.web.schema import Body, StageName, StatusName


def _tidy(value: Any) -> Any:
    return re.sub(" +", " ", unicodedata.normalize("NFC", value)) if isinstance(value, str) else value


def _printable(value: str) -> str:
    if not value.isprintable():
        raise ValueError("it holds characters that cannot be printed")
    return value


Printable = Annotated[str, BeforeValidator(_tidy), AfterValidator(_printable)]


class SubmissionForm(Body):
    """The text fields of an upload."""

    roll_number: Annotated[Printable, Field(min_length=1, max_length=32, pattern=r"^\w[\w ./-]*$")] = Field(
        description="the student's roll number: letters, digits, blanks and . / - _"
    )
    name: Annotated[Printable, Field(min_length=1, max_length=100)] = Field(description="the student's name")
    assignment: Annotated[str, Field(pattern=SLUG)] = Field(
        default=INTRODUCTIONS,
        description="what this is handed in for; its kind decides what the file must be. Before the files, when there "
        "are several (exam pages: the parts 'file' in the order of the pages).",
    )
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None = Field(
        default=None,
        description="SHA-256 of the file in lower-case hex; of several files, that of their own SHA-256 in lower-case "
        "hex, one after the other. Sent before the file, a known Idempotency-Key is answered without reading the file "
        "again; a file that arrives different is refused.",
    )


class ListQuery(Body):
    """Which submissions a list shows, newest first."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    roll_number: Annotated[str, Field(max_length=32)] | None = None
    current_phase: StageName | None = None
    status: StatusName | None = None
    assignment: Annotated[str, Field(max_length=64)] | None = None
    kind: Annotated[str, Field(max_length=32)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=10**9)] = 0


class FormQuery(Body):
    """What the form is for."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    assignment: Annotated[str, Field(max_length=64)] | None = None


class AssignmentQuery(Body):
    """An assignment's page: which version it shows, and which submissions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Annotated[int, Field(ge=1, le=10**6)] | None = None
    current_phase: StageName | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=10**9)] = 0


class EventsQuery(Body):
    """``after``: the last event that the client has seen. ``submission``: hide whom other events are about."""

    after: Annotated[int, Field(ge=0, le=2**53)] | None = None
    submission: Annotated[str, Field(max_length=64)] | None = None
