"""The shapes of sessions that go out: what is in them, and their results."""

from typing import Literal

from pydantic import AwareDatetime, ConfigDict

from introeval.assignments import Question
from introeval.web.grade_schema import FailureBody, FlagBody
from introeval.web.session_inputs import RoleName
from introeval.web.shape import Body, StageName, StatusName


class SessionImageBody(Body):
    """A page image as it is kept: a JPEG that we made, upright. ``size_bytes``, ``sha256``: of what was sent."""

    image_id: str
    session_id: str
    role: RoleName
    order_index: int
    file_name: str
    media_type: str
    width: int
    height: int
    size_bytes: int
    sha256: str


class SessionBody(Body):
    """A session with what is in it. ``gradings``: the ids of its tasks, newest first."""

    session_id: str
    title: str
    questions: tuple[Question, ...]
    images: tuple[SessionImageBody, ...]
    gradings: tuple[str, ...]
    created_at: AwareDatetime
    updated_at: AwareDatetime


class GradingBody(Body):
    """A grading that was accepted. ``tries``: of all pairs together. ``results``: their address."""

    task_id: str
    session_id: str
    status: StatusName
    current_phase: StageName
    pairs: int
    tries: int
    results: str


class CitedBody(Body):
    """A place on the student's pages, and what was read there (empty for a picture)."""

    place: str
    quote: str


class QuestionMarkBody(Body):
    """One question in one try. ``model_mark``: what the model gave before the guards. ``final``: nothing speaks
    against it; else ``doubt`` says what does.
    """

    question_number: str
    mark: float
    max_mark: float
    reason: str
    model_mark: float | None
    evidence: tuple[CitedBody, ...]
    final: bool
    doubt: str | None
    guard: str | None


class TryBody(Body):
    """One try of a pair. ``note``: why there are no marks. ``read_from``: what its model was given of the pages.

    Tokens and time: of the call, also when another grading had it made.
    """

    attempt: int
    state: Literal["pending", "done", "failed", "rubric_failed"]
    note: str | None = None
    score: float | None = None
    max_score: float | None = None
    marks: tuple[QuestionMarkBody, ...] = ()
    read_from: Literal["images", "text"] | None = None
    validation_errors: tuple[str, ...] = ()
    failure: FailureBody | None = None
    server: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    latency_ms: int = 0


class PairBody(Body):
    """A pair: the medians of its tries, summed, and how far the tries lie apart."""

    pair: int
    instance_id: str | None
    rubric_model: str | None
    assessment_model: str
    score: float | None
    lowest: float | None
    highest: float | None
    tries: tuple[TryBody, ...]


class CombinedMarkBody(Body):
    """One question over all pairs and tries."""

    question_number: str
    mark: float
    max_mark: float
    lowest: float
    highest: float


class CombinedBody(Body):
    """For each question the median over a pair's tries, then the mean over the pairs; the score is their sum."""

    score: float
    max_score: float
    lowest: float
    highest: float
    questions: tuple[CombinedMarkBody, ...]


class UsageBody(Body):
    """``calls``: accepted replies. ``requests``: with those that were asked again."""

    calls: int
    requests: int
    tokens_in: int
    tokens_out: int
    latency_ms: int


class StageUsageBody(UsageBody):
    """What one model had to do in one stage."""

    stage: str
    model: str


class SessionUsageBody(Body):
    """Of all gradings of the session; a call that is shared counts once, for who had it made."""

    stages: tuple[StageUsageBody, ...]
    total: UsageBody


class GivenRubricBody(Body):
    """A rubric as one model read it in one try. ``rubric_response``: what this grading's assessments were given."""

    model_config = ConfigDict(str_strip_whitespace=False)

    model: str
    attempt: int
    rubric_response: str


class SessionResultsBody(Body):
    """One grading of a session. ``final``: ``null`` before it has ended; ``review`` says why it is not. ``rubrics``:
    what it was graded by, whatever later gradings read; empty before it has ended.
    """

    session_id: str
    title: str
    questions: tuple[Question, ...]
    task_id: str | None = None
    status: StatusName | None = None
    current_phase: StageName | None = None
    error_code: str | None = None
    error_message: str | None = None
    final: bool | None = None
    review: tuple[str, ...] = ()
    flags: tuple[FlagBody, ...] = ()
    combined: CombinedBody | None = None
    pairs: tuple[PairBody, ...] = ()
    rubrics: tuple[GivenRubricBody, ...] = ()
    failures: tuple[FailureBody, ...] = ()
    usage: SessionUsageBody
    gradings: tuple[str, ...]


class RubricReadingBody(Body):
    """A rubric as one model read it in one try. ``rubric_response``: what went into the assessment's prompt."""

    model_config = ConfigDict(str_strip_whitespace=False)

    model: str
    attempt: int
    rubric_response: str | None
    raw_output: str | None
    validation_errors: tuple[str, ...]
    warnings: tuple[str, ...]
    failure: FailureBody | None
    read_from: Literal["images", "text"] | None
    server: str | None
    tokens_in: int
    tokens_out: int
    latency_ms: int


class SessionRubricBody(Body):
    """The newest reading of a session's rubric by each model and try; a grading's own are in its results."""

    session_id: str
    readings: tuple[RubricReadingBody, ...]


class TemplateBody(Body):
    """A prompt. ``stored``: a teacher has changed it. ``required``, ``optional``: its placeholders."""

    model_config = ConfigDict(str_strip_whitespace=False)

    name: str
    template: str
    stored: bool
    updated_at: AwareDatetime | None
    required: tuple[str, ...]
    optional: tuple[str, ...]
