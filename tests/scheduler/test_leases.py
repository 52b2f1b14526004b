"""Work that is silent for too long, that does not end, or that a teacher stops: what becomes of it, and of others."""

import asyncio

import pytest

from db.database import Database
from db.requests import Requests
from scheduler.leases import LeaseLimits
from scheduler.ports import Progress, Transcription
from scheduler.task import Task
from tests.scheduler.lab import Lab
from tests.scheduler.sides import ScriptedTranscriber

LIFE, CANCEL = LeaseLimits().stt, LeaseLimits().cancel


class Silent(ScriptedTranscriber):
    """Hangs at student a's file, and cleans up behind the gate ``ends`` when it is cancelled."""

    ends: asyncio.Event | None = None
    hangs = 1
    progress: Progress | None = None
    answer: Transcription | None = None

    async def transcribe(self, task: Task, progress: Progress) -> Transcription:
        if task.roll_number != "a" or self.hangs == 0:
            return await super().transcribe(task, progress)
        self.hangs -= 1
        self.progress = progress
        self._room.stt_active += 1
        try:
            await asyncio.Future()
        except asyncio.CancelledError:
            while self.ends and not self.ends.is_set():
                try:
                    await self.ends.wait()
                except asyncio.CancelledError:
                    continue
            if self.answer:
                return self.answer
            raise
        finally:
            self._room.stt_active -= 1
        raise AssertionError


@pytest.fixture
def lab(database: Database) -> Lab:
    """A lab with batches of two, and a file that makes STT silent."""
    found = Lab(database)
    found.transcriber = Silent(found.room, str(database.root))
    return found


@pytest.fixture
def silent(lab: Lab) -> Silent:
    """Its transcriber."""
    assert isinstance(lab.transcriber, Silent)
    return lab.transcriber


async def hanging(lab: Lab, silent: Silent) -> None:
    """Wait until the work hangs."""
    await lab.until(lambda: silent.progress is not None)


async def test_silent_work_is_stopped_and_tried_again(lab: Lab, silent: Silent) -> None:
    """Its attempt has failed with a code of its own; the next one succeeds, and the other student is graded too."""
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await hanging(lab, silent)
        lab.clock.advance(LIFE - 1)
        await asyncio.sleep(0)
        assert len(manager.running()) == 1
        lab.clock.advance(1)
        await lab.until(lab.all_ended)
        assert manager.controller.violations == 0
    assert await lab.states() == {"a": "completed/completed", "b": "completed/completed"}
    events = await lab.database.all("task_events", {"id": "ta"})
    failed = next(row["detail"] for row in events if row["kind"] == "attempt_failed")
    assert failed == '{"error": "lease_expired"}'


async def test_progress_renews_the_lease(lab: Lab, silent: Silent) -> None:
    """Work that comes further may take as long as it likes; saying the same again is no progress."""
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await hanging(lab, silent)
        assert silent.progress
        for fraction in (0.1, 0.2, 0.3):
            silent.progress(fraction)
            lab.clock.advance(LIFE - 1)
            for _ in range(20):
                await asyncio.sleep(0)
            still = bool(manager.running()) and silent.hangs == 0
            assert still
        events = await lab.database.all("task_events", {"id": "ta"})
        assert [row["kind"] for row in events] == ["accepted", "started"]
        silent.progress(0.3)
        lab.clock.advance(1)
        await lab.until(lab.all_ended)
    events = await lab.database.all("task_events", {"id": "ta"})
    assert [row["kind"] for row in events][2:4] == ["attempt_failed", "started"]


async def test_work_that_does_not_end_keeps_the_machine_and_stops_the_beat(lab: Lab, silent: Silent) -> None:
    """It is shown, its slot is not given away and no hand-over begins; when it does end, late, nothing has changed."""
    silent.ends = asyncio.Event()
    silent.answer = Transcription(
        transcript_path=f"{lab.database.root}/transcripts/late.jsonl",
        media_seconds=1.0,
        compute_seconds=1.0,
        segments=1,
        language="en",
        model="late",
    )
    await lab.upload("a", "b")
    async with lab.daemon() as manager:
        await hanging(lab, silent)
        lab.clock.advance(LIFE)
        await lab.until(lambda: not silent.ends or len(manager.running()) == 1)
        for _ in range(50):
            await asyncio.sleep(0)
        lab.clock.advance(CANCEL)
        await lab.until(manager.stuck)
        assert (
            manager.last_error
            == "Work on ta was stopped but does not end. Restart the daemon, if systemd does not."
        )
        beats = lab.beats
        for _ in range(5):
            manager.wake()
            lab.clock.advance(60.0)
            for _ in range(50):
                await asyncio.sleep(0)
        assert (lab.beats, lab.room.stt_active, lab.transcriber.attempts["b"]) == (beats, 1, 0)
        silent.ends.set()
        await lab.until(lab.all_ended)
        assert lab.beats > beats
        assert manager.stuck() is None
        assert manager.controller.violations == 0
    row = await lab.database.one("task_by_id", {"id": "ta"})
    assert row is not None
    assert row["transcript_path"] == "transcripts/ta.jsonl"


async def test_a_teachers_cancel_begins_no_hand_over_under_the_work(lab: Lab, silent: Silent) -> None:
    """The row has ended at once, the work a moment later: until then the machine stays where it is."""
    silent.ends = asyncio.Event()
    await lab.upload("b", "a")
    async with lab.daemon() as manager:
        await hanging(lab, silent)
        await Requests(lab.database).cancel("ta", lab.clock.now())
        manager.cancel("ta")
        for _ in range(100):
            await asyncio.sleep(0)
        assert (await lab.states())["a"] == "failed/failed"
        assert "stt leaves" not in lab.room.log
        silent.ends.set()
        await lab.until(lab.all_ended)
        assert manager.controller.violations == 0
    assert (await lab.states())["b"] == "completed/completed"
