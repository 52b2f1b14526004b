"""``BatchCoordinator``: when waiting tasks become a batch, and what its tasks' states make of a batch.

The rules:

1. A batch closes when it is full, or when its oldest task has waited long enough: nobody waits for a full room.
   It does not close while another closed one still waits for its STT phase: it could not begin, only stay small.
2. It takes tasks in turn (priority, then age). Who arrives later is in the next one; nobody is ever dropped.
3. A batch is evaluated only when none of its tasks is left in STT (the barrier between the phases).
4. What needs no STT (homework, exam pages, a regrade) has nothing to wait for: it is a batch of its own at once.
"""

from dataclasses import dataclass

from scheduler.snapshot import QueueSnapshot
from scheduler.task import Batch, BatchState, Stage, Task
from scheduler.transitions import BatchEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """``size``: tasks in a full batch. ``age_seconds``: how long its oldest task may wait for company."""

    size: int = 30
    age_seconds: float = 20.0


def is_over(began: float, until: float, now: float) -> bool:
    """Whether a span of wall time is over. So is one that begins in the future: the clock was set back, nobody knows
    by how much, and waiting for it to come round again could take years (a machine whose clock starts in 2036)."""
    return now >= until or now < began


@dataclass(frozen=True, slots=True)
class BatchCoordinator:
    """Forms batches and follows them; pure, so that the store and the policy can both ask it."""

    limits: BatchLimits

    def closable(self, snapshot: QueueSnapshot, now: float) -> tuple[Task, ...]:
        """The tasks that make the next batch now; empty while it may still fill up."""
        if snapshot.unbatched_llm:
            return tuple(sorted(snapshot.unbatched_llm, key=Task.turn)[: self.limits.size])
        oldest = snapshot.oldest_unbatched_at
        if oldest is None or any(batch.state is BatchState.WAITING for batch in snapshot.batches):
            return ()
        full = snapshot.unbatched_count >= self.limits.size
        if not full and not is_over(oldest, oldest + self.limits.age_seconds, now):
            return ()
        return tuple(sorted(snapshot.unbatched, key=Task.turn)[: self.limits.size])

    def due_at(self, snapshot: QueueSnapshot) -> float | None:
        """When the tasks that wait for STT become a batch at the latest; ``None`` when none waits."""
        if snapshot.oldest_unbatched_at is None:
            return None
        return snapshot.oldest_unbatched_at + self.limits.age_seconds

    @staticmethod
    def in_stt(snapshot: QueueSnapshot) -> Batch | None:
        """The batch whose turn in STT it is: the oldest that still has a task there."""
        left = {task.batch_id for task in snapshot.tasks if task.state.stage is Stage.STT}
        return next((batch for batch in snapshot.batches if batch.id in left), None)

    @staticmethod
    def evaluable(snapshot: QueueSnapshot) -> tuple[Task, ...]:
        """Tasks that wait for a language model and whose batch has left STT, oldest batch first."""
        in_stt = {task.batch_id for task in snapshot.tasks if task.state.stage is Stage.STT}
        ready = (
            task
            for task in snapshot.tasks
            if task.state.stage is Stage.LLM and task.waiting and task.batch_id not in in_stt
        )
        return tuple(sorted(ready, key=lambda task: (task.batch_id or 0, task.turn())))


def batch_event(state: BatchState, in_stt: int, in_llm: int, started: bool) -> BatchEvent | None:
    """What happened to a batch, from how many of its tasks are where.

    ``started``: somebody works on one of its tasks. ``None`` when nothing changed for the batch as a whole.
    """
    if state is BatchState.WAITING:
        if started:
            return BatchEvent.STT_STARTED
        return BatchEvent.NO_STT if in_stt == 0 else None
    if in_stt == 0 and in_llm == 0 and state is not BatchState.DONE:
        return BatchEvent.ALL_ENDED
    if in_stt == 0 and state is BatchState.TRANSCRIBING:
        return BatchEvent.STT_DONE
    return None
