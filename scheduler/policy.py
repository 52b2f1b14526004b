"""The phase policy: a plain function from what is known to what is to be done now.

The rules (docs/architecture.md has them with their reasons):

1. Work is only started in its own phase, and only once that side is ready.
2. A side keeps the machine while it has work, but yields to waiting work of the other side when it has had the
   machine for its cap. A side that is to yield starts nothing more.
3. The hand-over begins only when nothing is running: neither by the tables, nor in anybody's hands.
4. Alternation: transcripts that this STT phase made are evaluated before the next batch's STT begins. Only they: work
   that needs no STT and came later than that batch does not take its turn, or a stream of it would take every turn.
5. Without a healthy model server nobody enters the language-model phase for nothing, and STT goes on.
6. While others work, the audio of the files that wait for STT is prepared (CPU only), one file at a time.
7. A retry waits a moment (``pauses``), and a suspect transcript is evaluated alone: what takes a server down takes
   nobody along. It waits for the others of its batch, but not for later batches, which may never end.
"""

from dataclasses import dataclass

from scheduler.batches import BatchCoordinator, is_over
from scheduler.pauses import is_away, pause_seconds
from scheduler.snapshot import Machine, QueueSnapshot
from scheduler.task import BatchState, Phase, Stage, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseLimits:
    """Seconds. Caps after which a phase yields to waiting work of the other kind, and the base of a retry's pause."""

    stt_seconds: float = 1800.0
    llm_seconds: float = 1800.0
    retry_seconds: float = 0.0

    def cap(self, phase: Phase) -> float:
        """The cap of a phase."""
        return self.llm_seconds if phase is Phase.LLM else self.stt_seconds

    def startable_at(self, task: Task) -> float:
        """When a waiting task may start."""
        return task.updated_at + pause_seconds(task, self.retry_seconds)

    def startable(self, task: Task, now: float) -> bool:
        """Whether it may start now."""
        return is_over(task.updated_at, self.startable_at(task), now)


@dataclass(frozen=True, slots=True)
class CloseBatch:
    """Make one batch of these tasks."""

    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Hand this task to STT."""

    task: Task


@dataclass(frozen=True, slots=True)
class Evaluate:
    """Hand this task to a language model."""

    task: Task


@dataclass(frozen=True, slots=True)
class Prepare:
    """Extract this task's audio ahead of its STT phase."""

    task: Task


@dataclass(frozen=True, slots=True)
class SwitchTo:
    """Hand the machine over; nothing is running."""

    phase: Phase


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Nothing more to do now; ask again at this time (seconds since the epoch) if nothing happened before."""

    at: float


Command = CloseBatch | Transcribe | Evaluate | Prepare | SwitchTo | WakeAt


@dataclass(frozen=True, slots=True)
class _View:
    """The snapshot, seen as the two queues that compete for the machine.

    ``stt_wants``, ``llm_wants``: the side has work that could go on if it had the machine.
    ``llm_away``: waits for a server that is away, and for the time being wants nothing.
    ``turn_over``: the batch that waits for STT has not begun, and this STT phase has made transcripts (rule 4).
    """

    stt_waiting: tuple[Task, ...]
    llm_waiting: tuple[Task, ...]
    llm_away: tuple[Task, ...]
    stt_running: int
    llm_running: int
    stt_wants: bool
    llm_wants: bool
    turn_over: bool

    @classmethod
    def of(
        cls,
        snapshot: QueueSnapshot,
        machine: Machine,
        batches: BatchCoordinator,
        limits: PhaseLimits,
        now: float,
    ) -> "_View":
        batch = batches.in_stt(snapshot)
        in_batch = snapshot.of_batch(batch.id) if batch else ()
        stt = tuple(sorted((t for t in in_batch if t.waiting and t.state.stage is Stage.STT), key=Task.turn))
        evaluable = batches.evaluable(snapshot)
        away = tuple(task for task in evaluable if is_away(task) and not limits.startable(task, now))
        llm = tuple(task for task in evaluable if task not in away)
        stt_running, llm_running = len(snapshot.running(Stage.STT)), len(snapshot.running(Stage.LLM))
        begun = batch is not None and batch.state is not BatchState.WAITING
        older = [task for task in llm if batch is None or (task.batch_id or 0) < batch.id]
        fresh = any(task.updated_at >= snapshot.phase_since for task in older)
        return cls(
            stt_waiting=stt,
            llm_waiting=llm,
            llm_away=away,
            stt_running=stt_running,
            llm_running=llm_running,
            stt_wants=bool(stt) or stt_running > 0,
            llm_wants=(bool(llm) and machine.servers_up > 0) or llm_running > 0,
            turn_over=fresh and not begun,
        )


def decide(
    snapshot: QueueSnapshot, machine: Machine, batches: BatchCoordinator, limits: PhaseLimits, now: float
) -> list[Command]:
    """What to do now. An empty list: wait until something happens.

    Once a batch closes, the caller applies it and asks again, so that all other commands speak of the tables.
    """
    if machine.held:
        return []
    closable = batches.closable(snapshot, now)
    if closable:
        return [CloseBatch(closable)]
    view = _View.of(snapshot, machine, batches, limits, now)
    commands = _commands(snapshot, machine, limits, view, now)
    wake_at = _next_deadline(snapshot, batches, limits, view, now)
    if wake_at is not None:
        commands.append(WakeAt(wake_at))
    return commands


def _holder(snapshot: QueueSnapshot, limits: PhaseLimits, view: _View, now: float) -> Phase:
    """Which side should have the machine (rules 2, 4 and 5)."""
    capped = is_over(snapshot.phase_since, snapshot.phase_since + limits.cap(snapshot.phase), now)
    match snapshot.phase:
        case Phase.LLM:
            yields = view.stt_wants and (capped or not view.llm_wants)
            return Phase.STT if yields else Phase.LLM
        case Phase.STT:
            yields = view.llm_wants and (capped or view.turn_over or not view.stt_wants)
            return Phase.LLM if yields else Phase.STT
        case Phase.SWITCHING:
            return Phase.LLM if view.llm_wants else Phase.STT


def _commands(
    snapshot: QueueSnapshot, machine: Machine, limits: PhaseLimits, view: _View, now: float
) -> list[Command]:
    holder = _holder(snapshot, limits, view, now)
    if holder is snapshot.phase and machine.ready:
        return _start(holder, machine, limits, view, now)
    running = view.stt_running + view.llm_running > 0 or bool(machine.in_hand)
    wants = view.llm_wants if holder is Phase.LLM else view.stt_wants
    return [SwitchTo(holder)] if wants and not running else []


def _start(phase: Phase, machine: Machine, limits: PhaseLimits, view: _View, now: float) -> list[Command]:
    """Fill the free slots of the side that has the machine, and prepare what waits for STT (rules 1, 6 and 7)."""
    waiting = view.stt_waiting if phase is Phase.STT else view.llm_waiting
    ready = [task for task in waiting if limits.startable(task, now) and task.id not in machine.in_hand]
    if phase is Phase.STT:
        chosen = ready[: machine.stt_slots]
        return [*map(Transcribe, chosen), *(Prepare(task) for task in view.stt_waiting if task not in chosen)]
    last = next((task.batch_id or 0 for task in ready if task.suspect), None)
    before = [task for task in ready if last is None or (task.batch_id or 0) <= last]
    chosen = [task for task in before if not task.suspect][: machine.llm_slots]
    if not chosen and not machine.in_hand and not view.llm_running and machine.llm_slots:
        chosen = ready[:1]
    return [*map(Evaluate, chosen), *map(Prepare, view.stt_waiting)]


def _next_deadline(
    snapshot: QueueSnapshot, batches: BatchCoordinator, limits: PhaseLimits, view: _View, now: float
) -> float | None:
    """The next moment at which time alone changes the decision: a batch's age, a phase's cap, a retry's pause."""
    deadlines = [batches.due_at(snapshot)]
    deadlines += [
        limits.startable_at(task) for task in (*view.stt_waiting, *view.llm_waiting, *view.llm_away)
    ]
    if view.stt_wants and view.llm_wants and snapshot.phase is not Phase.SWITCHING:
        deadlines.append(snapshot.phase_since + limits.cap(snapshot.phase))
    return min((at for at in deadlines if at is not None and at > now), default=None)
