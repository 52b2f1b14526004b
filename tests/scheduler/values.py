"""Values for the scheduler's tests: tasks and snapshots in one line each."""

from typing import Any

from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.policy import PhaseLimits
from scheduler.snapshot import Machine, QueueSnapshot
from scheduler.task import Batch, BatchState, Phase, Task, TaskState
from scheduler.transitions import STT_PENDING

LIMITS = PhaseLimits(stt_seconds=100.0, llm_seconds=100.0)
BATCHES = BatchCoordinator(BatchLimits(size=3, age_seconds=20.0))


def task(name: str, state: TaskState = STT_PENDING, **fields: Any) -> Task:
    """A task of batch 1 unless said otherwise."""
    values = {"batch_id": 1, "created_at": 0.0, "updated_at": 0.0} | fields
    return Task(id=name, roll_number=name, video_path=f"/videos/{name}", state=state, **values)


def batch(number: int = 1, state: BatchState = BatchState.TRANSCRIBING, size: int = 3) -> Batch:
    """A batch."""
    return Batch(id=number, state=state, created_at=0.0, size=size)


def machine(**fields: Any) -> Machine:
    """A ready machine with one STT slot and two servers with one slot each."""
    values: dict[str, Any] = {"ready": True, "stt_slots": 1, "llm_slots": 2, "servers_up": 2}
    return Machine(**(values | fields))


def snapshot(phase: Phase, *tasks: Task, batches: tuple[Batch, ...] = (), **fields: Any) -> QueueSnapshot:
    """A snapshot in ``phase`` since time 0; tasks without a batch are the unbatched ones."""
    unbatched = tuple(item for item in tasks if item.batch_id is None)
    values: dict[str, Any] = {
        "phase_since": 0.0,
        "batches": batches or (batch(),),
        "tasks": tuple(item for item in tasks if item.batch_id is not None),
        "unbatched": unbatched,
        "unbatched_count": len(unbatched),
        "oldest_unbatched_at": min((item.created_at for item in unbatched), default=None),
    }
    return QueueSnapshot(phase=phase, **(values | fields))
