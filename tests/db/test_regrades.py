"""A regrade that ends without a result: the earlier grade stays, with a note, and the same can be asked for again."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from db.assignments import Assignments
from db.database import FILE_NAME, Database
from db.outbox import Outbox
from db.requests import Requests
from db.store import SqliteStore
from db.views import Event, Submission, Views
from scheduler.errors import (
    AttemptFailedError,
    IllegalTransitionError,
    NoServerError,
    RejectedWorkError,
    StaleWorkError,
    StateError,
)
from scheduler.ratings import Failure
from scheduler.task import Task
from scheduler.transitions import TaskEvent
from tests.db.test_requests import COORDINATOR, started
from tests.db.test_store import EVALUATION

REJECTED = RejectedWorkError("Version 2 asks for a plot, and there is none.")
CUT = Failure(code="reply_truncated", stage="feedback", place="m, try 2", message="Cut.", advice="Less.")


async def again(store: SqliteStore, at: float) -> Task:
    """Hand the one waiting task out."""
    snapshot = await store.snapshot(3)
    if snapshot.unbatched_llm:
        await store.close_batch(COORDINATOR.closable(snapshot, at), at)
    (task,) = (await store.snapshot(3)).tasks
    return await store.start(task, at)


async def regrading(database: Database) -> tuple[SqliteStore, Requests, Task]:
    """A task that version 1 graded, with a part that failed, in the hands of version 2."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.evaluated(task, replace(EVALUATION, failures=(CUT,)), 3.0)
    await requests.regrade(name, 2, 4.0)
    return store, requests, await again(store, 5.0)


async def shown(database: Database) -> Submission:
    """The submission, as people see it."""
    found = await Views(database).submission("a")
    assert found is not None
    return found


async def last_event(database: Database) -> Event:
    """Of the task."""
    return [event for event in await Views(database).task_events("a") if event.source][-1]


async def whole(database: Database) -> list[list[Any]]:
    """All that the tables hold of it."""
    queries = ("task_by_id", "results_of_task", "task_events")
    found = [[tuple(row) for row in await database.all(query, {"id": "a"})] for query in queries]
    found.append([tuple(row) for row in await database.all("task_failures", {"id": "a", "version": 2})])
    found.append([tuple(row) for row in await database.all("outbox_status")])
    return [*found, [tuple(row) for row in await database.all("read_phase")]]


async def test_a_regrade_that_gives_up_leaves_the_grade(database: Database) -> None:
    """Completed under version 1 again; the note says what failed, where and what to do; the batch is done."""
    store, _, task = await regrading(database)
    await store.unfinished(task, TaskEvent.GAVE_UP, REJECTED, 6.0)
    found = await shown(database)
    assert (str(found.task.state), found.task.completed_at) == ("completed/completed", 6.0)
    assert (found.task.assignment_version, found.graded_version, found.score) == (1, 1, 5.0)
    assert (found.task.error_code, found.task.error_message) == (None, None)
    assert found.regrade is not None
    assert (found.regrade.version, found.regrade.at, found.regrade.cancelled) == (2, 6.0, False)
    assert found.regrade.failure == Failure(
        code="rejected",
        stage="regrade",
        place="version 2",
        message=str(REJECTED),
        advice="The grade under version 1 stays. Another attempt under this version ends the same way: remove the "
        "reason first.",
    )
    event = await last_event(database)
    assert (event.kind, event.target) == ("regrade_failed", "completed/completed")
    assert event.detail == {"error": "rejected", "version": 2, "kept": 1}
    snapshot = await store.snapshot(3)
    assert (snapshot.batches, snapshot.tasks, snapshot.unbatched_llm) == ((), (), ())
    assert await Views(database).failures("a", 1) == [CUT], "the parts of the grade are as they were"
    assert await Views(database).newest_failures(["a"]) == {"a": [CUT]}


@pytest.mark.parametrize("state", ["llm/pending", "llm/processing", "llm/retry"])
async def test_a_regrade_that_is_stopped_leaves_the_grade(database: Database, state: str) -> None:
    """Wherever it is; whoever works on it has lost it; and that it was stopped is told, and when."""
    store, requests, task = await regrading(database)
    if state != "llm/processing":
        event = TaskEvent.RELEASED if state == "llm/pending" else TaskEvent.ATTEMPT_FAILED
        await store.unfinished(task, event, AttemptFailedError("The reply was cut."), 6.0)
    assert str((await shown(database)).task.state) == state
    assert await requests.cancel("a", 7.0) is not None
    with pytest.raises(StaleWorkError):
        await store.evaluated(task, EVALUATION, 8.0)
    with pytest.raises(StaleWorkError):
        await store.unfinished(task, TaskEvent.GAVE_UP, REJECTED, 8.0)
    with pytest.raises(IllegalTransitionError, match="cannot be cancelled"):
        await requests.cancel("a", 9.0)
    found = await shown(database)
    assert (str(found.task.state), found.score, found.task.error_message) == (
        "completed/completed",
        5.0,
        None,
    )
    assert found.regrade is not None
    assert (found.regrade.version, found.regrade.at, found.regrade.cancelled) == (2, 7.0, True)
    assert "who did it is not known" in found.regrade.failure.message
    assert (await last_event(database)).kind == "regrade_cancelled"
    assert await Views(database).failures("a", 1) == [CUT]


async def test_the_same_regrade_can_be_asked_for_again(database: Database) -> None:
    """Under the same version, as often as one likes; the note goes with the asking, a new grade has its own parts."""
    store, requests, task = await regrading(database)
    for at in (10.0, 20.0):
        await store.unfinished(task, TaskEvent.GAVE_UP, REJECTED, at)
        with pytest.raises(IllegalTransitionError, match="version 1 has graded"):
            await requests.regrade("a", 1, at)
        assert (await shown(database)).regrade is not None, "a refused wish changes nothing"
        queued = await requests.regrade("a", 2, at)
        assert queued is not None
        assert (queued.assignment_version, queued.retry_count) == (2, 0)
        assert (await shown(database)).regrade is None
        task = await again(store, at)
    await store.evaluated(task, EVALUATION, 30.0)
    found = await shown(database)
    assert (found.graded_version, found.task.assignment_version, found.regrade) == (2, 2, None)
    assert await Views(database).failures("a", 2) == []
    rows = await database.all("results_of_task", {"id": "a"})
    assert [row["assignment_version"] for row in rows] == [1, 2]


async def test_without_an_earlier_grade_it_fails_as_ever(database: Database) -> None:
    """A task that version 1 could not grade and version 2 cannot either has failed, with the last reason."""
    store, requests, name = await started(database)
    (task,) = (await store.snapshot(3)).tasks
    await store.unfinished(task, TaskEvent.GAVE_UP, RejectedWorkError("First."), 3.0)
    await requests.regrade(name, 2, 4.0)
    await store.unfinished(await again(store, 5.0), TaskEvent.GAVE_UP, RejectedWorkError("Second."), 6.0)
    found = await shown(database)
    assert (str(found.task.state), found.task.error_message) == ("failed/failed", "Second.")
    assert (found.regrade, found.task.assignment_version) == (None, 2)


async def test_the_college_is_told_that_the_grade_stays(database: Database) -> None:
    """A message of its own kind: nobody who is graded is reported as failed."""
    store, requests, task = await regrading(database)
    await store.unfinished(task, TaskEvent.GAVE_UP, REJECTED, 6.0)
    await requests.regrade("a", 2, 7.0)
    await requests.cancel("a", 8.0)
    outbox, told = Outbox(database), []
    while due := await outbox.due(10.0, 10):
        told += due
        await outbox.delivered(due[0], 10.0)
    assert [message.topic for message in told] == ["submission.graded", *["submission.regrade_failed"] * 2]
    assert told[1].payload == {
        "id": "a",
        "roll_number": "a",
        "assignment": "introductions",
        "assignment_version": 1,
        "kind": "notebook",
        "completed_at": "1970-01-01T00:00:06+00:00",
        "status": "regrade_failed",
        "regrade_version": 2,
        "error_code": "rejected",
        "error_message": str(REJECTED),
        "score": 5.0,
        "max_score": 10.0,
        "final": True,
        "fairness": "none",
    }
    assert (told[2].payload["status"], told[2].payload["error_code"]) == ("regrade_cancelled", "cancelled")


async def test_the_run_counts_the_version_that_was_asked_for(database: Database) -> None:
    """Graded stays graded, and is counted among those that have not the grade that was asked for."""
    store, requests, task = await regrading(database)
    tallies = Assignments(database)
    waiting = await tallies.tally("introductions")
    assert (waiting.graded, waiting.waiting, waiting.kept) == (0, 1, 0)
    await store.unfinished(task, TaskEvent.GAVE_UP, REJECTED, 6.0)
    tally = await tallies.tally("introductions")
    assert (tally.submitted, tally.graded, tally.failed, tally.kept) == (1, 1, 0, 1)
    assert (tally.reasons, [(r.code, r.tasks) for r in tally.kept_reasons]) == ((), [("rejected", 1)])
    await requests.regrade("a", 2, 7.0)
    await store.evaluated(await again(store, 8.0), EVALUATION, 9.0)
    assert (await tallies.tally("introductions")).kept == 0


async def test_a_daemon_that_dies_in_a_regrade_goes_on_with_it(tmp_path: Path) -> None:
    """The next one takes the same version up; only then it fails."""
    async with Database.open(tmp_path) as database:
        await regrading(database)
    async with Database.open(tmp_path) as database:
        store = SqliteStore(database)
        assert await store.recover(6.0) == 1
        task = await again(store, 7.0)
        assert (task.assignment_version, task.lease, task.hand_outs) == (2, 1_002, 2)
        await store.unfinished(task, TaskEvent.GAVE_UP, NoServerError("Nobody took it."), 8.0)
    async with Database.open(tmp_path) as database:
        found = await shown(database)
        assert (await SqliteStore(database).recover(9.0), str(found.task.state)) == (0, "completed/completed")
        assert found.regrade is not None
        assert found.regrade.failure.code == "no_server"


@pytest.mark.parametrize("table", ["failures", "outbox", "events"])
@pytest.mark.parametrize("stopped", [False, True])
async def test_it_is_one_transaction(database: Database, table: str, stopped: bool) -> None:
    """When any of its rows cannot be written, none is, and the same can be tried again."""
    store, requests, task = await regrading(database)
    before = await whole(database)

    async def end() -> None:
        if stopped:
            await requests.cancel("a", 6.0)
        else:
            await store.unfinished(task, TaskEvent.GAVE_UP, REJECTED, 6.0)

    refuse = f"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'disk'); END"
    _run(database, refuse)
    with pytest.raises(StateError):
        await end()
    assert await whole(database) == before
    _run(database, "DROP TRIGGER refuse")
    await end()
    found = await shown(database)
    assert (str(found.task.state), found.regrade is not None) == ("completed/completed", True)


def _run(database: Database, sql: str) -> None:
    with closing(sqlite3.connect(database.root / FILE_NAME)) as connection:
        connection.execute(sql)
