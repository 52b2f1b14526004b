"""What the daemon asks of the confined child, and how its answer is understood. No I/O; both ends import it."""

import json
import signal
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from introeval.pages.errors import (
    AnimatedImageError,
    BrokenPagesError,
    EmptyPagesError,
    EncryptedPagesError,
    PageReaderError,
    PagesRejectedError,
    PagesTooLargeError,
    UnknownPagesError,
)
from introeval.pages.limits import PageLimits
from stt.spawn import readable

REFUSALS: dict[str, type[PagesRejectedError]] = {
    kind.code: kind
    for kind in (
        AnimatedImageError,
        BrokenPagesError,
        EmptyPagesError,
        EncryptedPagesError,
        PagesTooLargeError,
        UnknownPagesError,
    )
}
"""What the child may refuse, by the code in its answer ``{"refused": CODE, "message": TEXT}``."""


@dataclass(frozen=True, slots=True)
class Job:
    """``target``: where to write: a file for an image, a folder for a document; ``None``: only look."""

    what: Literal["image", "document"]
    target: str | None = None
    limits: PageLimits = field(default_factory=PageLimits)


def job_of(what: Literal["image", "document"], target: Path | None, limits: PageLimits) -> Job:
    """The job with its target by absolute path: the child has another current folder."""
    return Job(what, None if target is None else str(target.absolute()), limits)


def entry_name(page: int) -> str:
    """The name of a photo in a server-made archive; pages count from 1."""
    return f"{page:04d}"


def page_name(page: int) -> str:
    """The name of a page image in the folder that a document is rendered into."""
    return f"page-{page:04d}.jpg"


def encode_job(job: Job) -> str:
    """The child's one argument."""
    return json.dumps(asdict(job))


def decode_job(text: str) -> Job:
    """Parse what ``encode_job`` wrote."""
    fields = json.loads(text)
    return Job(**{**fields, "limits": PageLimits(**fields["limits"])})


def understand(stdout: bytes, stderr: str, returncode: int) -> dict[str, Any]:
    """A child's answer that refused nothing.

    Raises ``PagesRejectedError``: also when a signal ended the child, for it had used up its seconds or its memory or
    its decoder had crashed, and no honest page does that. Raises ``PageReaderError`` when it gave no answer, also when
    it was killed (SIGKILL): its own limits end it in other ways, so this machine had no memory left.
    """
    if returncode == -signal.SIGKILL:
        raise PageReaderError("the page reader was killed; has the machine run out of memory?")
    if returncode == -signal.SIGXCPU:
        raise PagesTooLargeError(
            "A page of this file takes longer to draw than any page should. Print it to a new PDF, as pictures, or "
            "take photos of it, and send those."
        )
    if returncode < 0:
        raise BrokenPagesError(
            "This file could not be decoded within its limits. Save it anew as a JPEG or a PDF and send that."
        )
    try:
        answer = dict(json.loads(stdout))
        refused = answer.get("refused")
        kind = None if refused is None else REFUSALS[refused]
    except (ValueError, TypeError, KeyError) as error:
        raise PageReaderError(
            f"the page reader ended with {returncode} and no answer: {stderr[-300:]}"
        ) from error
    if kind is not None:
        raise kind(readable(answer.get("message"))[:500])
    return answer
