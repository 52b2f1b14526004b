"""``StatusBoard``: builds the one ``StatusSnapshot`` from the tables, the queues' driver and the model pool."""

from collections.abc import Awaitable, Callable

from db.views import Views
from models.pool import ModelPool
from scheduler.policy import PhaseLimits
from scheduler.ports import Clock
from scheduler.queues import ReaderWriterQueueManager
from scheduler.snapshot import CallStatus, OutboxStatus, ServerStatus, StatusSnapshot
from scheduler.task import Phase

RECENT_BATCHES = 12


class StatusBoard:
    """``worst_wait``: seconds within which a closed batch gets its phase, from the caps (see ``worst_wait``).

    ``outbox``: asked for what waits to be told; it gets the time. ``keeping``: asked for what is wrong with deletions.
    """

    def __init__(
        self,
        views: Views,
        manager: ReaderWriterQueueManager,
        pool: ModelPool,
        clock: Clock,
        *,
        stt_model: str,
        worst_wait: float,
    ) -> None:
        self._views = views
        self._manager = manager
        self._pool = pool
        self._clock = clock
        self._stt_model = stt_model
        self._worst_wait = worst_wait
        self.calls: Callable[[], CallStatus] | None = None
        self.keeping: Callable[[], str | None] | None = None
        self.outbox: Callable[[float], Awaitable[OutboxStatus | None]] | None = None

    async def snapshot(self) -> StatusSnapshot:
        """The daemon at this moment."""
        now = self._clock.now()
        machine = await self._views.machine()
        hand_overs, last_seconds = await self._views.switchovers()
        servers, error = self._pool.statuses(), self._manager.last_error
        running = self._manager.running()
        why = explain(machine.phase, machine.stt_queue, machine.llm_queue, len(running), servers, error)
        trouble = None if self.keeping is None else self.keeping()
        return StatusSnapshot(
            at=now,
            phase=machine.phase,
            since=machine.since,
            why=f"{why} {trouble}" if trouble else why,
            stt_queue_count=machine.stt_queue,
            llm_queue_count=machine.llm_queue,
            active_workers=machine.active,
            totals=await self._views.totals(),
            servers=servers,
            batches=await self._views.batches(RECENT_BATCHES),
            running=running,
            violations=await self._views.violations(),
            switchovers=hand_overs,
            last_switchover_seconds=last_seconds,
            max_wait_seconds=self._worst_wait,
            last_error=error,
            stt_model=self._stt_model,
            seconds_per_phase=await self._views.seconds_per_phase(now),
            calls=None if self.calls is None else self.calls(),
            outbox=None if self.outbox is None else await self.outbox(now),
        )


def worst_wait(limits: PhaseLimits, work_seconds: float, handover_seconds: float) -> float:
    """Seconds within which a closed batch gets its phase: the longer cap, the last piece of work, two hand-overs."""
    return max(limits.stt_seconds, limits.llm_seconds) + work_seconds + 2 * handover_seconds


def explain(
    phase: Phase,
    stt_queue: int,
    llm_queue: int,
    running: int,
    servers: tuple[ServerStatus, ...],
    error: str | None,
) -> str:
    """One sentence on what the machine does and what it waits for."""
    down = [server.name for server in servers if not server.healthy]
    if error:
        return f"Held back: {error} It is tried again by itself."
    if llm_queue and servers and len(down) == len(servers):
        return "No model server answers: transcripts wait, nothing is lost, and grading goes on when one is back."
    if phase is Phase.SWITCHING:
        return "The machine is being handed over between speech recognition and the language models."
    if not stt_queue and not llm_queue and not running:
        return "Nothing waits."
    if phase is Phase.STT:
        after = f"; {llm_queue} transcripts wait for the language models" if llm_queue else ""
        what = "Speech is being transcribed" if running else "A batch is being collected"
        return f"{what}{after}."
    without = f" without {', '.join(down)}" if down else ""
    after = f"; {stt_queue} videos wait for speech recognition" if stt_queue else ""
    return f"Transcripts are being graded{without}{after}."
