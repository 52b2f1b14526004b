"""The daemon's rounds: what they cannot do they do later, and the daemon goes on."""

import asyncio
import shutil
from pathlib import Path

import pytest

from introeval.keeping.lock import LOCK_NAME
from introeval.keeping.purge import Policy
from introeval.keeping.schedule import AGAIN_SECONDS, NOT_FORGOTTEN
from introeval.keeping.shelf import Shelf
from scheduler.errors import StateError
from tests.keeping.clocks import HandClock, Rounds
from tests.keeping.shelves import backed_up
from tests.keeping.states import DAY, THEN, Lab, files_of, rows

KEPT = "SELECT count(*) FROM processing_tasks WHERE purged_at IS NULL"


def rounds(lab: Lab, at: float, days: float = 1.0) -> Rounds:
    """Of a daemon that began at ``at``."""
    return Rounds(lab.database, lab.root.parent / "backups", Policy(days=days), HandClock(at))


def in_the_way(path: Path) -> None:
    """Something at this path that is not what it must be: each look at it is an ``OSError``, for root too."""
    path.symlink_to(path)


async def test_backups_that_cannot_be_listed_do_not_end_the_daemon(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    """The state forgets, the log and the page say it, and the next round forgets in the backups."""
    await lab.graded(1)
    made = await asyncio.to_thread(backed_up, lab, 7, THEN)
    shelf, away = made.folder.parent, lab.root.parent / "away"
    await asyncio.to_thread(shelf.rename, away)
    in_the_way(shelf)
    with pytest.raises(StateError, match="cannot be listed"):
        Shelf(shelf).backups()
    async with rounds(lab, THEN + DAY) as work:
        assert await work.ended() == AGAIN_SECONDS
        assert work.keeper.trouble() == NOT_FORGOTTEN
        assert lab.rows(KEPT) == [(0,)]
        (record,) = [one for one in caplog.records if one.exc_info]
        assert "cannot be listed" in str(record.exc_info and record.exc_info[1])
        shelf.unlink()
        await asyncio.to_thread(away.rename, shelf)
        assert await work.next(AGAIN_SECONDS) == DAY
        assert work.keeper.trouble() is None
        assert (rows(made.folder, KEPT), files_of(made.folder)) == ([(0,)], [])


async def test_a_lock_that_cannot_be_opened_does_not_end_the_daemon(lab: Lab) -> None:
    """Nothing is forgotten until it can be."""
    await lab.graded(1)
    in_the_way(lab.root / LOCK_NAME)
    async with rounds(lab, THEN + DAY) as work:
        assert await work.ended() == AGAIN_SECONDS
        assert (work.keeper.trouble(), lab.rows(KEPT)) == (NOT_FORGOTTEN, [(1,)])
        (lab.root / LOCK_NAME).unlink()
        assert await work.next(AGAIN_SECONDS) == DAY
        assert (work.keeper.trouble(), lab.rows(KEPT)) == (None, [(0,)])


async def test_a_backup_that_cannot_be_removed_is_told(lab: Lab) -> None:
    """A name that rotation needs is taken by a folder that is not empty: a sentence, and the backup stays."""
    old = (await asyncio.to_thread(backed_up, lab, 7, THEN)).folder
    taken = old.with_name(old.name + ".part")
    (taken / "full").mkdir(parents=True)
    with pytest.raises(StateError, match=r"cannot be removed .*by hand"):
        Shelf(old.parent).rotate(0)
    assert old.is_dir()
    await asyncio.to_thread(shutil.rmtree, taken)
    assert Shelf(old.parent).rotate(0) == [old]
