"""What says nothing about a file (no descriptor left, a child that was killed) refuses none for good."""

import asyncio
import fcntl
import os
import resource
import signal
import sys
import termios
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from introeval.notebook_reader import open_notebook
from introeval.notebooks.errors import NotebookReaderError, NotebookRejectedError
from introeval.pages.documents import inspect_document
from introeval.pages.errors import BrokenPagesError, PageReaderError, PagesMissingError
from introeval.pages.job import understand
from scheduler.errors import AttemptFailedError, RejectedWorkError
from stt.errors import MediaMissingError, ProbeFailedError
from stt.probe import open_media, probe_file
from tests.web.bodies import problem
from tests.web.running import VIDEO, running
from tests.web.running import probe as real_probe
from tests.web.tusing import begun, head, patch

Look = Callable[[Path], Awaitable[object]]
LOOKS = [
    pytest.param(probe_file, ProbeFailedError, MediaMissingError, id="recording"),
    pytest.param(inspect_document, PageReaderError, PagesMissingError, id="pages"),
    pytest.param(open_notebook, NotebookReaderError, NotebookRejectedError, id="notebook"),
]


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """The kernel gives this process no further one (EMFILE), as in a daemon at its limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest = os.open(os.devnull, os.O_RDONLY)
    os.close(lowest)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("look", "later", "missing"), LOOKS)
async def test_a_file_that_cannot_be_opened_is_not_gone(
    tmp_path: Path, look: Look, later: type[AttemptFailedError], missing: type[RejectedWorkError]
) -> None:
    """Only a file that is not there is missing; everything else is for later."""
    path = tmp_path / "x"
    path.write_bytes(b"something")
    # The thread that opens it is there before.
    await asyncio.to_thread(os.getpid)
    with no_descriptor_left(), pytest.raises(later, match=r"could not be opened: .*Too many open files"):
        await look(path)
    with pytest.raises(missing):
        await look(tmp_path / "nowhere")


async def test_a_whole_upload_outlives_a_starving_moment(tmp_path: Path) -> None:
    """All of it was acknowledged; the one look at it that failed destroys nothing, and the next one accepts it."""
    starving = [True]

    async def probe(path: Path, name: str) -> float:
        if starving and starving.pop():
            with no_descriptor_left():
                await open_media(path)
        return await real_probe(path, name)

    async with running(tmp_path, probe=probe) as room:
        path = await begun(room)
        assert (await patch(room, path, VIDEO[:-10])).status == 204
        answer = await patch(room, path, VIDEO[-10:], len(VIDEO) - 10)
        assert (await problem(answer))[0] == 503
        asked = await head(room, path)
        assert asked.status == 200
        task = await room.task(asked.headers["Introeval-Submission"])
        assert await asyncio.to_thread(Path(task.video_path).read_bytes) == VIDEO


async def test_a_reader_of_notebooks_that_was_killed(tmp_path: Path) -> None:
    """As the kernel does when memory is short: the child is in the middle of its work, and ends by SIGKILL."""
    path = tmp_path / "book"
    os.mkfifo(path)
    # Read and write: opening it waits for nobody, and the child waits for bytes.
    feed = os.open(path, os.O_RDWR)
    try:
        reading = asyncio.ensure_future(open_notebook(path))
        os.write(feed, b"{")
        while unread(feed):  # noqa: ASYNC110 - a pipe has no event of its being read
            await asyncio.sleep(0)
        # It reads, so that what confines it has been set up, and ends with it.
        os.kill(readers_of_notebooks()[0], signal.SIGKILL)
        with pytest.raises(NotebookReaderError, match="out of memory"):
            await reading
    finally:
        os.close(feed)


def test_a_reader_of_pages_that_was_killed() -> None:
    """By SIGKILL: later. By its own decoder's crash: the file's own fault, as before."""
    with pytest.raises(PageReaderError, match="out of memory"):
        understand(b"", "", -signal.SIGKILL)
    with pytest.raises(BrokenPagesError):
        understand(b"", "", -signal.SIGSEGV)


def unread(pipe: int) -> int:
    """Bytes in the pipe that nobody has read."""
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def readers_of_notebooks() -> list[int]:
    """Processes of ours that have become the reader."""
    found = []
    for thread in Path("/proc/self/task").iterdir():
        # What ended meanwhile is none of them.
        with suppress(OSError):
            for child in (thread / "children").read_text().split():
                if b"introeval.notebook_child" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found
