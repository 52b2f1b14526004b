"""What ``GET /files/{id}`` says of an upload in pieces."""

from datetime import datetime

from pydantic import Field

from db.uploads import Upload
from introeval.web.schema import ProblemBody
from introeval.web.shape import Body, utc


class UploadBody(Body):
    """An upload in pieces."""

    id: str
    length: int | None = Field(description="bytes in all; null while the client has not said")
    received: int = Field(description="bytes that are stored durably; the next one belongs here")
    expires_at: datetime = Field(description="when it is forgotten, unless more comes")
    submission: str | None = Field(description="the submission that it has become")
    refusal: ProblemBody | None = Field(description="why it has not become one")


def upload_body(upload: Upload) -> UploadBody:
    """The row as the API shows it."""
    refusal = None if upload.refusal is None else ProblemBody.model_validate(dict(upload.refusal))
    return UploadBody(
        id=upload.id,
        length=upload.length,
        received=upload.received,
        expires_at=utc(upload.expires_at),
        submission=upload.task_id,
        refusal=refusal,
    )
