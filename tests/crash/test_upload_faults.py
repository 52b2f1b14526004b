"""I/O errors while an upload is stored: the right answer, nothing half kept, and the next upload is accepted.

Each fault hits the n-th state call that fits, once, in a daemon that is not started again afterwards.
"""

from pathlib import Path

import pytest

from tests.crash.fault import CONTENT, Fault, accepted, error, faulty, kept, on, refused, rows
from tests.crash.lab import Nursery
from tests.crash.life import submit
from tests.crash.watch import Short

pytestmark = pytest.mark.asyncio(loop_scope="module")

PART, NAMED, FOLDER, LOG = "videos/*.part", "videos/*.bin", "videos", "introeval.sqlite3-wal"
FULL, BROKEN, TABLES = (507, "disk_full"), (503, "storage"), (503, "state")

FAULTS = {
    "no room for a new file": (on("openat", PART), "ENOSPC", FULL),
    "no room for its bytes": (on("write", PART), "ENOSPC", FULL),
    "the quota is used up": (on("write", PART), "EDQUOT", FULL),
    "no room is found when it is synced": (on("fsync", PART), "ENOSPC", FULL),
    "no room for its name": (on("rename", NAMED), "ENOSPC", FULL),
    "an error when it is made": (on("openat", PART), "EIO", BROKEN),
    "an error when it is written": (on("write", PART), "EIO", BROKEN),
    "an error when it is synced": (on("fsync", PART), "EIO", BROKEN),
    "an error when it is named": (on("rename", NAMED), "EIO", BROKEN),
    "an error when the folder is synced": (on("fsync", FOLDER), "EIO", BROKEN),
    "no descriptor for a new file": (on("openat", PART), "EMFILE", BROKEN),
    "no descriptor for the folder": (on("openat", FOLDER), "EMFILE", BROKEN),
    "no room for the row": (on("pwrite64", LOG), "ENOSPC", FULL),
    "the quota is used up at the row": (on("pwrite64", LOG), "EDQUOT", TABLES),
    "an error when the row is written": (on("pwrite64", LOG), "EIO", TABLES),
    "an error when the row is synced": (on("fdatasync", LOG), "EIO", TABLES),
    "no room is found when the row is synced": (on("fdatasync", LOG), "ENOSPC", TABLES),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_refused(nursery: Nursery, tmp_path: Path, name: str) -> None:
    """The client hears why, no file and no row is left, and the same upload is accepted once the fault is over."""
    match, number, answer = FAULTS[name]
    fault = Fault(match, error(number))
    async with faulty(nursery, tmp_path, fault) as made:
        await accepted(made, "before")
        fault.armed = True
        assert await refused(made, "it") == answer
        assert len(fault.hits) == 1
        assert len(kept(made)) == len(rows(made)) == 1
        task = await accepted(made, "it")
        assert kept(made)[f"{task}.bin"] == CONTENT
        assert len(kept(made)) == len(rows(made)) == 2
        assert await made.stop() == 0


async def test_no_room_for_the_row_for_a_while(nursery: Nursery, tmp_path: Path) -> None:
    """Nothing can be written over what did not fit either, and need not: the answer is the same, and it is certain."""
    fault = Fault(on("pwrite64", LOG), error("ENOSPC"), times=None)
    async with faulty(nursery, tmp_path, fault) as made:
        fault.armed = True
        assert await refused(made, "it") == FULL
        assert kept(made) == {}
        fault.armed = False
        task = await accepted(made, "it")
        assert kept(made) == {f"{task}.bin": CONTENT}
        assert rows(made) == [task]


async def test_a_failed_sync_is_not_tried_again(nursery: Nursery, tmp_path: Path) -> None:
    """After it, nothing but the removal happens to that file: a second sync would say that all is well."""
    fault = Fault(on("fsync", PART), error("EIO"))
    async with faulty(nursery, tmp_path, fault) as made:
        fault.armed = True
        await refused(made, "it")
        assert made.watcher is not None
        failed = fault.hits[0]
        after = [call.name for call in made.watcher.calls[failed.number :] if call.path == failed.path]
    assert after == ["unlink"]


@pytest.mark.parametrize("where", [on("write", PART), on("pwrite64", LOG)], ids=["file", "tables"])
async def test_a_short_write_is_gone_on_with(nursery: Nursery, tmp_path: Path, where: object) -> None:
    """A part of the bytes was written, and the call said so: the rest is written, nothing is lost, nothing is twice."""
    assert callable(where)
    fault = Fault(where, Short(1000), times=5)
    async with faulty(nursery, tmp_path, fault) as made:
        fault.armed = True
        task = await accepted(made, "it")
        assert len(fault.hits) == 5
        assert kept(made) == {f"{task}.bin": CONTENT}
        assert rows(made, "PRAGMA integrity_check") == ["ok"]
        assert rows(made) == [task]


@pytest.mark.parametrize("times", [1, None], ids=["once", "until the crash"])
async def test_a_row_whose_commit_failed_does_not_come_back_without_its_file(
    nursery: Nursery, tmp_path: Path, times: int | None
) -> None:
    """The client heard no. A crash later the row may be there, as its log was written: then its file is, too."""
    fault = Fault(on("fdatasync", LOG), error("EIO"), times)
    async with faulty(nursery, tmp_path, fault) as made:
        fault.armed = True
        assert (await refused(made, "it"))[0] == 503
        await made.kill()
        await made.start()
        assert set(kept(made)) == {f"{task}.bin" for task in rows(made)}
        async with made.http() as http:
            status, body = await submit(http, "it", CONTENT)
        assert status in (200, 201)
        assert kept(made) == {f"{body['id']}.bin": CONTENT}
        assert rows(made) == [body["id"]]
