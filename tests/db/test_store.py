"""The store: compare-and-swap, one result per task, and counters that are true at every commit."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from db.database import Database, Transaction
from db.intake import Intake, NewTask
from db.requests import Requests
from db.store import SqliteStore
from db.views import Filter, Views
from scheduler.errors import AttemptFailedError, IllegalTransitionError, StaleWorkError, StateError
from scheduler.ports import Evaluation, Transcription
from scheduler.task import Phase, Stage, Status, Task
from scheduler.transitions import TASK_TRANSITIONS, TaskEvent


def new_task(name: str, **fields: str | int | None) -> NewTask:
    """A submission as the intake hands it over."""
    values: dict[str, Any] = {
        "user_id": name,
        "roll_number": name,
        "student_name": name,
        "file_name": "v.mp4",
        "size_bytes": 1,
    }
    values |= {"sha256": name, "media_seconds": None, "idempotency_key": None, "video_path": f"videos/{name}"}
    return NewTask(id=name, **(values | fields))


def transcription(root: Path, task: Task) -> Transcription:
    """A finished transcript of one second."""
    path = str(root / "transcripts" / task.id)
    return Transcription(
        transcript_path=path, media_seconds=1.0, compute_seconds=0.1, segments=1, language="en", model="m"
    )


EVALUATION = Evaluation(
    score=5.0,
    max_score=10.0,
    report={"score": 5.0},
    model="m",
    server="s",
    prompt_hash="h",
    tokens_in=1,
    tokens_out=2,
    latency_ms=3,
    raw_reply=None,
)


THE_STORES_OWN = {TaskEvent.REGRADE_FAILED, TaskEvent.REGRADE_CANCELLED}
"""Nobody asks for these: whether the task was graded before is the tables' to say."""


async def _started(database: Database, name: str = "a") -> tuple[SqliteStore, Task]:
    store = SqliteStore(database)
    task = (await Intake(database).accept(new_task(name), 1.0)).task
    await store.close_batch([task], 2.0)
    (task,) = (await store.snapshot(10)).tasks
    return store, await store.start(task, 3.0)


async def test_a_task_goes_its_way_with_an_event_per_step(database: Database) -> None:
    """From accepted to completed: states, batch, result and history agree."""
    store, task = await _started(database)
    await store.transcribed(task, transcription(database.root, task), 4.0)
    (waiting,) = (await store.snapshot(10)).tasks
    running = await store.start(waiting, 5.0)
    await store.evaluated(running, EVALUATION, 6.0)
    views = Views(database)
    done = await views.submission("a")
    assert done is not None
    assert (str(done.task.state), done.task.completed_at, done.score) == ("completed/completed", 6.0, 5.0)
    history = [(event.kind, event.target) for event in await views.events_after(0)]
    assert history == [
        ("accepted", "stt/pending"),
        ("batch_closed", None),
        ("started", "stt/processing"),
        ("batch", "transcribing"),
        ("transcribed", "llm/pending"),
        ("batch", "evaluating"),
        ("started", "llm/processing"),
        ("evaluated", "completed/completed"),
        ("batch", "done"),
    ]


async def test_a_late_result_changes_nothing(database: Database) -> None:
    """A zombie whose lease was taken from it cannot finish the task, and the row stays as it was."""
    store, zombie = await _started(database)
    assert await store.recover(4.0) == 1
    (waiting,) = (await store.snapshot(10)).tasks
    current = await store.start(waiting, 5.0)
    with pytest.raises(StaleWorkError, match="no longer stt/processing under lease 1"):
        await store.transcribed(zombie, transcription(database.root, zombie), 6.0)
    after = await Views(database).submission("a")
    assert after is not None
    assert after.task == current


async def test_a_task_is_handed_out_once(database: Database) -> None:
    """Of many who try to start the same task, one gets it."""
    store = SqliteStore(database)
    task = (await Intake(database).accept(new_task("a"), 1.0)).task
    outcomes = await asyncio.gather(*(store.start(task, 2.0) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, Task) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, StaleWorkError) for outcome in outcomes) == 7


async def test_an_illegal_event_is_refused_and_changes_nothing(database: Database) -> None:
    """A waiting task cannot be finished."""
    task = (await Intake(database).accept(new_task("a"), 1.0)).task
    with pytest.raises(IllegalTransitionError):
        await SqliteStore(database).evaluated(task, EVALUATION, 2.0)
    unchanged = await Views(database).submission("a")
    assert unchanged is not None
    assert unchanged.task == task


async def test_recovery_gives_back_what_a_dead_process_held(database: Database) -> None:
    """The task waits again, no retry is counted, and the phase is what the table says."""
    store, _ = await _started(database)
    await store.set_phase(Phase.SWITCHING, 4.0)
    assert await store.recover(5.0) == 1
    snapshot = await store.snapshot(10)
    assert [(str(task.state), task.retry_count) for task in snapshot.tasks] == [("stt/pending", 0)]
    assert snapshot.phase is Phase.SWITCHING


async def test_a_fresh_state_has_been_in_its_phase_since_the_first_start(database: Database) -> None:
    """Not since 1970; and a later start does not begin it anew."""
    store = SqliteStore(database)
    await store.recover(7.0)
    await store.recover(9.0)
    assert (await store.snapshot(1)).phase_since == 7.0


async def test_the_phase_moves_only_through_switching(database: Database) -> None:
    """STT to LLM without a hand-over is refused by the tables, too."""
    store = SqliteStore(database)
    with pytest.raises(IllegalTransitionError):
        await store.set_phase(Phase.LLM, 1.0)
    await store.set_phase(Phase.SWITCHING, 2.0)
    await store.set_phase(Phase.LLM, 3.0)
    assert (await store.snapshot(1)).phase is Phase.LLM


async def test_a_read_sees_the_commit_before_it(database: Database) -> None:
    """However many others read at the same moment: who heard that a task was accepted finds it."""
    intake, views = Intake(database), Views(database)

    async def accepted_and_found(name: str) -> bool:
        await intake.accept(new_task(name), 1.0)
        return await views.submission(name) is not None

    async def read_all_the_time() -> None:
        while True:
            await views.submissions(Filter(), 100, 0)

    reading = [asyncio.create_task(read_all_the_time()) for _ in range(8)]
    found = await asyncio.gather(*(accepted_and_found(f"t{index}") for index in range(60)))
    for task in reading:
        task.cancel()
    assert all(found)


async def test_the_same_key_makes_one_submission(database: Database) -> None:
    """However many requests carry it, at once or later."""
    intake = Intake(database)
    news = [new_task(f"t{index}", idempotency_key="k") for index in range(6)]
    accepted = await asyncio.gather(*(intake.accept(new, 1.0) for new in news))
    assert len({item.task.id for item in accepted}) == 1
    assert sum(item.created for item in accepted) == 1
    assert await Views(database).count(Filter()) == 1


async def test_a_cancelled_caller_does_not_tear_a_transaction(database: Database) -> None:
    """The write goes through whole, or not at all; the next one is not disturbed."""
    intake = Intake(database)
    writing = asyncio.create_task(intake.accept(new_task("a"), 1.0))
    await asyncio.sleep(0)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    await intake.accept(new_task("b"), 2.0)
    events = [event.task_id for event in await Views(database).events_after(0)]
    rows = {row.task.id for row in await Views(database).submissions(Filter(), 10, 0)}
    assert sorted(rows) == sorted(event for event in events if event)


async def test_an_error_in_a_transaction_rolls_all_of_it_back(database: Database) -> None:
    """A statement that fails takes the ones before it along."""

    async def body(transaction: Transaction) -> None:
        await transaction.execute("insert_batch", {"size": 1, "now": 1.0})
        await transaction.execute("insert_batch", {"size": 0, "now": 1.0})

    with pytest.raises(StateError, match="CHECK constraint failed"):
        await database.write(body)
    assert (await SqliteStore(database).snapshot(1)).batches == ()


@pytest.mark.parametrize("seed", range(5))
async def test_counters_are_true_at_every_commit(database: Database, seed: int) -> None:
    """Random lives of ten tasks: after each commit ``system_state`` says what the rows say."""
    dice = random.Random(seed)
    store, views, intake = SqliteStore(database), Views(database), Intake(database)
    for index in range(10):
        await intake.accept(new_task(str(index), priority=dice.randrange(3)), float(index))
    await store.close_batch((await store.snapshot(7)).unbatched, 10.0)
    for step in range(60):
        tasks = [row.task for row in await views.submissions(Filter(), 20, 0)]
        movable = [task for task in tasks if TASK_TRANSITIONS[task.state]]
        task = dice.choice(movable) if movable else None
        if task is None:
            break
        event = dice.choice(sorted(TASK_TRANSITIONS[task.state].keys() - THE_STORES_OWN))
        await _apply(database, task, event, 11.0 + step)
        rows = [row.task for row in await views.submissions(Filter(), 20, 0)]
        expected = (
            sum(row.waiting and row.state.stage is Stage.STT for row in rows),
            sum(row.waiting and row.state.stage is Stage.LLM for row in rows),
            sum(row.state.status is Status.PROCESSING for row in rows),
        )
        machine = await views.machine()
        assert (machine.stt_queue, machine.llm_queue, machine.active) == expected, f"seed {seed}, step {step}"


async def _apply(database: Database, task: Task, event: TaskEvent, now: float) -> None:
    store, requests = SqliteStore(database), Requests(database)
    match event:
        case TaskEvent.STARTED:
            await store.start(task, now)
        case TaskEvent.TRANSCRIBED:
            await store.transcribed(task, transcription(database.root, task), now)
        case TaskEvent.EVALUATED:
            await store.evaluated(task, EVALUATION, now)
        case TaskEvent.CANCELLED:
            await requests.cancel(task.id, now)
        case TaskEvent.REGRADED if task.transcript_path is not None:
            await requests.regrade(task.id, task.assignment_version + 1, now)
        case TaskEvent.REGRADED:
            with pytest.raises(IllegalTransitionError, match="never transcribed"):
                await requests.regrade(task.id, task.assignment_version + 1, now)
        case _:
            await store.unfinished(task, event, AttemptFailedError("x"), now)
