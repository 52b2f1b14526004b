"""What a client reads of the answers about assignments. Rules: see ``shapes``."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from introeval.client.shapes import Shape


class Run(Shape):
    """All submissions of an assignment together. ``detail``: one sentence."""

    state: str
    submitted: int = 0
    graded: int = 0
    failed: int = 0
    waiting: int = 0
    detail: str = ""


class AssignmentLine(Shape):
    """An assignment in a list."""

    id: str
    version: int
    kind: str
    title: str = ""
    run: Run


class AssignmentPage(Shape):
    """A part of the list."""

    items: tuple[AssignmentLine, ...]
    total: int


class Skipped(Shape):
    """A submission that is not graded again, and why."""

    id: str
    reason: str = ""


class Regraded(Shape):
    """What was queued again."""

    version: int
    queued: tuple[str, ...] = ()
    skipped_count: int = 0
    skipped: tuple[Skipped, ...] = ()


class Cancelled(Shape):
    """What was stopped."""

    cancelled: tuple[str, ...] = ()


class Tokens(Shape):
    """How long a prompt is; ``None``: not known."""

    estimate: int
    kind: str = ""
    measured: int | None = None
    context: int | None = None
    reply: int | None = None
    left: int | None = None


class Image(Shape):
    """An image that goes with a prompt."""

    sha256: str
    size_bytes: int = 0
    media_type: str = ""


class Prompt(Shape):
    """One request, exactly as it is sent."""

    stage: str
    model: str | None = None
    attempt: int = 1
    system: str = ""
    prompt: str
    images: tuple[Image, ...] = ()
    reply_schema: Mapping[str, Any] | None = None
    options: Mapping[str, Any] = Field(default_factory=dict)
    prompt_hash: str = ""
    kept: bool = False
    tokens: Tokens


class Preview(Shape):
    """What grading a submission would ask."""

    version: int
    detail: str = ""
    prompts: tuple[Prompt, ...] = ()
