"""A disk that refuses everything for a while, descriptors that are used up, and a full disk for real.

The daemon lives on, answers with the right code, and goes on by itself once the fault is over.
"""

import asyncio
import os
import resource
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.crash.fault import (
    CONTENT,
    Fault,
    accepted,
    error,
    everything,
    faulty,
    kept,
    refused,
    refused_by,
    rows,
)
from tests.crash.lab import Lab, Nursery, lab
from tests.crash.life import Ledger, all_ended, submit
from tests.crash.verdict import faults

pytestmark = pytest.mark.asyncio(loop_scope="module")

SMALL, LARGER = 1 << 20, 1 << 24
"""Bytes of the full disk, and of the same one after somebody made room."""


@pytest.mark.parametrize(
    ("number", "answer"),
    [("EROFS", (503, "storage")), ("ENOSPC", (507, "disk_full")), ("EIO", (503, "storage"))],
)
async def test_nothing_can_be_written_for_a_while(
    nursery: Nursery, tmp_path: Path, number: str, answer: tuple[int, str]
) -> None:
    """Each call that changes anything fails, as on a disk that was remounted read-only, until it is healed.

    Not a real remount: the kernel refuses one while files are open for writing (EBUSY), and what a disk does to itself
    after an error (``errors=remount-ro``) is this.
    """
    fault = Fault(everything, error(number), times=None)
    async with faulty(nursery, tmp_path, fault) as made:
        before = await accepted(made, "before")
        fault.armed = True
        for key in ("a", "b"):
            assert await refused(made, key) == answer
        async with made.http() as http, http.get(f"/api/v1/submissions/{before}") as page:
            assert page.status == 200, "what is there can still be read"
        fault.armed = False
        after = [await accepted(made, key) for key in ("a", "b")]
        assert kept(made) == {f"{task}.bin": CONTENT for task in (before, *after)}
        assert sorted(rows(made)) == sorted((before, *after))
        assert await made.stop() == 0


async def test_no_descriptor_is_left(nursery: Nursery, tmp_path: Path) -> None:
    """``RLIMIT_NOFILE`` is reached for real: who is connected hears 503, and later everybody is served again."""
    async with lab(nursery, tmp_path) as made:
        await made.start()
        assert made.pid is not None
        async with made.http() as http:
            assert (await submit(http, "before", CONTENT))[0] == 201
            limits = resource.prlimit(made.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(made.pid, resource.RLIMIT_NOFILE, (_lowest_free(made.pid), limits[1]))
            assert await refused_by(http, "it") == (503, "storage")
            resource.prlimit(made.pid, resource.RLIMIT_NOFILE, limits)
        assert len(kept(made)) == len(rows(made)) == 1
        await accepted(made, "it")
        assert len(kept(made)) == len(rows(made)) == 2


async def test_a_file_may_grow_no_more(nursery: Nursery, tmp_path: Path) -> None:
    """``RLIMIT_FSIZE`` is reached for real, after a short write: no room, nothing is left, and later there is."""
    async with lab(nursery, tmp_path) as made:
        await made.start()
        assert made.pid is not None
        limits = resource.prlimit(made.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(made.pid, resource.RLIMIT_FSIZE, (len(CONTENT) - 1000, limits[1]))
        assert await refused(made, "it") == (507, "disk_full")
        assert kept(made) == {}
        resource.prlimit(made.pid, resource.RLIMIT_FSIZE, limits)
        task = await accepted(made, "it")
        assert kept(made) == {f"{task}.bin": CONTENT}


async def test_a_full_disk_of_one_megabyte(small_disk: Lab) -> None:
    """Uploads until it is full: each is accepted whole or refused with 507. Then room is made, and all is graded."""
    made, ledger, status = small_disk, Ledger(), 201
    await made.start()
    async with made.http() as http:
        while status == 201:
            key = ledger.add(seed=1, size=50_000)
            status, body = await submit(http, key, ledger.files[key])
            if status == 201:
                ledger.heard(key, body["id"])
        assert (status, body["code"]) == (507, "disk_full")
        assert len(kept(made)) == len(ledger.accepted) > 0
        _mount(made, "-o", f"remount,size={LARGER}")
        status, body = await submit(http, key, ledger.files[key])
        assert status == 201
        ledger.heard(key, body["id"])
        await all_ended(http, set(ledger.accepted.values()))
    assert await made.stop() == 0
    # SQLite follows the namespace's root to where it leads by name, which is here: it gets a copy.
    made.seen = Path(shutil.copytree(made.folder, made.root / "copy"))
    assert faults(made, ledger, crashes=0) == []


@pytest_asyncio.fixture(loop_scope="module")
async def small_disk(nursery: Nursery, tmp_path: Path) -> AsyncIterator[Lab]:
    """A lab whose state is a whole small file system, in a mount namespace that ends with the test."""
    if os.geteuid() != 0 or not shutil.which("nsenter") or not shutil.which("unshare"):
        pytest.skip("a file system of our own needs root, and unshare and nsenter of util-linux")
    apart = ("unshare", "--mount", "--propagation", "private")
    settings = {"INTROEVAL_UPLOAD_RESERVE_BYTES": "0"}
    async with Nursery.open(apart) as own, lab(own, tmp_path, **settings) as made:
        made.state.mkdir()
        try:
            await asyncio.to_thread(_mount, made, "-t", "tmpfs", "-o", f"size={SMALL}", "none")
        except subprocess.CalledProcessError:
            pytest.skip("a tmpfs cannot be mounted here")
        # What is mounted there is seen through the namespace's own root.
        made.seen = Path(f"/proc/{own.pid}/root") / made.state.relative_to("/")
        yield made


def _mount(made: Lab, *options: str) -> None:
    command = ["nsenter", "--target", str(made.nursery.pid), "--mount", "mount", *options, str(made.state)]
    subprocess.run(command, check=True, capture_output=True)


def _lowest_free(pid: int) -> int:
    taken = {int(path.name) for path in Path(f"/proc/{pid}/fd").iterdir()}
    return next(number for number in range(len(taken) + 1) if number not in taken)


async def test_an_open_stream_outlives_it(nursery: Nursery, tmp_path: Path) -> None:
    """Somebody who watches the events while the disk refuses is told of the next submission."""
    fault = Fault(everything, error("EIO"), times=None)
    timeout = aiohttp.ClientTimeout(total=None)
    async with (
        faulty(nursery, tmp_path, fault) as made,
        made.http() as http,
        http.get("/api/v1/events?after=0", timeout=timeout) as stream,
    ):
        await stream.content.readline()
        fault.armed = True
        await refused(made, "it")
        fault.armed = False
        task = await accepted(made, "it")
        async for line in stream.content:
            if task.encode() in line:
                break
