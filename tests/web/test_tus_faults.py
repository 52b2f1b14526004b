"""Uploads in pieces when something fails beside them: whoever was cancelled, asked at once, or ended them."""

import asyncio
import os
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from introeval.clock import SystemClock
from introeval.keeping.purge import Policy, Purger
from introeval.keeping.shelf import Shelf as Backups
from introeval.sd_notify import Notifier
from introeval.service import daemon
from introeval.settings import load
from introeval.web.context import UploadLimits
from introeval.web.problems import ProblemError, body_of
from introeval.web.resumable.body import RawBody
from introeval.web.resumable.shelf import Shelf
from introeval.web.storage import UploadRoom
from scheduler.errors import StaleWorkError
from stt.errors import ProbeFailedError
from tests.web.bodies import problem, stored
from tests.web.running import VIDEO, Room, running, until
from tests.web.serving import Client, Served
from tests.web.tusing import Line, begun, head, offset, patch, until_stored

LONG = VIDEO + bytes(range(256)) * 12_000
"""Three blocks of the writer, and not the same byte everywhere."""


def refuse_syncs(file: Path) -> None:
    """From now on the kernel refuses an fsync by our descriptor of ``file`` (EINVAL): it leads to /dev/null."""
    (ours,) = [link.name for link in Path("/proc/self/fd").iterdir() if _leads_to(link, file)]
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, int(ours), inheritable=False)
    os.close(null)


def _leads_to(link: Path, file: Path) -> bool:
    return link.is_symlink() and str(link.readlink()) == str(file)


class Ahead(SystemClock):
    """So many seconds before its time."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@asynccontextmanager
async def in_mid_body(tmp_path: Path) -> AsyncIterator[tuple[Room, str, Line, Purger]]:
    """An upload whose bytes come, past its time since the clock went on by two days; and who purges."""
    clock = Ahead()
    async with running(tmp_path / "state", clock=clock) as room:
        path = await begun(room, len(LONG))
        line = await Line.patching(room, path, 0, len(LONG))
        await line.send(LONG[:1000])
        await until_stored(room, path, 1000)
        clock.ahead = 2 * 86_400
        await line.send(LONG[1000:1_500_000])
        part = room.context.videos / f"{path.rsplit('/', 1)[1]}.part"
        await until(lambda: part.stat().st_size > 1_000_000)
        yield room, path, line, Purger(room.database, Backups(tmp_path / "backups"), Policy())


async def test_the_daemon_purges_while_bytes_come(tmp_path: Path) -> None:
    """The writer is asked to stop, as by anybody else who wants the turn; what it took moves the date: it goes on."""
    async with in_mid_body(tmp_path) as (room, path, line, purger):
        (purger.expire,) = room.expirers
        await purger.round(room.context.clock.now())
        assert b"upload_busy" in await line.answer()
        at = await offset(room, path)
        assert at > 1_000_000
        answer = await patch(room, path, LONG[at:], at)
        task = await room.task(answer.headers["Introeval-Submission"])
        assert stored(Path(task.video_path))[0] == LONG


async def test_another_process_purges_while_bytes_come(tmp_path: Path) -> None:
    """``introeval purge`` knows nothing of turns: row and file are gone, and the client hears that, not 500."""
    async with in_mid_body(tmp_path) as (room, path, line, purger):
        await purger.round(room.context.clock.now())
        await line.send(LONG[1_500_000:])
        told = await line.answer()
        assert b" 410 " in told.splitlines()[0]
        assert b"upload_gone" in told
        assert (await head(room, path)).status == 404
        assert room.files == []


async def test_an_upload_that_is_ended_while_it_is_looked_into(tmp_path: Path) -> None:
    """Its row is gone when the submission is to be written: nothing is accepted, and its client hears so."""
    rooms = list[Room]()

    async def overtaken(path: Path, name: str) -> float:
        await rooms[0].context.uploads.delete(path.stem)
        return 1.0

    async with running(tmp_path, probe=overtaken) as room:
        rooms.append(room)
        assert await problem(await patch(room, await begun(room), VIDEO)) == (410, "upload_gone")
        assert await room.context.intake.waiting() == 0
    assert body_of(StaleWorkError("a change of another kind")).status == 409


async def test_room_for_the_rest_is_enough(tmp_path: Path) -> None:
    """A piece is not refused for want of twice the room; one that is larger than what is left is."""
    free = shutil.disk_usage(tmp_path).free
    length = free // 4
    # Room for one and a half of them is left, whatever others write to this disk or remove from it meanwhile.
    limits = UploadLimits(reserve_bytes=free - length * 3 // 2, max_bytes=length)
    async with running(tmp_path, limits) as room:
        path = await begun(room, length)
        other = await begun(room, length)
        line = await Line.patching(room, path, 0, length)
        await line.send(LONG)
        await until_stored(room, path, 1)
        refused = await Line.patching(room, other, 0, length)
        told = await refused.answer()
        assert b" 507 " in told.splitlines()[0]
        at = await offset(room, path)
        line.abort()
        assert (await patch(room, path, LONG[at:], at)).status == 204


class Broken(SystemClock):
    """It cannot wait: a bug in what tends the uploads."""

    async def wait(self, event: asyncio.Event, seconds: float | None) -> bool:
        raise ZeroDivisionError


async def test_a_body_that_is_stopped_twice(tmp_path: Path) -> None:
    """Two requests want the turn in the same moment; both ask the one who reads to stop, and neither fails."""
    bodies = asyncio.Queue[RawBody]()

    async def read(request: web.Request) -> web.Response:
        body = RawBody(request, 30)
        try:
            async for _ in body.chunks():
                bodies.put_nowait(body)
        except ProblemError as error:
            return web.Response(text=error.problem)
        return web.Response(text="read")

    never = asyncio.Event()

    async def sent() -> AsyncIterator[bytes]:
        yield b"x"
        await never.wait()

    app = web.Application()
    app.router.add_post("/", read)
    async with Client(Served(app)) as client:
        answering = asyncio.create_task(client.post("/", data=sent()))
        body = await bodies.get()
        body.stop()
        await asyncio.sleep(0)
        body.stop()
        body.stop()
        never.set()
        assert await (await answering).text() == "upload_busy"


async def test_many_ask_while_bytes_come(tmp_path: Path) -> None:
    """Each hears an offset, or that somebody else was first; nobody 500."""
    heard = Counter[int]()
    async with running(tmp_path) as room:
        for _ in range(10):
            path = await begun(room, len(LONG))
            line = await Line.patching(room, path, 0, len(LONG))
            await line.send(LONG[:1000])
            await until_stored(room, path, 1000)
            asks = [head(room, path) if at % 2 else patch(room, path, b"x", 1000) for at in range(8)]
            heard.update([answer.status for answer in await asyncio.gather(*asks)])
            line.abort()
    assert sum(heard.values()) == 80
    assert set(heard) <= {200, 204, 409, 423}, heard


async def test_a_bug_in_the_tending_is_not_silent(tmp_path: Path, tiny_stt_dir: Path) -> None:
    """It is among the work that the daemon watches, and that ends the daemon when it ends."""
    async with running(tmp_path / "web", clock=Broken()) as room:
        (tending,) = room.context.work
        with pytest.raises(ZeroDivisionError):
            await tending
    settings = {"state_dir": tmp_path / "daemon", "port": 0, "models": "ollama"}
    async with daemon(load(settings | {"embedded": {"stt": tiny_stt_dir.name}}), Notifier({})) as started:
        (tending,) = [task for task in started.work if task.get_name() == "uploads"]
        tending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await started.until(asyncio.Event())


async def test_what_cannot_be_finished_is_in_the_log(tmp_path: Path) -> None:
    """Each minute, by code and id: a disk or a probe that fails for days is not to be found out by its students."""

    async def broken(path: Path, name: str) -> float:
        raise ProbeFailedError("the child died")

    async with running(tmp_path, probe=broken) as room:
        path = await begun(room)
        assert (await patch(room, path, VIDEO)).status == 503
    with capture_logs() as lines:
        async with running(tmp_path, probe=broken) as room:
            await until(lambda: bool(lines))
    upload_id = path.rsplit("/", 1)[1]
    said = {"event": "whole upload not accepted", "code": ProbeFailedError.code, "task_id": upload_id}
    assert lines[0] == said | {"log_level": "warning"}


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
