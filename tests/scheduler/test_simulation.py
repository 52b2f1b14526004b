"""Random lab sessions on the real drivers, store and tables. ``SEED=123 pytest tests/scheduler/test_simulation.py``
plays one seed again, turn by turn; a failure prints its seed.
"""

import os
from pathlib import Path

import pytest

from db.store import SqliteStore
from scheduler.batches import BatchCoordinator
from scheduler.policy import Command, Evaluate, Transcribe
from scheduler.queues import ReaderWriterQueueManager
from scheduler.snapshot import QueueSnapshot
from scheduler.task import Stage, Task
from tests.scheduler.simulation import BrokenRuleError, Parts, play

BLOCKS = 6
SEEDS_PER_BLOCK = 25


def _seeds(block: int) -> range:
    if chosen := os.environ.get("SEED"):
        return range(int(chosen), int(chosen) + (block == 0))
    return range(block * SEEDS_PER_BLOCK, (block + 1) * SEEDS_PER_BLOCK)


@pytest.mark.parametrize("block", range(BLOCKS))
async def test_every_session_keeps_the_rules_and_ends(tmp_path: Path, block: int) -> None:
    """Uploads, failures, dead servers, refused hand-overs, a full disk, shutdowns and kills, in any order."""
    for seed in _seeds(block):
        await play(seed, tmp_path, Parts())


async def test_a_seed_replays(tmp_path: Path) -> None:
    """The same seed gives the same session, event by event and moment by moment."""
    assert await play(7, tmp_path / "first", Parts()) == await play(7, tmp_path / "again", Parts())


class NoBarrier(BatchCoordinator):
    """Evaluates whoever has a transcript, though others of the batch are still in STT."""

    @staticmethod
    def evaluable(snapshot: QueueSnapshot) -> tuple[Task, ...]:
        return tuple(task for task in snapshot.tasks if task.state.stage is Stage.LLM and task.waiting)


class TwoSemaphores(ReaderWriterQueueManager):
    """The source's sketch: each side starts its own work when it has any, whoever has the machine."""

    def _decide(self, snapshot: QueueSnapshot) -> list[Command]:
        commands = super()._decide(snapshot)
        if commands and isinstance(commands[0], (Transcribe, Evaluate)):
            waiting = [task for task in snapshot.tasks if task.waiting and not _among(task, commands)]
            commands += [
                Transcribe(task) if task.state.stage is Stage.STT else Evaluate(task) for task in waiting
            ]
        return commands


class Forgetful(SqliteStore):
    """Does not take up what a dead process held."""

    async def recover(self, now: float) -> int:
        return 0


def _among(task: Task, commands: list[Command]) -> bool:
    return any(isinstance(command, (Transcribe, Evaluate)) and command.task == task for command in commands)


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        (Parts(batches=NoBarrier), "of its batch is in STT"),
        (
            Parts(manager=TwoSemaphores),
            "handed out at once|the other side's phase|worked at once|violations of the lock|of its batch is in STT",
        ),
        (Parts(store=Forgetful), "a deadlock"),
    ],
    ids=["no barrier", "two semaphores", "no recovery"],
)
async def test_a_broken_scheduler_is_caught(tmp_path: Path, parts: Parts, rule: str) -> None:
    """The simulator can fail: each known mistake breaks the rule that it should."""

    async def play_some() -> None:
        for seed in range(20):
            await play(seed, tmp_path, parts)

    with pytest.raises(BrokenRuleError, match=rule):
        await play_some()
