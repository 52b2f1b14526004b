"""The shapes of assignments: their lists and runs, what is asked of them, and what would be asked of a model.

An assignment itself goes out as it came in: ``introeval.assignments.Assignment``.
"""

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from introeval.web.grade_schema import FailureBody, FlagBody, GradeBody
from introeval.web.shape import Body

SubmissionId = Annotated[str, Field(min_length=1, max_length=64)]


class ReasonBody(Body):
    """Why ``tasks`` submissions ended without a (new) grade; the message is that of one of them."""

    code: str | None
    message: str
    tasks: int


class RunBody(Body):
    """All submissions of an assignment together. ``detail``: one sentence.

    ``kept``: of the graded ones, those whose last regrade failed or was cancelled, so that an earlier grade stays
    (``kept_reasons``: why). ``share``: the graded ones but those whose last regrade failed, of all submitted: the pass
    threshold is held against it.
    """

    assignment: str
    version: int
    state: Literal["waiting", "running", "complete", "incomplete"]
    submitted: int
    graded: int
    kept: int
    provisional: int
    failed: int
    waiting: int
    share: float | None
    pass_threshold: float
    detail: str
    reasons: tuple[ReasonBody, ...]
    kept_reasons: tuple[ReasonBody, ...]


class AssignmentLine(Body):
    """An assignment in a list: its newest version, and its run."""

    id: str
    version: int
    kind: str
    title: str
    run: RunBody


class AssignmentPage(Body):
    """A part of the list, by id. ``next``: the address of the part after it."""

    total: int
    limit: int
    offset: int
    next: str | None
    items: tuple[AssignmentLine, ...]


class AssignmentsQuery(Body):
    """A part of the list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, Field(ge=1, le=100)] = 50
    offset: Annotated[int, Field(ge=0, le=10**6)] = 0


class RegradeForm(Body):
    """Which submissions to grade again; without a list, all that have ended."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    submissions: Annotated[tuple[SubmissionId, ...], Field(min_length=1, max_length=1000)] | None = None


class SkippedBody(Body):
    """A submission that is not graded again, and why."""

    id: str
    reason: str


class RegradeBody(Body):
    """What was queued again, under which version; ``skipped`` names the first hundred that were not."""

    assignment: str
    version: int
    queued: tuple[str, ...]
    skipped_count: int
    skipped: tuple[SkippedBody, ...]


class CancelForm(Body):
    """Nothing is asked; the body may be empty."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CancelBody(Body):
    """What was stopped; what had ended is as it was."""

    assignment: str
    cancelled: tuple[str, ...]


class ResultBody(Body):
    """What one version of the assignment gave a submission, with what it cost."""

    grade: GradeBody
    flags: tuple[FlagBody, ...]
    failures: tuple[FailureBody, ...]
    model: str | None
    server: str | None
    prompt_hash: str
    tokens_in: int
    tokens_out: int
    latency_ms: int
    created_at: AwareDatetime


class ResultsBody(Body):
    """Every result of a submission, oldest version first."""

    id: str
    assignment: str
    items: tuple[ResultBody, ...]


class PreviewQuery(Body):
    """``submission``: for which one. ``version``: of the assignment; absent: the newest."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    submission: SubmissionId
    version: Annotated[int, Field(ge=1, le=10**6)] | None = None


class ImageBody(Body):
    """An image that goes with a prompt, by what it is."""

    sha256: str
    size_bytes: int
    media_type: str


class TokensBody(Body):
    """How long a prompt is, in tokens. ``measured``: by the server, when it has been asked already.

    ``estimate``: a number that it has at least (``kind`` says how it was counted). ``context``: what prompt and reply
    have together on the smallest server that may be asked; ``reply``: kept free for the reply; ``left``: what the
    prompt still leaves. All of ``context``, ``reply`` and ``left`` are null when no server serves the model.
    """

    estimate: int
    kind: str
    measured: int | None
    context: int | None
    reply: int | None
    left: int | None


class PromptBody(Body):
    """One request, exactly as it is sent. ``kept``: it was answered before, so nobody would be asked again."""

    # Not a blank of a prompt may change on its way to people.
    model_config = ConfigDict(str_strip_whitespace=False)

    stage: str
    model: str | None
    attempt: int
    system: str
    prompt: str
    images: tuple[ImageBody, ...]
    reply_schema: dict[str, Any] | None
    options: dict[str, Any]
    prompt_hash: str
    key: str
    kept: bool
    tokens: TokensBody


class PreviewBody(Body):
    """What grading a submission would ask, up to the first reply that is not there yet. Nothing was asked for it."""

    submission: str
    assignment: str
    version: int
    detail: str
    prompts: tuple[PromptBody, ...]
