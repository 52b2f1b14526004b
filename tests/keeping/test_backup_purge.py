"""Forgetting in backups that are damaged, cannot be read, or were never finished: the others forget all the same."""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from db.database import FILE_NAME
from introeval.keeping.check import check_backup
from introeval.keeping.manifest import NAME, read_manifest
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from scheduler.errors import StateError
from tests.keeping.shelves import NOW, backed_up
from tests.keeping.states import DAY, Lab, files_of, holds, rows

GONE, OTHER = f"{1:024x}", f"{2:024x}"


def _table(backup: Path) -> None:
    """A page in the middle: submissions can still be read, their results cannot."""
    database = backup / FILE_NAME
    with closing(sqlite3.connect(database)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'results'").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


def _head(backup: Path) -> None:
    with (backup / FILE_NAME).open("r+b") as file:
        file.write(b"\0" * 100)


def _manifest(backup: Path) -> None:
    (backup / NAME).write_text("{")


def _lost(backup: Path) -> None:
    (backup / FILE_NAME).unlink()


def purger(lab: Lab) -> Purger:
    """Of the lab, with the backups beside it."""
    return Purger(lab.database, Shelf(lab.root.parent / "backups"), Policy())


@pytest.mark.parametrize("harm", [_table, _head, _manifest, _lost])
async def test_a_damaged_backup_holds_up_no_other(lab: Lab, harm: Callable[[Path], None]) -> None:
    """The older and the newer one forget; of the damaged one the files go, and each round names it until it is gone."""
    await lab.graded(1)
    await lab.graded(2)
    old, bad, new = [(await asyncio.to_thread(backed_up, lab, 7, NOW + at * DAY)).folder for at in range(3)]
    harm(bad)
    for attempt in range(2):
        with pytest.raises(StateError, match=rf"may still be in backups.*{bad.name}.*remove these backups"):
            await (purger(lab).forget([GONE], NOW) if attempt == 0 else purger(lab).round(NOW))
    for backup in (old, new):
        assert await asyncio.to_thread(check_backup, backup) == []
        assert await asyncio.to_thread(holds, backup, "Student 1", f"the report on {GONE}", "student 1") == {}
        assert rows(backup, "SELECT id FROM processing_tasks WHERE purged_at IS NULL") == [(OTHER,)]
    assert files_of(bad) == [f"transcripts/{OTHER}.jsonl", f"videos/{OTHER}.bin"]
    if harm is not _manifest:
        assert not read_manifest(bad).changing, "nothing of it was rewritten"
    await asyncio.to_thread(shutil.rmtree, bad)
    assert (await purger(lab).round(NOW)).backups == 0


async def test_a_session_goes_from_backups_that_are_older_than_its_gradings(lab: Lab) -> None:
    """One was graded after the backup and deleted by hand, one never, and is too old; a third one stays."""
    early, idle, kept = [await lab.session(number) for number in (5, 6, 7)]
    await lab.page(8, kept, NOW + 20 * DAY)
    backup = (await asyncio.to_thread(backed_up, lab)).folder
    graded = await lab.session_graded(1, early)
    shelf = Shelf(lab.root.parent / "backups")
    done = await Purger(lab.database, shelf, Policy()).forget([graded], NOW)
    assert (done.backups, rows(backup, "SELECT id FROM sessions ORDER BY id")) == (1, [(idle,), (kept,)])
    done = await Purger(lab.database, shelf, Policy(days=30)).round(NOW + 40 * DAY)
    assert (done.backups, rows(backup, "SELECT id FROM sessions")) == (1, [(kept,)])
    assert (
        await asyncio.to_thread(holds, lab.root.parent, "Exam of 5", "page of 5", "Exam of 6", "page of 6")
        == {}
    )
    assert files_of(backup) == [f"images/{7:016x}image.bin", f"images/{8:016x}page.bin"] == files_of(lab.root)
    assert await asyncio.to_thread(check_backup, backup) == []
    assert (await Purger(lab.database, shelf, Policy(days=30)).round(NOW + 41 * DAY)).backups == 0


async def test_a_session_that_the_state_does_not_know_stays_in_a_backup(lab: Lab) -> None:
    """An older state was restored: what is newer is only in the backup, and was not forgotten."""
    session = await lab.session(7)
    backup = (await asyncio.to_thread(backed_up, lab)).folder
    await lab.database.write(lambda t: t.all("forget_images", {"session_id": session}))
    await lab.database.write(lambda t: t.execute("forget_session", {"session_id": session}))
    await lab.graded(1)
    await purger(lab).forget([GONE], NOW)
    assert rows(backup, "SELECT id FROM sessions") == [(session,)]
    assert len(files_of(backup)) == 1


async def test_a_backup_that_was_never_finished_is_removed(lab: Lab) -> None:
    """It was killed, and no backup is made any more: the daemon's round takes it away; what is not ours stays."""
    await lab.graded(1)
    backup = (await asyncio.to_thread(backed_up, lab)).folder
    part = await asyncio.to_thread(backup.rename, backup.with_name(backup.name + ".part"))
    notes = backup.with_name("notes")
    notes.mkdir()
    await purger(lab).forget([GONE], NOW)
    assert (part.exists(), notes.exists()) == (False, True)
    assert await asyncio.to_thread(holds, lab.root.parent, "Student 1", "student 1") == {}
