"""Uploads in pieces when something fails beside them: whoever was cancelled, asked at once, or ended them."""

import asyncio
import os
from pathlib import Path

import pytest

from introeval.clock import SystemClock
from introeval.web.resumable.shelf import Shelf
from introeval.web.storage import UploadRoom
from tests.web.running import VIDEO, running
from tests.web.tusing import begun


def refuse_syncs(file: Path) -> None:
    """From now on the kernel refuses an fsync by our descriptor of ``file`` (EINVAL): it leads to /dev/null."""
    (ours,) = [link.name for link in Path("/proc/self/fd").iterdir() if _leads_to(link, file)]
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, int(ours), inheritable=False)
    os.close(null)


def _leads_to(link: Path, file: Path) -> bool:
    return link.is_symlink() and str(link.readlink()) == str(file)


async def test_a_sync_that_fails_while_its_writer_is_cancelled(tmp_path: Path) -> None:
    """Nobody hears the error: the file and its row go all the same."""
    async with running(tmp_path) as room:
        upload_id = (await begun(room)).rsplit("/", 1)[1]
        part, taken = room.context.videos / f"{upload_id}.part", asyncio.Event()
        uploads = room.context.uploads
        shelf = Shelf(uploads, UploadRoom(room.context.videos, 0), SystemClock(), 3600)

        async def write() -> None:
            async with shelf.writing(upload_id, lambda: None) as writer:
                await writer.append(VIDEO)
                refuse_syncs(part)
                taken.set()
                await asyncio.Event().wait()

        writing = asyncio.create_task(write())
        await taken.wait()
        writing.cancel()
        await asyncio.sleep(0)
        # It is on its way out now, and waits for the sync.
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        assert room.files == []
        assert await uploads.find(upload_id) is None
