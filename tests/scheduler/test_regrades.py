"""A regrade through the real loop, job runner and store: whatever it ends with, who was graded stays graded."""

import asyncio

import pytest

from db.database import Database
from db.requests import Requests
from db.views import Submission
from scheduler.errors import AttemptFailedError, RejectedWorkError
from scheduler.task import Task
from tests.scheduler.lab import Lab

REJECTED, CUT = (
    RejectedWorkError("Version 2 cannot grade this."),
    AttemptFailedError("The reply was cut off."),
)


@pytest.fixture
def lab(database: Database) -> Lab:
    """A lab in which version 2 rejects student a and always fails on student b."""
    made = Lab(database, size=3)

    def script(task: Task, _attempt: int) -> Exception | None:
        return {"a": REJECTED, "b": CUT}.get(task.roll_number) if task.assignment_version == 2 else None

    made.evaluator._script = script
    return made


async def shown(lab: Lab, name: str) -> Submission:
    """A student's submission."""
    found = await lab.views.submission(f"t{name}")
    assert found is not None
    return found


async def ended(lab: Lab) -> bool:
    """Whether all have, while time goes by."""
    lab.clock.advance(1.0)
    return await lab.all_ended()


async def regrade(lab: Lab, *names: str) -> None:
    """A teacher asks for version 2."""
    for name in names:
        await Requests(lab.database).regrade(f"t{name}", 2, lab.clock.now())


async def test_who_was_graded_stays_graded(lab: Lab) -> None:
    """One is rejected at once, one after all its retries, one is graded; another try fails again; none is failed."""
    await lab.upload("a", "b", "c")
    async with lab.daemon() as manager:
        await lab.until(lab.all_ended)
        await regrade(lab, "a", "b", "c")
        manager.wake()
        await lab.until(lambda: ended(lab))
        assert await lab.states() == dict.fromkeys("abc", "completed/completed")
        found = {name: await shown(lab, name) for name in "abc"}
        assert {name: one.graded_version for name, one in found.items()} == {"a": 1, "b": 1, "c": 2}
        notes = {name: one.regrade and one.regrade.failure.code for name, one in found.items()}
        assert notes == {"a": "rejected", "b": "attempt_failed", "c": None}
        assert (found["a"].task.retry_count, found["b"].task.retry_count) == (0, 2)
        await regrade(lab, "a")
        manager.wake()
        await lab.until(lambda: ended(lab))
        assert (await shown(lab, "a")).regrade is not None
        assert manager.controller.violations == 0
    kinds = [event.kind for event in await lab.views.task_events("ta")]
    assert kinds[-6:] == ["regraded", "started", "regrade_failed"] * 2


async def test_work_that_is_stopped_in_a_regrade_changes_nothing(lab: Lab) -> None:
    """A teacher stops it while a model works on it: the grade is back at once, and the work's end comes too late."""
    await lab.upload("c")
    async with lab.daemon() as manager:
        await lab.until(lambda: ended(lab))
        lab.evaluator.gate = asyncio.Event()
        await regrade(lab, "c")
        manager.wake()
        await lab.until(lambda: lab.room.llm_active == 1)
        await Requests(lab.database).cancel("tc", lab.clock.now())
        manager.cancel("tc")
        await lab.until(lambda: lab.room.llm_active == 0)
        found = await shown(lab, "c")
        assert (str(found.task.state), found.graded_version) == ("completed/completed", 1)
        assert found.regrade is not None
        assert found.regrade.cancelled


async def test_a_daemon_that_is_stopped_in_a_regrade_goes_on_with_it(lab: Lab) -> None:
    """The next one takes version 2 up, and only then it fails."""
    await lab.upload("a")
    async with lab.daemon() as manager:
        await lab.until(lambda: ended(lab))
        lab.evaluator.gate = asyncio.Event()
        await regrade(lab, "a")
        manager.wake()
        await lab.until(lambda: lab.room.llm_active == 1)
    found = await shown(lab, "a")
    assert (str(found.task.state), found.task.assignment_version, found.score) == ("llm/pending", 2, 5.0)
    lab.evaluator.gate = None
    async with lab.daemon():
        await lab.until(lambda: ended(lab))
    assert (await shown(lab, "a")).graded_version == 1
