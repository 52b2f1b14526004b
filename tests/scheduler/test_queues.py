"""The drivers on the real store: lab sessions with scripted sides, told from upload to the last result."""

import asyncio

import pytest

from db.database import Database
from db.requests import Requests
from db.views import Filter
from scheduler.queues import ReaderWriterQueueManager
from tests.scheduler.lab import Lab


@pytest.fixture
def lab(database: Database) -> Lab:
    """A lab with batches of two."""
    return Lab(database)


async def test_a_batch_goes_through_both_phases(lab: Lab) -> None:
    """STT of both students, one hand-over, then both evaluations; the other way round never."""
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await lab.until(lab.all_ended)
        assert manager.controller.violations == 0
    assert lab.room.log == [
        "llm leaves", "stt enters", "stt a", "stt b", "stt leaves", "llm enters", "llm a", "llm b",
    ]  # fmt: skip
    assert await lab.states() == {"a": "completed/completed", "b": "completed/completed"}
    assert not lab.room.met


async def test_who_arrives_during_a_phase_is_in_the_next_batch(lab: Lab) -> None:
    """Students who upload while others are evaluated are neither lost nor mixed in."""
    await lab.upload("a", "b")
    lab.evaluator.gate = asyncio.Event()
    async with lab.daemon() as manager:
        await lab.until(lambda: lab.room.llm_active == 2)
        await lab.upload("c", "d")
        manager.wake()
        await lab.until(lambda: len(lab.transcriber.prepared) >= 3)
        assert lab.transcriber.attempts["c"] == 0
        lab.evaluator.gate.set()
        await lab.until(lab.all_ended)
    assert lab.room.log[-6:] == ["stt c", "stt d", "stt leaves", "llm enters", "llm c", "llm d"]
    assert not lab.room.met


async def test_stop_releases_what_was_running(lab: Lab) -> None:
    """A shutdown in mid transcription gives the task back; the next daemon finishes it."""
    await lab.upload("a", "b")
    lab.transcriber.gate = asyncio.Event()
    async with lab.daemon():
        await lab.until(lambda: lab.room.stt_active == 1)
    assert await lab.states() == {"a": "stt/pending", "b": "stt/pending"}
    lab.transcriber.gate = None
    async with lab.daemon():
        await lab.until(lab.all_ended)
    rows = await lab.views.submissions(Filter(), 10, 0)
    assert {row.task.retry_count for row in rows} == {0}


async def test_a_lone_student_is_graded_when_the_batch_is_old_enough(lab: Lab) -> None:
    """Nobody waits for a full room: time alone starts the batch."""
    await lab.upload("a")
    async with lab.daemon():
        await lab.until(lambda: bool(lab.clock._sleepers))
        assert await lab.states() == {"a": "stt/pending"}
        lab.clock.advance(20.0)
        await lab.until(lab.all_ended)


async def test_a_cancelled_students_audio_is_removed(lab: Lab) -> None:
    """It was prepared and will not be transcribed: it goes while the daemon runs, and nobody else's does."""
    lab.size = 3
    await lab.upload("a", "b", "c")
    lab.transcriber.gate = asyncio.Event()
    async with lab.daemon() as manager:
        await lab.until(lambda: lab.transcriber.prepared == ["b", "c"])
        assert lab.transcriber.audio == {"tb", "tc"}
        await cancel(lab, manager, "tb")
        await lab.until(lambda: lab.transcriber.audio == {"tc"})
        lab.transcriber.gate.set()
        await lab.until(lab.all_ended)
        assert lab.transcriber.audio == set()


async def test_a_preparation_that_nobody_waits_for_is_stopped(lab: Lab) -> None:
    """The next file's begins, and what there was of the stopped one is removed."""
    lab.size = 3
    await lab.upload("a", "b", "c")
    lab.transcriber.gate, lab.transcriber.preparing = asyncio.Event(), asyncio.Event()
    async with lab.daemon() as manager:
        await lab.until(lambda: lab.transcriber.audio == {"tb"})
        await cancel(lab, manager, "tb")
        await lab.until(lambda: lab.transcriber.audio == {"tc"})
        assert lab.transcriber.prepared == ["b", "c"]


async def test_a_stop_does_not_wait_for_one_thing_after_another(lab: Lab) -> None:
    """While a transcription may still end, the preparation beside it has been stopped; both times begin at once."""
    await lab.upload("a", "b")
    lab.transcriber.gate, lab.transcriber.preparing = asyncio.Event(), asyncio.Event()
    async with lab.daemon() as manager:
        await lab.until(lambda: lab.room.stt_active == 1 and lab.transcriber.prepared == ["b"])
        stopping = asyncio.create_task(manager.stop(600.0))
        await lab.until(lambda: lab.transcriber.unprepared == ["b"])
        assert (lab.room.stt_active, stopping.done()) == (1, False)
        lab.transcriber.gate.set()
        await stopping
    assert await lab.states() == {"a": "llm/pending", "b": "stt/pending"}


async def cancel(lab: Lab, manager: ReaderWriterQueueManager, task_id: str) -> None:
    """A teacher stops the work on a task."""
    await Requests(lab.database).cancel(task_id, lab.clock.now())
    manager.cancel(task_id)
