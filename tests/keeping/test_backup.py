"""Backups: whole, made beside a working daemon, refused when they cannot be, and believed only after a check."""

import asyncio
import os
import sqlite3
from contextlib import closing

import pytest

from db.database import FILE_NAME
from introeval.keeping.backup import Pace, make_backup
from introeval.keeping.check import check_backup
from introeval.keeping.clock_watch import ClockWatch
from introeval.keeping.errors import BackupError, KeepingBusyError
from introeval.keeping.integrity import UNFINISHED
from introeval.keeping.lock import alone
from introeval.keeping.manifest import read_manifest
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf
from tests.keeping.shelves import AT_ONCE, NOW, backed_up, filled, small_disk
from tests.keeping.states import Lab, files_of, holds, rows


async def test_a_backup_is_whole(lab: Lab) -> None:
    """Every row, every file that a row names, and nothing of what is passing."""
    await filled(lab)
    (lab.root / "videos" / "orphan.bin").write_bytes(b"x")
    (lab.root / "videos" / f"{3:024x}.bin").unlink()
    made = await asyncio.to_thread(backed_up, lab)
    assert check_backup(made.folder) == []
    assert (made.submissions, made.missing, made.removed) == (3, (), ())
    assert files_of(made.folder) == [
        f"images/{7:016x}image.bin", f"transcripts/{1:024x}.jsonl", f"videos/{1:024x}.bin", f"videos/{2:024x}.bin",
    ]  # fmt: skip
    assert sorted(path.name for path in made.folder.iterdir()) == [
        "images", FILE_NAME, "manifest.json", "transcripts", "videos",
    ]  # fmt: skip
    assert rows(made.folder, "SELECT * FROM processing_tasks") == lab.rows("SELECT * FROM processing_tasks")
    assert {path.stat().st_mode & 0o077 for path in made.folder.rglob("*")} == {0}


async def test_commits_go_on_while_a_backup_is_made(lab: Lab) -> None:
    """At each pause a submission is accepted and graded; the backup is that of its beginning, and ends."""
    await filled(lab)
    loop, seen = asyncio.get_running_loop(), list[int]()

    def work(_: float) -> None:
        number = 100 + len(seen)
        asyncio.run_coroutine_threadsafe(lab.graded(number), loop).result()
        seen.append(number)

    made = await asyncio.to_thread(backed_up, lab, pace=Pace(8, work))
    assert len(seen) > 4
    assert check_backup(made.folder) == []
    assert rows(made.folder, "SELECT count(*) FROM processing_tasks") == [(3,)]
    assert lab.rows("SELECT count(*) FROM processing_tasks") == [(3 + len(seen),)]


async def test_two_at_once_are_refused(lab: Lab) -> None:
    """So is a backup beside a purge; nothing is left of the one that was refused."""
    with alone(lab.root), pytest.raises(KeepingBusyError, match="at work already"):
        backed_up(lab)
    assert not (lab.root.parent / "backups").exists()


@pytest.mark.parametrize("lacking", [4, 12, 100], ids=lambda kib: f"{kib} KiB short")
async def test_a_full_disk_leaves_nothing_half(lab: Lab, lacking: int) -> None:
    """A disk that is full at the end, among the files, or in the database: a sentence, and nothing else."""
    await filled(lab)
    needed = sum(-(-path.stat().st_size // 4096) * 4 for path in backed_up(lab).folder.rglob("*.*"))
    with small_disk(lab.root.parent / "small", needed - lacking) as disk:
        with pytest.raises(BackupError, match=r"disk of .* is full.*Free some space"):
            make_backup(lab.root, Shelf(disk), keep=7, now=NOW, pace=AT_ONCE, reserve_bytes=-(2**40))
        assert list(disk.iterdir()) == []


async def test_too_little_room_is_told_before_anything_is_written(lab: Lab) -> None:
    """Less free space than the database needs."""
    with pytest.raises(BackupError, match="is full"):
        backed_up(lab, reserve_bytes=2**62)
    assert list((lab.root.parent / "backups").iterdir()) == []


async def test_what_a_crash_left_is_swept_and_never_believed(lab: Lab) -> None:
    """A folder without its manifest, or with its unfinished name."""
    shelf = lab.root.parent / "backups"
    part = shelf / "introeval-20260101T000000Z.part"
    part.mkdir(parents=True)
    (part / FILE_NAME).write_bytes(b"half")
    assert "no manifest.json" in check_backup(part)[0]
    made = backed_up(lab)
    assert list(shelf.iterdir()) == [made.folder]


async def test_the_newest_are_kept(lab: Lab) -> None:
    """Older ones go after a new one is whole; a second one in the same second has a name of its own."""
    (lab.root.parent / "backups" / "notes").mkdir(parents=True)
    folders = [backed_up(lab, keep=2, now=NOW + 3600 * hour).folder for hour in (0, 1, 1)]
    assert folders[2].name == folders[1].name + "-2"
    assert Shelf(lab.root.parent / "backups").backups() == [folders[2], folders[1]]
    assert (lab.root.parent / "backups" / "notes").exists()


async def test_on_another_disk_files_are_copied_once(lab: Lab) -> None:
    """Without links to the state each file is copied and synced, and the next backup links to this one."""
    await filled(lab)
    with small_disk(lab.root.parent / "small", 128 * 1024) as disk:
        made = [
            make_backup(lab.root, Shelf(disk), keep=7, now=NOW + at, pace=AT_ONCE).folder for at in (0, 60)
        ]
        assert [check_backup(folder) for folder in made] == [[], []]
        name = f"videos/{1:024x}.bin"
        assert (lab.root / name).stat().st_nlink == 1
        assert (made[0] / name).samefile(made[1] / name)


async def test_a_damaged_state_makes_no_backup(lab: Lab) -> None:
    """A backup of a damaged database would push a good one off the shelf."""
    await filled(lab)
    with closing(sqlite3.connect(lab.root / FILE_NAME)) as connection, connection:
        connection.execute("UPDATE system_state SET stt_queue_count = 7")
    with pytest.raises(BackupError, match="counters"):
        backed_up(lab)


async def test_a_file_that_the_state_has_lost_is_told(lab: Lab) -> None:
    """The rest is backed up; the check names it."""
    await filled(lab)
    (lab.root / "videos" / f"{2:024x}.bin").unlink()
    made = backed_up(lab)
    assert made.missing == (f"videos/{2:024x}.bin",)
    assert check_backup(made.folder) == [
        f"The file videos/{2:024x}.bin was not there when the backup was made."
    ]
    assert check_backup(made.folder, lacking=False) == []


async def test_the_only_copy_of_a_lost_file_stays(lab: Lab) -> None:
    """Each backup takes it from the one before, also past a damaged copy, and it outlives every rotation."""
    await lab.graded(1)
    name = f"videos/{1:024x}.bin"
    content = (lab.root / name).read_bytes()
    first, second = [backed_up(lab, keep=3, now=NOW + at).folder for at in range(2)]
    (second / name).unlink()
    (second / name).write_bytes(content[:-1] + b"?")
    (lab.root / name).unlink()
    made = [backed_up(lab, keep=2, now=NOW + at) for at in range(2, 6)]
    assert [(one.rescued, one.missing) for one in made] == [((name,), ())] * 4
    assert (first.exists(), second.exists()) == (False, False)
    assert (made[-1].folder / name).read_bytes() == content
    assert check_backup(made[-1].folder) == []


async def test_a_backup_that_may_hold_the_only_copy_is_not_removed(lab: Lab) -> None:
    """None that can be read has the lost file; one that cannot does, and stays when its turn comes. Others go."""
    await lab.graded(1)
    name = f"videos/{1:024x}.bin"
    dear, poor = [backed_up(lab, now=NOW + at).folder for at in range(2)]
    (dear / "manifest.json").unlink()
    (poor / name).unlink()
    (lab.root / name).unlink()
    made = [backed_up(lab, keep=1, now=NOW + at) for at in range(2, 4)]
    assert [(one.rescued, one.missing) for one in made] == [((), (name,))] * 2
    assert Shelf(dear.parent).backups() == [made[-1].folder, dear]


async def test_a_half_restored_state_is_not_backed_up(lab: Lab) -> None:
    """It would push a good backup off the shelf."""
    good = backed_up(lab, keep=1).folder
    (lab.root / UNFINISHED).write_text(f"{good}\n")
    with pytest.raises(BackupError, match="was interrupted: repeat it"):
        backed_up(lab, keep=1, now=NOW + 60)
    assert list(good.parent.iterdir()) == [good]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can back up for another user")
async def test_what_root_makes_belongs_to_the_daemons_user(lab: Lab) -> None:
    """A backup and a purge by root: the daemon must be able to read, forget in and remove all of it later."""
    await filled(lab)
    for path in (lab.root, *lab.root.rglob("*")):
        os.chown(path, 65534, 65534)
    made = await asyncio.to_thread(backed_up, lab)
    ClockWatch(lab.root).believe(NOW)
    await Purger(lab.database, Shelf(made.folder.parent), Policy()).forget([f"{1:024x}"], NOW)
    everything = [lab.root, made.folder.parent, *lab.root.rglob("*"), *made.folder.parent.rglob("*")]
    assert {path.name for path in everything} > {"manifest.json", "keeping.time", "keeping.lock", FILE_NAME}
    assert [path.name for path in everything if path.stat().st_uid != 65534] == []
    assert check_backup(made.folder) == []


async def test_uploads_that_have_not_ended_are_left_out(lab: Lab) -> None:
    """Their bytes are not in a backup, so neither are their rows."""
    sql = (
        "INSERT INTO uploads (id, client, metadata, created_at, updated_at, expires_at, task_id)"
        " VALUES (?, 'c', '{\"name\": \"Partial\"}', 0, 0, 9e9, ?)"
    )
    task_id = await lab.graded(1)
    with closing(sqlite3.connect(lab.root / FILE_NAME)) as connection, connection:
        connection.executemany(sql, [("open", None), ("ended", task_id)])
    made = backed_up(lab)
    assert rows(made.folder, "SELECT id FROM uploads") == [("ended",)]


async def test_what_is_forgotten_is_forgotten_in_the_backups(lab: Lab) -> None:
    """Also where it had not ended when the backup was made; the backups are whole afterwards, and smaller."""
    early, other = await lab.hand_in(1), await lab.graded(2)
    first = backed_up(lab).folder
    await lab.transcribe(early)
    await lab.grade(early)
    second = backed_up(lab, now=NOW + 60).folder
    purger = Purger(lab.database, Shelf(first.parent), Policy())
    done = await purger.forget([early], NOW)
    assert (done.submissions, done.backups) == (1, 2)
    assert (
        await asyncio.to_thread(
            holds, first.parent, "Student 1", "R-1", f"the report on {early}", "student 1"
        )
        == {}
    )
    for backup in (first, second):
        assert check_backup(backup) == []
        assert files_of(backup) == [f"transcripts/{other}.jsonl", f"videos/{other}.bin"]
    assert len(read_manifest(second).files) == 3
    assert (await purger.round(NOW + 60)).backups == 0
