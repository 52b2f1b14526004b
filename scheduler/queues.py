"""``ReaderWriterQueueManager``: the loop that asks the policy what to do and carries it out.

The rules:

1. It clears its wake-up flag *before* it reads the tables: what happens meanwhile is seen in the next round.
2. One hand-over at a time, beside the loop, so that the loop's beat goes on (a watchdog listens to it).
3. To stop: start nothing, wait for what runs, then cancel it; what was cancelled is released, and nothing is lost.
4. A hand-over or cancelled work that does not end may still use the machine, and nothing here can make it stop. It is
   shown, the machine stays where it is, and the beat ends: the watchdog starts a new process, which resumes.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from scheduler import policy
from scheduler.batches import BatchCoordinator
from scheduler.controller import SemaphoreController
from scheduler.errors import IntroevalError, StaleWorkError, StateError
from scheduler.jobs import JobRunner
from scheduler.leases import LeaseLimits
from scheduler.outcome import translated
from scheduler.policy import Command, PhaseLimits
from scheduler.ports import Clock, Evaluator, Store, Transcriber
from scheduler.preparing import Preparation
from scheduler.snapshot import Machine, QueueSnapshot, RunningTask
from scheduler.task import Phase, Stage, Task

log = logging.getLogger(__name__)
RESTART = "Restart the daemon, if systemd does not."


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """``max_retries``: per task. ``error_pause`` and ``beat``: seconds, see ``ReaderWriterQueueManager.run``.

    ``handover``: seconds; longer than both sides' own limits for one hand-over, which then does not end (rule 4).
    """

    max_retries: int = 2
    error_pause: float = 5.0
    beat: float = 10.0
    handover: float = 600.0
    leases: LeaseLimits = field(default_factory=LeaseLimits)


@dataclass(slots=True)
class _State:
    """What only the running process knows."""

    switching: asyncio.Task[None] | None = None
    switch_until: float = 0.0
    hold_until: float = 0.0
    stopping: bool = False
    errors: dict[str, str] = field(default_factory=dict)


class ReaderWriterQueueManager:
    """Drives the queues: the writer's (STT) and the readers' (language models)."""

    def __init__(
        self,
        store: Store,
        transcriber: Transcriber,
        evaluator: Evaluator,
        clock: Clock,
        *,
        batches: BatchCoordinator,
        limits: PhaseLimits,
        settings: QueueSettings,
        on_beat: Callable[[], None] = lambda: None,
    ) -> None:
        self.controller = SemaphoreController(store, transcriber, evaluator, clock)
        self._store = store
        self._transcriber = transcriber
        self._evaluator = evaluator
        self._clock = clock
        self._batches = batches
        self._limits = limits
        self._settings = settings
        self._on_beat = on_beat
        self._wake = asyncio.Event()
        self._state = _State()
        self._preparation = Preparation(transcriber, self.wake)
        self._jobs = JobRunner(
            store,
            self.controller,
            clock,
            max_retries=settings.max_retries,
            error_pause=settings.error_pause,
            leases=settings.leases,
            on_change=self.wake,
            on_state_error=lambda error: self._hold("state", error),
        )

    def wake(self) -> None:
        """Something happened (an upload, a server's return): look at the tables again."""
        self._wake.set()

    def cancel(self, task_id: str) -> None:
        """The tables say that this task was cancelled: whoever works on it stops."""
        self._jobs.cancel(task_id)
        self._preparation.cancel(task_id)
        self.wake()

    @property
    def last_error(self) -> str | None:
        """The last error of the state or of a hand-over that has not been followed by a success."""
        return self.stuck() or next(iter(self._state.errors.values()), None)

    def stuck(self) -> str | None:
        """Why only a new process can go on (rule 4); ``None``: this one can."""
        lost = self._jobs.lost()
        if lost:
            return f"Work on {', '.join(lost)} was stopped but does not end. {RESTART}"
        if self._state.switching and self._clock.monotonic() >= self._state.switch_until:
            return f"The hand-over of the machine does not end. {RESTART}"
        return None

    def running(self) -> tuple[RunningTask, ...]:
        """What is being worked on at this moment."""
        return self._jobs.running()

    def machine(self) -> Machine:
        """The machine as the policy sees it now."""
        state = self._state
        return Machine(
            ready=self.controller.owner is not Phase.SWITCHING,
            stt_slots=max(0, self._transcriber.slots - self._jobs.count(Stage.STT)),
            llm_slots=max(0, self._evaluator.slots - self._jobs.count(Stage.LLM)),
            servers_up=self._evaluator.servers_up,
            held=state.stopping or state.switching is not None or self._held,
            in_hand=self._jobs.in_hand(),
        )

    @property
    def _held(self) -> bool:
        return self._clock.monotonic() < self._state.hold_until

    async def run(self) -> None:
        """Recover, then work until ``stop``. Beats at least every ``beat`` seconds, unless it is stuck.

        An error of the state or of a hand-over is shown, and the loop looks again after ``error_pause`` seconds.
        """
        recovered = False
        while not self._state.stopping:
            self._wake.clear()
            if not self.stuck():
                self._on_beat()
            wake_at = None
            try:
                if not recovered:
                    await self._store.recover(self._clock.now())
                    recovered = True
                wake_at = await self._step()
                if not self._held:
                    self._state.errors.pop("state", None)
            except (StateError, StaleWorkError) as error:
                self._hold("state", error)
            await self._clock.wait(self._wake, self._pause(wake_at))

    def _pause(self, wake_at: float | None) -> float:
        """Seconds until time alone calls for another round: a deadline, the end of a hold, the next beat."""
        pauses = [self._settings.beat, self._state.hold_until - self._clock.monotonic()]
        if wake_at is not None:
            pauses.append(wake_at - self._clock.now())
        return min(pause for pause in pauses if pause > 0)

    async def stop(self, drain_seconds: float) -> None:
        """Start nothing more; wait ``drain_seconds`` for what runs, then cancel and release it.

        A hand-over or a preparation is of no use to anybody now and ends meanwhile, so that all is over within
        ``drain_seconds`` and one time to cancel: whoever stops the daemon does not wait for ever either.
        """
        self._state.stopping = True
        self.wake()
        beside = [task for task in (self._state.switching, self._preparation.running) if task]
        for task in beside:
            task.cancel()
        gone = [asyncio.wait(beside, timeout=self._settings.leases.cancel)] if beside else []
        await asyncio.gather(self._jobs.stop(drain_seconds), *gone)

    async def _step(self) -> float | None:
        """One round; returns when time alone calls for the next one."""
        while True:
            snapshot = await self._store.snapshot(self._batches.limits.size)
            commands = self._decide(snapshot)
            if not (commands and isinstance(commands[0], policy.CloseBatch)):
                break
            await self._close_batch(commands[0].tasks)
        await self._preparation.forget(snapshot, self._jobs.in_hand())
        for command in commands:
            await self._carry_out(command)
        return next((command.at for command in commands if isinstance(command, policy.WakeAt)), None)

    async def _close_batch(self, tasks: tuple[Task, ...]) -> None:
        try:
            batch_id = await self._store.close_batch(tasks, self._clock.now())
        except StaleWorkError:
            return  # somebody (a teacher's cancel) was quicker: the caller looks again
        log.info("batch closed", extra={"batch_id": batch_id, "batch_size": len(tasks)})

    def _decide(self, snapshot: QueueSnapshot) -> list[Command]:
        return policy.decide(snapshot, self.machine(), self._batches, self._limits, self._clock.now())

    async def _carry_out(self, command: Command) -> None:
        if self._state.stopping:
            return
        match command:
            case policy.SwitchTo(phase):
                self._state.switch_until = self._clock.monotonic() + self._settings.handover
                self._state.switching = asyncio.create_task(self._switch(phase), name=f"switch-to-{phase}")
            case policy.Transcribe(task) | policy.Evaluate(task):
                try:
                    await self._jobs.start(task)
                except StaleWorkError:
                    # Somebody (a teacher's cancel) was quicker: the tables have changed, look again.
                    self.wake()
            case policy.Prepare(task):
                self._preparation.begin(task)
            case _:
                pass

    async def _switch(self, target: Phase) -> None:
        try:
            await self.controller.switch_to(target)
            self._state.errors.pop("hand-over", None)
        except Exception as error:  # shown, and tried again after a pause
            self._hold("hand-over", error)
        finally:
            self._state.switching = None
            self.wake()

    def _hold(self, what: str, error: Exception) -> None:
        """Show the error and let nothing start for a moment."""
        shown = error if isinstance(error, IntroevalError) else translated(error)
        log.error("held back by an error", exc_info=error, extra={"code": shown.code})
        self._state.errors[what] = str(shown)
        self._state.hold_until = self._clock.monotonic() + self._settings.error_pause
