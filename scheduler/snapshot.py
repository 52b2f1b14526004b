"""What the policy decides from (``QueueSnapshot``), and what everyone else is shown (``StatusSnapshot``).

Both are plain values. The queue snapshot is read from the tables in one transaction; the status snapshot is
that plus what only the running process knows, and feeds the page, the API, the log, the metrics and the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scheduler.task import Batch, Phase, Stage, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the drivers know of the machine at this moment.

    ``ready``: the side that the table's phase names has been entered by this process.
    ``stt_slots``, ``llm_slots``: pieces of work that each side could take now. ``servers_up``: healthy servers.
    ``held``: nothing may be started now, because a hand-over is in progress or the daemon stops.
    ``in_hand``: tasks that somebody works on, whatever the tables say: what was cancelled takes a moment to end.
    """

    ready: bool
    stt_slots: int
    llm_slots: int
    servers_up: int
    held: bool = False
    in_hand: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSnapshot:
    """The tables at one commit, as far as the policy needs them.

    ``tasks``: every task of an unfinished batch that has not ended. ``unbatched``: the first tasks, in turn, that
    no batch has taken (at most one batch's worth); ``unbatched_count`` and ``oldest_unbatched_at`` speak of all.
    These wait for STT; ``unbatched_llm`` are the same of the tasks that need none.
    """

    phase: Phase
    phase_since: float
    batches: tuple[Batch, ...] = ()
    tasks: tuple[Task, ...] = ()
    unbatched: tuple[Task, ...] = ()
    unbatched_count: int = 0
    oldest_unbatched_at: float | None = None
    unbatched_llm: tuple[Task, ...] = ()

    def of_batch(self, batch_id: int) -> tuple[Task, ...]:
        """The batch's tasks that have not ended."""
        return tuple(task for task in self.tasks if task.batch_id == batch_id)

    def running(self, stage: Stage) -> tuple[Task, ...]:
        """The tasks that are being worked on in ``stage``."""
        return tuple(task for task in self.tasks if task.running and task.state.stage is stage)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """One language-model server as the pool sees it. ``graded`` counts results since the daemon started.

    ``breaker``: ``closed`` (in use), ``open`` (left alone after failures) or ``half_open`` (in use again, on trial).
    ``strikes``: failures in a row. ``next_try_seconds``: until an open one is tried again, else ``None``.
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
    last_error: str | None = None
    breaker: str = "closed"
    strikes: int = 0
    next_try_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningTask:
    """A task in somebody's hands. ``progress``: 0 to 1 of its stage, where the worker can tell."""

    task_id: str
    roll_number: str
    stage: Stage
    started_at: float
    progress: float | None = None
    server: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchStatus:
    """A batch and how many of its tasks are where (keys: the values of ``Stage``)."""

    id: int
    state: str
    created_at: float
    size: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxStatus:
    """Messages to the college's own system: how many wait (the oldest one for how long), how many were given up."""

    pending: int
    failed: int
    oldest_seconds: float | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStatus:
    """Requests to language models in this phase, or in the last one. ``answered``: by a model now; ``cached``: kept.

    ``throughput``: answered calls a second. ``success``: share of 0 to 1. ``p50``, ``p95``, ``p99``: seconds a call.
    """

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


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusSnapshot:
    """Everything a page, a terminal or a test may want to know of the daemon at one moment.

    Times are seconds since the epoch, UTC. ``why`` says in one sentence what the machine waits for.
    ``max_wait_seconds``: a closed batch gets its phase within this time (phase caps and switchovers).
    ``outbox``: ``None`` when nobody is to be told of results. ``calls``: ``None`` before the first phase of the models.
    """

    at: float
    phase: Phase
    since: float
    why: str
    stt_queue_count: int
    llm_queue_count: int
    active_workers: int
    totals: Mapping[str, int]
    servers: tuple[ServerStatus, ...] = ()
    batches: tuple[BatchStatus, ...] = ()
    running: tuple[RunningTask, ...] = ()
    violations: int = 0
    switchovers: int = 0
    last_switchover_seconds: float | None = None
    max_wait_seconds: float | None = None
    last_error: str | None = None
    stt_model: str = ""
    seconds_per_phase: Mapping[str, float] = field(default_factory=dict)
    outbox: OutboxStatus | None = None
    calls: CallStatus | None = None
