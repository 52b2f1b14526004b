"""``kill -9`` while a regrade ends without a grade, before each statement: a real process, a real SIGKILL.

After each death the state is the one before or the one after, whole; whoever starts next ends it, once.
"""

import asyncio
import os
import shutil
from pathlib import Path

import aiosqlite
import pytest

from db.database import Database
from db.requests import Requests
from db.store import SqliteStore
from db.views import Views
from scheduler.task import Task
from scheduler.transitions import TaskEvent
from tests.db.test_regrades import REJECTED, again, regrading
from tests.deaths import died, kill_before

MOST_STEPS = 40


STATEMENTS = ((aiosqlite.Connection, "execute"), (aiosqlite.Connection, "execute_fetchall"))


async def made(root: Path) -> Task:
    """A task that version 1 graded, in the hands of version 2."""
    async with Database.open(root) as database:
        _, _, task = await regrading(database)
        return task


async def end(root: Path, task: Task, stopped: bool, step: int | None = None) -> None:
    """Version 2 gives up, or a teacher stops it; ``step``: before which statement the process kills itself."""
    async with Database.open(root) as database:
        if step is not None:
            # BEGIN and COMMIT are statements too.
            kill_before(step, STATEMENTS)
        if stopped:
            await Requests(database).cancel(task.id, 6.0)
        else:
            await SqliteStore(database).unfinished(task, TaskEvent.GAVE_UP, REJECTED, 6.0)
        if step is not None:
            os._exit(0)


def dies_at(step: int, root: Path, task: Task, stopped: bool) -> bool:
    """Whether it came to that statement."""
    return died(lambda: asyncio.run(end(root, task, stopped, step)))


async def looked_at(root: Path) -> str:
    """All of the state before, or all of the state after."""
    async with Database.open(root) as database:
        views = Views(database)
        found = await views.submission("a")
        assert found is not None
        kinds = [event.kind for event in await views.task_events("a")]
        row = await database.one("outbox_status")
        assert row is not None
        ended = found.task.completed_at is not None
        seen = (
            str(found.task.state),
            found.task.assignment_version,
            found.regrade is not None,
            kinds[-1].startswith("regrade_"),
            row["pending"],
        )
        assert seen == (
            ("completed/completed", 1, True, True, 2) if ended else ("llm/processing", 2, False, False, 1)
        )
        assert (found.score, found.graded_version) == (5.0, 1)
        return seen[0]


async def gone_on(root: Path, stopped: bool) -> None:
    """The next start takes up what was not ended, and ends it."""
    async with Database.open(root) as database:
        store = SqliteStore(database)
        if await store.recover(7.0) == 0:
            return
        task = await again(store, 8.0)
    await end(root, task, stopped)


@pytest.mark.parametrize("stopped", [False, True])
def test_it_is_all_or_nothing(tmp_path: Path, stopped: bool) -> None:
    """Each run dies one statement later than the one before, on a state of its own, until one ends."""
    task = asyncio.run(made(tmp_path / "whole"))
    for step in range(MOST_STEPS):
        root = tmp_path / str(step)
        shutil.copytree(tmp_path / "whole", root)
        died = dies_at(step, root, task, stopped)
        before = asyncio.run(looked_at(root))
        asyncio.run(gone_on(root, stopped))
        assert asyncio.run(looked_at(root)) == "completed/completed", step
        if not died:
            assert before == "completed/completed"
            assert step > 6, "it dies at each statement, not only at the first"
            return
    raise AssertionError("it never came to its end")
