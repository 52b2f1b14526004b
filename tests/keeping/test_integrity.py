"""A state that is not whole is refused before anything is done with it, and the sentence says what to do."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from db.database import FILE_NAME, Database
from introeval.keeping.errors import DamagedStateError
from introeval.keeping.integrity import require_whole
from introeval.paths import StateLayout
from introeval.sd_notify import Notifier
from introeval.service import daemon
from introeval.settings import load
from tests.keeping.states import Lab


async def made(root: Path, submissions: int = 30) -> StateLayout:
    """A closed state."""
    async with Database.open(root) as database:
        for number in range(submissions):
            await Lab(database).hand_in(number)
    return StateLayout(root)


def _middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096 * 4 : 4096 * 9] = b"\x5a" * 4096 * 5
    path.write_bytes(content)


def _head(path: Path) -> None:
    path.write_bytes(b"this is no database" + path.read_bytes()[19:])


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.parametrize("harm", [_middle, _head, _cut])
async def test_a_damaged_database_is_refused(tmp_path: Path, harm: object) -> None:
    """By the daemon, before it changes anything; the files stay."""
    assert callable(harm)
    state = await made(tmp_path)
    harm(state.database)
    before = state.database.read_bytes()
    with pytest.raises(DamagedStateError, match=r"damaged.*restore --check.*restore --replace"):
        async with daemon(load({"state_dir": tmp_path, "port": 0}), Notifier({})):
            raise AssertionError("it started")
    assert state.database.read_bytes() == before
    assert len(list(state.videos.iterdir())) == 30


async def test_a_lost_database_is_not_replaced_by_an_empty_one(tmp_path: Path) -> None:
    """A daemon that made a new one would sweep all files away as orphans."""
    state = await made(tmp_path)
    state.database.unlink()
    with pytest.raises(DamagedStateError, match="is missing, and the files of submissions are there"):
        async with daemon(load({"state_dir": tmp_path, "port": 0}), Notifier({})):
            raise AssertionError("it started")
    assert (len(list(state.videos.iterdir())), state.database.exists()) == (30, False)


async def test_a_lost_database_of_a_lab_that_only_has_sessions(tmp_path: Path) -> None:
    """Their page images are as dear as videos; an empty file in the database's place is no database."""
    async with Database.open(tmp_path) as database:
        await Lab(database).session(7)
    state = StateLayout(tmp_path)
    state.database.unlink()
    for _ in range(2):
        with pytest.raises(DamagedStateError, match="is missing, and the files of submissions are there"):
            async with daemon(load({"state_dir": tmp_path, "port": 0}), Notifier({})):
                raise AssertionError("it started")
        assert [path.read_bytes() for path in state.images.iterdir()] == [b"a picture"]
        state.database.touch()


async def test_a_database_without_tables_beside_files_is_none(tmp_path: Path) -> None:
    """Of a header page only, as a copy that was broken off leaves it: SQLite finds nothing wrong with that."""
    state = await made(tmp_path)
    state.database.unlink()
    with closing(sqlite3.connect(state.database)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    assert state.database.stat().st_size > 0
    with pytest.raises(DamagedStateError, match="is empty, and the files of submissions are there"):
        require_whole(state)


async def test_a_log_without_its_database_is_not_thrown_away(tmp_path: Path) -> None:
    """SQLite deletes a log that is beside a new database; the commits in it may be the last ones."""
    async with Database.open(tmp_path / "whole") as database:
        await Lab(database).session(7)
        await asyncio.to_thread(shutil.copytree, tmp_path / "whole", tmp_path / "cut")
    state = StateLayout(tmp_path / "cut")
    await asyncio.to_thread(shutil.rmtree, state.images)
    state.database.unlink()
    wal = state.root / f"{FILE_NAME}-wal"
    log = wal.read_bytes()
    assert b"Exam of 7" in log
    with pytest.raises(DamagedStateError, match="its write-ahead log is there"):
        require_whole(state)
    assert wal.read_bytes() == log
    wal.write_bytes(b"")
    require_whole(state)


def test_the_command_says_it_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, and no trace."""
    state = asyncio.run(made(tmp_path))
    _middle(state.database)
    command = [sys.executable, "-m", "introeval", "serve", "--state-dir", str(tmp_path), "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "restore --check" in done.stderr


async def test_a_whole_state_is_not(tmp_path: Path) -> None:
    """A new folder, an empty one, one with a database, one with a part of an upload only."""
    require_whole(StateLayout(tmp_path / "new"))
    state = StateLayout(tmp_path / "parts")
    state.videos.mkdir(parents=True)
    (state.videos / "x.part").write_bytes(b"x")
    require_whole(state)
    require_whole(await made(tmp_path / "whole", 2))
    shutil.copytree(tmp_path / "whole", tmp_path / "large")
    _middle(tmp_path / "large" / FILE_NAME)
    require_whole(StateLayout(tmp_path / "large"), at_once=0)


async def test_a_locked_database_is_not_damaged(tmp_path: Path) -> None:
    """Another process that writes is no damage."""
    state = await made(tmp_path, 2)
    with closing(sqlite3.connect(state.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        require_whole(state)
