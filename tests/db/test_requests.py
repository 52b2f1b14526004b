"""What people ask of tasks: a regrade keeps the old result, a cancelled task's late result changes nothing."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.database import Database
from db.intake import Intake
from db.requests import Requests
from db.store import SqliteStore
from db.views import Views
from scheduler.batches import BatchCoordinator, BatchLimits
from scheduler.errors import IllegalTransitionError, StaleWorkError
from scheduler.task import BatchState, Stage
from tests.db.test_store import EVALUATION, new_task

COORDINATOR = BatchCoordinator(BatchLimits(size=3, age_seconds=100.0))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An open state."""
    async with Database.open(tmp_path) as opened:
        yield opened


async def started(database: Database, name: str = "a") -> tuple[SqliteStore, Requests, str]:
    """A homework task in somebody's hands: its batch closed at once, with nothing to transcribe."""
    store = SqliteStore(database)
    await Intake(database).accept(new_task(name, kind="notebook"), 1.0)
    snapshot = await store.snapshot(3)
    assert [task.state.stage for task in snapshot.unbatched_llm] == [Stage.LLM]
    await store.close_batch(COORDINATOR.closable(snapshot, 1.0), 1.0)
    snapshot = await store.snapshot(3)
    assert [batch.state for batch in snapshot.batches] == [BatchState.EVALUATING]
    (task,) = COORDINATOR.evaluable(snapshot)
    await store.start(task, 2.0)
    return store, Requests(database), name


async def test_a_regrade_keeps_the_old_result(database: Database) -> None:
    """Both results stay, each under its version; the newer one is shown."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.evaluated(task, EVALUATION, 3.0)
    with pytest.raises(IllegalTransitionError, match="version 1 has graded"):
        await requests.regrade(name, 1, 4.0)
    again = await requests.regrade(name, 2, 4.0)
    assert again is not None
    assert (again.assignment_version, str(again.state)) == (2, "llm/pending")
    shown = await Views(database).submission(name)
    assert shown is not None
    assert shown.score == 5.0
    snapshot = await store.snapshot(3)
    await store.close_batch(COORDINATOR.closable(snapshot, 5.0), 5.0)
    (task,) = (await store.snapshot(3)).tasks
    started_again = await store.start(task, 6.0)
    assert started_again.lease == 1_001, "a zombie of the first grading must not hold a valid lease"
    await store.evaluated(started_again, EVALUATION, 7.0)
    rows = await database.all("results_of_task", {"id": name})
    assert [row["assignment_version"] for row in rows] == [1, 2]


async def test_each_regrade_begins_to_count_anew(database: Database) -> None:
    """Six regrades, the third one stopped: no hand-out of an earlier one counts, and no lease comes twice."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.evaluated(task, EVALUATION, 3.0)
    leases = [task.lease]
    for version in range(2, 8):
        again = await requests.regrade(name, version, 4.0)
        assert again is not None
        assert (again.hand_outs, again.suspect) == (0, False)
        snapshot = await store.snapshot(3)
        await store.close_batch(COORDINATOR.closable(snapshot, 5.0), 5.0)
        (task,) = (await store.snapshot(3)).tasks
        if version == 4:
            await requests.cancel(name, 6.0)
            continue
        task = await store.start(task, 6.0)
        assert (task.hand_outs, task.suspect) == (1, False)
        leases.append(task.lease)
        await store.evaluated(task, EVALUATION, 7.0)
    assert leases == [1, 1_001, 2_001, 4_001, 5_001, 6_001]


async def test_a_late_result_of_a_cancelled_task_changes_nothing(database: Database) -> None:
    """It ends as failed with its reason, its batch with it, and the worker's result is stale."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    assert await requests.cancel(name, 3.0) is not None
    with pytest.raises(StaleWorkError):
        await store.evaluated(task, EVALUATION, 4.0)
    with pytest.raises(IllegalTransitionError, match="cannot be cancelled"):
        await requests.cancel(name, 5.0)
    snapshot = await store.snapshot(3)
    assert (snapshot.batches, snapshot.tasks) == ((), ())
    shown = await Views(database).submission(name)
    assert shown is not None
    assert (shown.score, shown.task.error_code, shown.task.completed_at) == (None, "cancelled", 3.0)


async def test_a_cancel_begins_no_batch(database: Database) -> None:
    """A batch that waits goes on waiting without the cancelled one, or is over with the last; it never transcribed."""
    store, requests = SqliteStore(database), Requests(database)
    for name in "ab":
        await Intake(database).accept(new_task(name), 1.0)
    await store.close_batch((await store.snapshot(3)).unbatched, 2.0)
    await requests.cancel("a", 3.0)
    assert [batch.state for batch in (await store.snapshot(3)).batches] == [BatchState.WAITING]
    (left,) = (await store.snapshot(3)).tasks
    await store.start(left, 4.0)
    assert [batch.state for batch in (await store.snapshot(3)).batches] == [BatchState.TRANSCRIBING]
    await Intake(database).accept(new_task("c"), 5.0)
    await store.close_batch((await store.snapshot(3)).unbatched, 5.0)
    await requests.cancel("c", 6.0)
    moves = [
        (event.batch_id, event.source, event.target)
        for event in await Views(database).events_after(0)
        if event.kind == "batch"
    ]
    assert moves == [
        (1, "waiting", "transcribing"),
        (2, "waiting", "evaluating"),
        (2, "evaluating", "done"),
    ]


async def test_each_end_is_told_once(database: Database) -> None:
    """The outbox has one message for each end, written with it."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.evaluated(task, EVALUATION, 3.0)
    await requests.regrade(name, 2, 4.0)
    await requests.cancel(name, 5.0)
    rows = await database.all("open_outbox", {"now": 10.0, "most": 10})
    assert [json.loads(row["payload"])["status"] for row in rows] == ["graded"], (
        "in order: the first one first"
    )
    assert json.loads(rows[0]["payload"])["assignment_version"] == 1


async def test_nothing_happens_to_what_is_not_there(database: Database) -> None:
    """No task, no change."""
    requests = Requests(database)
    assert await requests.regrade("nobody", 2, 1.0) is None
    assert await requests.cancel("nobody", 1.0) is None
