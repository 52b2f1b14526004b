"""Faults of the database: busy under a backup, locked by another process, and a write-ahead log that lost its end."""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random, SystemRandom

from db.database import FILE_NAME, Database
from db.store import SqliteStore
from introeval.keeping.backup import Pace, make_backup
from introeval.keeping.check import check_backup
from introeval.keeping.integrity import require_whole
from introeval.keeping.shelf import Shelf
from introeval.keeping.tables import wrong_tables
from introeval.paths import StateLayout
from tests.faults.lab import fault_lab
from tests.keeping.states import THEN, Lab
from tests.models.fake_ollama import fake_ollama

WAL = f"{FILE_NAME}-wal"


async def test_the_database_is_busy_under_a_backup(tmp_path: Path) -> None:
    """At every pause of a backup a student hands in: each is accepted and graded, and the backup is whole."""
    async with fake_ollama("mistral") as server, fault_lab(tmp_path, server) as lab:
        await lab.hand_in(1, 2)
        loop, students = asyncio.get_running_loop(), list[int]()

        def pause(_: float) -> None:
            if len(students) < 6:
                students.append(10 + len(students))
                asyncio.run_coroutine_threadsafe(lab.hand_in(students[-1]), loop).result()

        shelf = Shelf(tmp_path / "backups")
        state = lab.database.parent
        made = await asyncio.to_thread(make_backup, state, shelf, keep=3, now=THEN, pace=Pace(16, pause))
        assert len(students) > 2
        await lab.nothing_lost()
        assert "Graded" in await lab.page()
    assert (made.submissions, made.missing, check_backup(made.folder)) == (2, (), [])


async def test_another_process_holds_the_database(tmp_path: Path) -> None:
    """A commit waits for it; the upload is answered with 201 when it lets go, and graded."""
    async with fake_ollama("mistral") as server, fault_lab(tmp_path, server) as lab:
        held = sqlite3.connect(lab.database, isolation_level=None, check_same_thread=False)
        with closing(held) as other:
            # In a thread: the daemon, whose commit it may have to wait for, shares this one.
            await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
            handing_in = asyncio.create_task(lab.hand_in(1))
            videos = lab.database.parent / "videos"
            while not await asyncio.to_thread(lambda: any(videos.glob("*.bin"))):
                assert not handing_in.done()
            other.execute("ROLLBACK")
            await handing_in
        await lab.nothing_lost()


async def test_truncated_wal(tmp_path: Path) -> None:
    """Cut at any byte, the log gives every commit before the cut whole and nothing of the ones after; work goes on."""
    sizes, root = list[int](), tmp_path / "state"
    async with Database.open(root) as database:
        for number in range(12):
            await Lab(database).hand_in(number)
            sizes.append((root / WAL).stat().st_size)
        await asyncio.to_thread(shutil.copytree, root, tmp_path / "cut")
    whole = await asyncio.to_thread((tmp_path / "cut" / WAL).read_bytes)
    seed = SystemRandom().randrange(2**32)
    print(f"seed {seed}")
    for at in sorted({0, *sizes, *(Random(seed + n).randrange(sizes[-1]) for n in range(20))}):
        left = tmp_path / f"at-{at}"
        await asyncio.to_thread(shutil.copytree, tmp_path / "cut", left)
        (left / WAL).write_bytes(whole[:at])
        (left / f"{FILE_NAME}-shm").unlink(missing_ok=True)
        committed = sum(size <= at for size in sizes)
        await _goes_on(left, committed)
        await asyncio.to_thread(shutil.rmtree, left)


async def _goes_on(root: Path, committed: int) -> None:
    """So many submissions are there; the tables are whole, and the next one is accepted and handed out."""
    with closing(sqlite3.connect(root / FILE_NAME)) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        found = connection.execute("SELECT count(*) FROM processing_tasks").fetchone()[0] if tables else 0
        assert found == committed
        assert not tables or wrong_tables(connection) == []
    require_whole(StateLayout(root))
    async with Database.open(root) as database:
        lab = Lab(database)
        await SqliteStore(database).recover(THEN)
        started = await SqliteStore(database).start(await lab.task(await lab.hand_in(100)), THEN)
        assert started.lease == 1
