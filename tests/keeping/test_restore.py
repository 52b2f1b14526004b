"""Restores: what is put back, what is refused, what stands aside, and what must not come back."""

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from db.database import FILE_NAME, Database
from db.keeping import Keeping
from introeval.cli.main import main
from introeval.instance import single_instance
from introeval.keeping import files
from introeval.keeping.backup import make_backup
from introeval.keeping.errors import DamagedStateError, RestoreError
from introeval.keeping.integrity import UNFINISHED, require_whole
from introeval.keeping.lock import LOCK_NAME
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.restore import Unfinished, finish, read_unfinished, restore
from introeval.keeping.shelf import Shelf
from introeval.paths import StateLayout
from scheduler.errors import ConfigurationError
from tests.deaths import died, kill_before
from tests.keeping.shelves import AT_ONCE
from tests.keeping.states import DAY, THEN, Lab, files_of, holds, rows

NOW = THEN + 3 * DAY
TASKS = "SELECT * FROM processing_tasks ORDER BY id"


async def closed_lab(root: Path) -> Path:
    """A state that nobody has open: two submissions and a session. Returns it; its backup is beside it."""
    async with Database.open(root / "state") as database:
        lab = Lab(database)
        await lab.graded(1)
        await lab.hand_in(2)
        await lab.session_graded(3, await lab.session(7))
        (root / "state" / "videos" / f"{3:024x}.bin").unlink()
    await asyncio.to_thread(backed_up, root / "state")
    return root / "state"


def backed_up(state: Path) -> Path:
    """A backup beside the state."""
    return make_backup(state, Shelf(state.parent / "backups"), keep=7, now=NOW, pace=AT_ONCE).folder


def run(state: Path, *arguments: str) -> int:
    """The command, on this state and the backups beside it."""
    return main([*arguments, "--state-dir", str(state)])


async def test_a_restored_state_is_the_old_one(tmp_path: Path) -> None:
    """On an empty machine: rows and files are there, private, and the daemon's check is content."""
    state = await closed_lab(tmp_path)
    before, files = rows(state, TASKS), files_of(state)
    shutil.rmtree(state)
    backup = next((tmp_path / "backups").iterdir())
    done = restore(state, backup, replace=False, now=NOW)
    finish(state)
    assert (done.submissions, done.aside, done.forgotten, done.sessions) == (
        3,
        None,
        frozenset(),
        frozenset(),
    )
    assert (rows(state, TASKS), files_of(state)) == (before, files)
    require_whole(StateLayout(state))
    assert (state / FILE_NAME).stat().st_mode & 0o777 == 0o600


async def test_an_existing_state_is_moved_aside_when_told_so(tmp_path: Path) -> None:
    """Never without being told; aside it is whole."""
    state = await closed_lab(tmp_path)
    backup = next((tmp_path / "backups").iterdir())
    (state / "videos" / "newer.bin").write_bytes(b"newer")
    with pytest.raises(RestoreError, match="--replace"):
        restore(state, backup, replace=False, now=NOW)
    assert (state / "videos" / "newer.bin").exists()
    done = restore(state, backup, replace=True, now=NOW)
    assert done.aside is not None
    assert (done.aside / "videos" / "newer.bin").read_bytes() == b"newer"
    assert len(rows(done.aside, TASKS)) == len(rows(state, TASKS)) == 3


async def test_a_running_daemon_is_not_restored_over(tmp_path: Path) -> None:
    """Its lock is held; nothing changes."""
    state = await closed_lab(tmp_path)
    with (
        single_instance(StateLayout(state).instance_lock),
        pytest.raises(ConfigurationError, match="uses"),
    ):
        restore(state, next((tmp_path / "backups").iterdir()), replace=True, now=NOW)
    assert not list(state.glob("before-restore-*"))


async def test_a_damaged_backup_is_not_put_back(tmp_path: Path) -> None:
    """The state stays as it is."""
    state = await closed_lab(tmp_path)
    backup = next((tmp_path / "backups").iterdir())
    damaged = backup / f"transcripts/{1:024x}.jsonl"
    damaged.unlink()
    damaged.write_bytes(b"other words")
    with pytest.raises(RestoreError, match="cannot be put back"):
        restore(state, backup, replace=True, now=NOW)
    assert not list(state.glob("before-restore-*"))


async def test_what_was_forgotten_meanwhile_does_not_come_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A copy of an old backup, which no purge reaches, is put back; both commands, as a person types them."""
    state = await closed_lab(tmp_path)
    copy = tmp_path / "elsewhere"
    shutil.copytree(next((tmp_path / "backups").iterdir()), copy)
    async with Database.open(state) as database:
        lab = Lab(database)
        await lab.transcribe(f"{2:024x}")
        await lab.grade(f"{2:024x}")
        purger = Purger(database, Shelf(tmp_path / "backups"), Policy())
        await purger.forget([f"{1:024x}", f"{2:024x}"], NOW)
    assert await asyncio.to_thread(run, state, "restore", str(copy), "--replace") == 0
    assert "3 submissions are back" in capsys.readouterr().out
    shutil.rmtree(copy)
    shutil.rmtree(next(state.glob("before-restore-*")))
    assert holds(state, "Student 1", "Student 2", "R-1", f"the report on {1:024x}", "student 2") == {}
    assert len(rows(state, "SELECT 1 FROM processing_tasks WHERE purged_at IS NULL")) == 1
    require_whole(StateLayout(state))


async def test_the_check_says_what_it_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 for a whole one, 1 with a reason for another, and neither state nor backup is touched."""
    state = await closed_lab(tmp_path)
    shelf = str(tmp_path / "backups")
    assert await asyncio.to_thread(run, state, "restore", "--check", "--from", shelf) == 0
    assert "is whole" in capsys.readouterr().out
    next(next((tmp_path / "backups").iterdir()).glob("videos/*")).unlink()
    assert await asyncio.to_thread(run, state, "restore", "--check", "--from", shelf) == 1
    assert "cannot be read" in capsys.readouterr().out
    assert await asyncio.to_thread(run, state, "restore", "--check", "--from", str(tmp_path)) == 2
    assert "no backup" in capsys.readouterr().err


STEPS: list[tuple[object, str]] = [
    (files, name) for name in ("copy", "link", "sync_folder", "sync_tree", "write_whole")
]
STEPS.append((Path, "rename"))


def dies_at(step: int, state: Path, backup: Path) -> bool:
    """Restore in a process that kills itself before its ``step``-th step; whether it came to that."""

    def body() -> None:
        kill_before(step, STEPS)
        restore(state, backup, replace=True, now=1.7e9)
        finish(state)

    return died(body)


async def test_a_restore_that_is_killed_is_repeated(tmp_path: Path) -> None:
    """SIGKILL at three places: no daemon starts on what is left, a repetition ends it, the old state is aside."""
    state = await closed_lab(tmp_path)
    backup = next((tmp_path / "backups").iterdir())
    expected = rows(state, TASKS)
    for at in (2, 6, 12):
        assert dies_at(at, state, backup)
        with pytest.raises(DamagedStateError, match=r"restore of .* was interrupted"):
            require_whole(StateLayout(state))
    assert await asyncio.to_thread(run, state, "restore", str(backup)) == 0
    assert not (state / UNFINISHED).exists()
    require_whole(StateLayout(state))
    assert rows(state, TASKS) == expected
    kept = [aside for aside in state.glob("before-restore-*") if (aside / FILE_NAME).exists()]
    with closing(sqlite3.connect(sorted(kept)[0] / FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM processing_tasks").fetchone() == (3,)


async def test_a_repeated_restore_does_not_bring_the_forgotten_back(tmp_path: Path) -> None:
    """The first attempt dies when the old state, which knows who was forgotten, is aside; so does the second."""
    state = await closed_lab(tmp_path)
    copy = tmp_path / "elsewhere"
    await asyncio.to_thread(shutil.copytree, next((tmp_path / "backups").iterdir()), copy)
    async with Database.open(state) as database:
        await Purger(database, Shelf(tmp_path / "backups"), Policy()).forget([f"{1:024x}"], NOW)
    for at in (6, 12):
        assert dies_at(at, state, copy)
        assert len(list(state.glob("before-restore-*"))) > 0
        begun = read_unfinished(state)
        assert begun is not None
        assert (begun.backup, begun.forgotten) == (copy, frozenset({f"{1:024x}"}))
    assert await asyncio.to_thread(run, state, "restore") == 0
    assert rows(state, "SELECT id FROM processing_tasks WHERE purged_at IS NOT NULL") == [(f"{1:024x}",)]
    for folder in (copy, *state.glob("before-restore-*")):
        await asyncio.to_thread(shutil.rmtree, folder)
    assert await asyncio.to_thread(holds, tmp_path, "Student 1", "R-1", f"the report on {1:024x}") == {}


async def test_a_forgotten_session_does_not_come_back(tmp_path: Path) -> None:
    """From a copy that is older than its first grading, where no submission speaks of it; also after a kill."""
    async with Database.open(tmp_path / "state") as database:
        session = await Lab(database).session(7)
    state, copy = tmp_path / "state", tmp_path / "elsewhere"
    await asyncio.to_thread(lambda: backed_up(state).rename(copy))
    async with Database.open(state) as database:
        graded = await Lab(database).session_graded(1, session)
        await Purger(database, Shelf(tmp_path / "backups"), Policy()).forget([graded], NOW)
    assert dies_at(6, state, copy)
    assert read_unfinished(state) == Unfinished(copy, frozenset({graded}), frozenset({session}))
    assert await asyncio.to_thread(run, state, "restore") == 0
    assert (rows(state, "SELECT id FROM sessions"), files_of(state)) == ([], [])
    async with Database.open(state) as database:
        assert await Keeping(database).forgotten_sessions() == {session}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can restore for another user")
async def test_root_leaves_nothing_of_its_own(tmp_path: Path) -> None:
    """Into a folder that is the daemon's: database, files and both locks are the daemon's too."""
    state = await closed_lab(tmp_path)
    new = tmp_path / "new"
    new.mkdir(mode=0o700)
    os.chown(new, 65534, 65534)
    backup = next((state.parent / "backups").iterdir())
    assert await asyncio.to_thread(run, new, "restore", str(backup)) == 0
    assert {LOCK_NAME, StateLayout(new).instance_lock.name, FILE_NAME} < {one.name for one in new.iterdir()}
    # A linked file belongs to whom it belonged to; here everything was the test's.
    assert {path.stat().st_uid for path in new.rglob("*")} == {65534}
