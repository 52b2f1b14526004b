"""``kill -9`` in the middle of a purge, at each of its steps: a real process, a real SIGKILL, one step later each time.

After each death: what has begun is legal, its row says that it was deleted, and what was not due is not touched. The
next round ends it, in the state and in the backups.
"""

import asyncio
import shutil
from pathlib import Path

from db.database import Database
from db.views import Views
from introeval.keeping import files
from introeval.keeping.backup import make_backup
from introeval.keeping.check import check_backup
from introeval.keeping.integrity import require_whole
from introeval.keeping.manifest import Manifest
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from introeval.paths import StateLayout
from tests.deaths import died, kill_before
from tests.keeping.shelves import AT_ONCE
from tests.keeping.states import DAY, THEN, Lab, files_of, holds, rows

NOW = THEN + 31 * DAY
MOST_STEPS = 100
DUE, SESSION, OTHER, LATE = f"{1:024x}", f"{3:024x}", f"{2:024x}", f"{4:024x}"
WORDS = (
    "Student 1",
    "Student 3",
    "R-1",
    f"the report on {DUE}",
    f"what {DUE} said",
    "student 1",
    "Exam of 7",
    "Exam of 8",
)
BAD = """
SELECT id FROM processing_tasks WHERE purged_at IS NOT NULL AND (student_name <> '' OR idempotency_key IS NOT NULL)"""


STEPS = (
    (Database, "write"),
    (Database, "compact"),
    (Path, "unlink"),
    (Manifest, "write"),
    (files, "sync_folder"),
)


async def made(root: Path) -> None:
    """Three that are due (two of them sessions'), one that is not, and a backup from before the last one's grading."""
    async with Database.open(root / "state") as database:
        lab = Lab(database)
        await lab.graded(1)
        await lab.graded(2)
        await lab.session_graded(3, await lab.session(7))
        late = await lab.session(8)
        await asyncio.to_thread(
            make_backup, lab.root, Shelf(root / "backups"), keep=3, now=THEN, pace=AT_ONCE
        )
        await lab.session_graded(4, late)


async def purge(root: Path) -> None:
    """As the command does it."""
    async with Database.open(root / "state") as database:
        await Purger(database, Shelf(root / "backups"), Policy()).forget([DUE, SESSION, LATE], NOW)


def dies_at(step: int, root: Path) -> bool:
    """Purge in a process that kills itself before its ``step``-th step; whether it came to that."""

    def body() -> None:
        kill_before(step, STEPS)
        asyncio.run(purge(root))

    return died(body)


async def looked_at(root: Path) -> None:
    """What must hold after each death."""
    require_whole(StateLayout(root / "state"))
    assert rows(root / "state", BAD) == []
    async with Database.open(root / "state") as database:
        views = Views(database)
        assert await views.totals() == {"stt": 0, "llm": 0, "completed": 4, "failed": 0}
        kept = await views.submission(OTHER)
        assert kept is not None
        assert (kept.task.student_name, kept.score) == ("Student 2", 3.0)
    assert f"videos/{OTHER}.bin" in files_of(root / "state")


def test_a_purge_goes_on_after_kill_9_at_any_step(tmp_path: Path) -> None:
    """Each run dies one step later than the one before, on a state of its own, until one ends."""
    asyncio.run(made(tmp_path / "whole"))
    for step in range(MOST_STEPS):
        root = tmp_path / str(step)
        shutil.copytree(tmp_path / "whole", root)
        died = dies_at(step, root)
        asyncio.run(looked_at(root))
        asyncio.run(purge(root))
        (backup,) = Shelf(root / "backups").backups()
        assert holds(root, *WORDS) == {}, step
        assert check_backup(backup) == [], step
        assert len(files_of(root / "state")) == len(files_of(backup)) == 2, step
        shutil.rmtree(root)
        if not died:
            break
    print(f"killed at {step} steps")
    assert 20 < step < MOST_STEPS - 1
