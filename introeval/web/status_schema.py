"""The shapes of the daemon itself: its state, its events, its health."""

from pydantic import AwareDatetime, Field

from introeval.web.shape import Body, PhaseName, StageName


class ServerBody(Body):
    """One language-model server. ``breaker``: ``closed`` (in use), ``open`` (left alone) or ``half_open`` (on trial).

    ``strikes``: failures in a row. ``next_try_seconds``: until an open one is tried again, ``null`` for others.
    """

    name: str
    url: str
    model: str
    healthy: bool
    in_flight: int
    slots: int
    graded: int
    failures: int
    loaded: bool
    last_error: str | None
    breaker: str = "closed"
    strikes: int = 0
    next_try_seconds: float | None = None


class CallsBody(Body):
    """Requests to language models in this phase, or in the last one; percentiles are seconds a call."""

    answered: int
    cached: int
    failed: int
    tokens_in: int
    tokens_out: int
    throughput: float | None
    success: float | None
    p50: float | None
    p95: float | None
    p99: float | None


class RunningBody(Body):
    """A task in somebody's hands. ``progress``: 0 to 1 of its stage, where that can be told."""

    task_id: str
    roll_number: str
    stage: StageName
    started_at: AwareDatetime
    progress: float | None
    server: str | None


class BatchBody(Body):
    """A batch, and how many of its tasks are in which stage."""

    id: int
    state: str
    created_at: AwareDatetime
    size: int
    counts: dict[str, int]


class QueuesBody(Body):
    """What waits for each side, and what runs."""

    stt: int
    llm: int
    active_workers: int


class OutboxBody(Body):
    """Messages to the college's own system that wait (the oldest one for how long) or were given up, and why."""

    pending: int
    failed: int
    oldest_seconds: float | None
    last_error: str | None


class StatusBody(Body):
    """The whole daemon at one moment. ``outbox``: ``None`` when no system of the college is told of results."""

    at: AwareDatetime
    phase: PhaseName
    since: AwareDatetime
    why: str
    queues: QueuesBody
    totals: dict[str, int]
    servers: tuple[ServerBody, ...]
    batches: tuple[BatchBody, ...]
    running: tuple[RunningBody, ...]
    violations: int
    switchovers: int
    last_switchover_seconds: float | None
    max_wait_seconds: float | None
    last_error: str | None
    stt_model: str
    seconds_per_phase: dict[str, float]
    outbox: OutboxBody | None = None
    calls: CallsBody | None = None


class EventBody(Body):
    """The data of one server-sent event; its id is the stream's. No names, no speech."""

    id: int
    at: AwareDatetime
    kind: str
    task_id: str | None
    batch_id: int | None
    source: str | None
    target: str | None


class HealthBody(Body):
    """Whether the process answers, and in ``checks`` what it depends on."""

    ok: bool
    checks: dict[str, str] = Field(default_factory=dict)
