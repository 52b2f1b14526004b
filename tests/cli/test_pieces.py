"""Large files go in pieces: after a cut, within one command or between two, what the daemon has is not sent again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from introeval.client import DaemonRefusedError, UnreachableError, connect
from introeval.client.upload import Entry, Patience, send
from tests.web.badline import BadLine
from tests.web.bodies import stored
from tests.web.running import VIDEO, Room, running
from tests.web.tusing import FILES, until_stored

CONTENT = VIDEO + bytes(range(256)) * 24_000
CUT = 4_000_000


@asynccontextmanager
async def bad_line(room: Room) -> AsyncIterator[BadLine]:
    """A line to the room that breaks once, in the middle."""

    async def arrived() -> None:
        (upload,) = await room.context.uploads.open()
        await until_stored(room, FILES + upload.id, CUT - 400_000)

    url = room.client.make_url("/")
    assert url.host is not None
    assert url.port is not None
    async with BadLine.before(url.host, url.port, CUT, arrived) as line:
        yield line


def entry(folder: Path, content: bytes = CONTENT) -> Entry:
    """A large file."""
    path = folder / "clip.mp4"
    path.write_bytes(content)
    return Entry(path=path, roll_number="R-17", name="Asha Rao")


async def at_once(seconds: float) -> None:
    """No pause."""


async def test_goes_on_within_one_command(tmp_path: Path) -> None:
    """The line breaks, and hardly a byte goes up twice."""
    async with running(tmp_path / "state") as room, bad_line(room) as line, connect(line.url) as api:
        receipt = await send(api, entry(tmp_path), sleep=at_once)
        assert receipt.created
        assert (line.cuts, line.up < len(CONTENT) + 1_000_000) == (1, True)
        task = await room.task(receipt.id)
        assert (await asyncio.to_thread(stored, Path(task.video_path)))[0] == CONTENT
        assert (task.roll_number, task.file_name) == ("R-17", "clip.mp4")


async def test_goes_on_in_another_command(tmp_path: Path) -> None:
    """The first one gave up; the next one has the daemon's part for nothing, and a third one all of it."""
    async with running(tmp_path / "state") as room, bad_line(room) as line:
        async with connect(line.url) as api:
            with pytest.raises(UnreachableError):
                await send(api, entry(tmp_path), patience=Patience(attempts=1), sleep=at_once)
        async with connect(line.url) as api:
            receipt = await send(api, entry(tmp_path), sleep=at_once)
            assert (receipt.created, line.up < len(CONTENT) + 1_000_000) == (True, True)
            before = line.up
            again = await send(api, entry(tmp_path), sleep=at_once)
            assert (again.id, again.created, line.up < before + 10_000) == (receipt.id, False, True)
        assert len(room.woken) == 1


async def test_a_refusal_has_its_reason(tmp_path: Path) -> None:
    """The same as for a small file."""
    async with running(tmp_path / "state") as room, connect(str(room.client.make_url("/"))) as api:
        with pytest.raises(DaemonRefusedError, match="not a video"):
            await send(api, entry(tmp_path, b"text" * 2_000_000), sleep=at_once)
        assert room.files == []
